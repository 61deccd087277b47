// What the gateway serves, as plain values: the one model that Ingress and the Gateway API are compiled into, so that nothing
// is decided twice. The daemon makes these (room proxy), the gateway's process keeps and matches them. Every part has a key of
// its own and is replaced by key: what changes for one route costs that route, whatever the number of others. References
// between parts go by key and may dangle for a moment: a route without its backend answers 503, a host without its
// certificate shows the self-signed one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "orilla/base/ipv4.hpp"

namespace orilla::gateway {

/// Of an Ingress's host and of a Gateway's listener. Empty: every host. "*.example.com" is a wildcard.
struct HostPattern {
    std::string text;           ///< in small letters, without a port
    bool is_one_label = false;  ///< the wildcard stands for exactly one label (Ingress), not for any number (Gateway API)
    bool operator==(const HostPattern&) const = default;
};

// ---- listeners -------------------------------------------------------------------------------------------------------------

enum class ListenerProtocol : uint8_t {
    http,         ///< HTTP/1.1, and HTTP/2 with prior knowledge
    https,        ///< TLS ends here; ALPN offers h2 and http/1.1
    passthrough,  ///< TLS goes on to the backend, which SNI chooses
    tls,          ///< TLS ends here, what is inside goes on as a stream of bytes
};

/// One port and, on it, one host pattern. Several on one port share its socket, which comes beside (SCM_RIGHTS) by port.
struct Listener {
    std::string key;  ///< "ingress/80", "gateway/NAMESPACE/NAME/SECTION"
    uint16_t port = 0;
    ListenerProtocol protocol = ListenerProtocol::http;
    HostPattern host;
    std::vector<std::string> certificates;  ///< keys of Certificate; SNI chooses, the first one is for the rest
    std::string client_authorities;         ///< PEM: clients must show a certificate of these; empty: none is asked for
    bool accepts_bad_client_certificates = false;
    bool reads_proxy_protocol = false;  ///< PROXY protocol v1 and v2 stands before each connection
    bool operator==(const Listener&) const = default;
};

/// PEM texts. The key lives in the gateway's memory alone.
struct Certificate {
    std::string key;  ///< "NAMESPACE/SECRET"
    std::string chain;
    std::string private_key;
    std::vector<std::string> hosts;  ///< SNI names it is chosen for besides the certificate's own
    bool operator==(const Certificate&) const = default;
};

// ---- routes ----------------------------------------------------------------------------------------------------------------

struct PathMatch {
    enum class Type : uint8_t { exact, prefix, regex } type = Type::prefix;
    std::string value = "/";  ///< prefix: by elements, a trailing slash means nothing
    bool operator==(const PathMatch&) const = default;
};

/// Of a header (without case) or of a query parameter (with case).
struct ValueMatch {
    std::string name;
    std::string value;
    bool is_regex = false;
    bool operator==(const ValueMatch&) const = default;
};

/// All of it has to be so.
struct Match {
    PathMatch path;
    std::string method;  ///< empty: any
    std::vector<ValueMatch> headers;
    std::vector<ValueMatch> query;
    /// GRPCRoute: service and method instead of the path; the request is gRPC's.
    bool is_grpc = false;
    ValueMatch grpc_service, grpc_method;  ///< empty values: any
    bool operator==(const Match&) const = default;
};

/// "set" overwrites or adds, "add" appends, "remove" takes away. Names without case.
struct HeaderChange {
    std::vector<std::pair<std::string, std::string>> set, add;
    std::vector<std::string> remove;
    bool operator==(const HeaderChange&) const = default;
};
struct RequestHeaders {
    HeaderChange change;
    bool operator==(const RequestHeaders&) const = default;
};
struct ResponseHeaders {
    HeaderChange change;
    bool operator==(const ResponseHeaders&) const = default;
};
struct PathChange {
    bool is_prefix = false;  ///< replaces what the prefix matched, otherwise the whole path
    std::string value;
    bool operator==(const PathChange&) const = default;
};
struct Redirect {
    std::string scheme, host;  ///< empty: the request's
    std::optional<PathChange> path;
    uint16_t port = 0;  ///< 0: by scheme when one is given, else the listener's
    int status = 302;
    bool operator==(const Redirect&) const = default;
};
struct Rewrite {
    std::string host;  ///< empty: as it is
    std::optional<PathChange> path;
    bool operator==(const Rewrite&) const = default;
};
struct Mirror {
    std::string backend;
    uint32_t numerator = 100, denominator = 100;
    bool operator==(const Mirror&) const = default;
};
struct Cors {
    std::vector<std::string> allow_origins, allow_methods, allow_headers, expose_headers;
    int max_age_s = 5;
    bool allow_credentials = false;
    bool operator==(const Cors&) const = default;
};
/// A fixed answer: ACME's HTTP-01, a rule that is invalid (500).
struct Respond {
    int status = 500;
    std::string content_type, body;
    bool operator==(const Respond&) const = default;
};
using Filter = std::variant<RequestHeaders, ResponseHeaders, Redirect, Rewrite, Mirror, Cors, Respond>;

/// A share of a rule's requests. Without a backend (an invalid reference) its share is answered 500.
struct Share {
    std::string backend;  ///< key of Backend; empty: invalid
    uint32_t weight = 1;
    std::vector<Filter> filters;
    bool operator==(const Share&) const = default;
};

struct Rule {
    std::vector<Match> matches;  ///< one of them; empty: all requests
    std::vector<Filter> filters;
    std::vector<Share> shares;       ///< none, or no weight at all: 500
    int64_t request_timeout_ms = 0;  ///< of the whole exchange; 0: none
    int64_t try_timeout_ms = 0;      ///< of one try
    bool operator==(const Rule&) const = default;
};

struct Route {
    std::string key;  ///< "ingress/NAMESPACE/NAME", "httproute/NAMESPACE/NAME"
    std::vector<std::string> listeners;
    std::vector<HostPattern> hosts;  ///< intersected with the listener's; empty: all of the listener's
    std::vector<Rule> rules;
    /// What decides between equal matches: the older object, then "namespace/name", then the place of the rule.
    int64_t created_s = 0;
    std::string name;
    /// Ingress's default backend: only where a host is known and none of its paths fits, or nothing fits at all.
    bool is_default = false;
    bool operator==(const Route&) const = default;
};

// ---- backends --------------------------------------------------------------------------------------------------------------

enum class BackendProtocol : uint8_t { http1, h2c, https, tcp };

struct Endpoint {
    Ipv4 ip;
    uint16_t port = 0;
    bool is_draining = false;  ///< finishes what it has, gets nothing new but its own clients'
    bool operator==(const Endpoint&) const = default;
};

/// BackendTLSPolicy: the backend is spoken to by TLS and checked.
struct BackendTls {
    std::string server_name;  ///< SNI and, without alternative names, what its certificate is for
    std::string authorities;  ///< PEM
    std::vector<std::string> alternative_names;
    std::string certificate, private_key;  ///< what the gateway shows of itself; empty: nothing
    bool operator==(const BackendTls&) const = default;
};

/// The queue in front of a backend. Requests in flight are counted for each endpoint; who finds none free waits, fairly by
/// client address; who finds the queue full, or has waited too long, is answered 503 with Retry-After.
struct QueuePolicy {
    uint32_t in_flight_max = 64;           ///< for each endpoint
    uint32_t waiting_max = 256;            ///< requests; 0: nobody waits
    uint32_t waiting_per_client_max = 64;  ///< of those, for one client address
    int64_t wait_ms_max = 30'000;
    bool operator==(const QueuePolicy&) const = default;
};

struct BalancePolicy {
    std::string affinity_cookie;      ///< name; empty: none
    int64_t affinity_s_max = 0;       ///< 0: as long as the browser runs
    uint32_t retries_max = 1;         ///< of an idempotent request whose bytes can be sent again
    uint32_t retry_percent_max = 20;  ///< of all requests of the last 10 s, so that retries never are the load; at least 3
    bool retries_on_5xx = true;       ///< 502 and 503 besides failed connections
    uint32_t eject_failures_max = 5;  ///< in a row, then an endpoint rests ...
    int64_t eject_ms = 10'000;        ///< ... as long as another one is there
    int64_t slow_start_ms = 0;        ///< a new endpoint's share grows over so long
    int64_t connect_ms_max = 3'000;
    int64_t answer_ms_max = 60'000;  ///< until the head of the answer, and between two of its pieces
    bool operator==(const BalancePolicy&) const = default;
};

struct Backend {
    std::string key;  ///< "NAMESPACE/SERVICE:PORT"
    BackendProtocol protocol = BackendProtocol::http1;
    std::vector<Endpoint> endpoints;
    std::optional<BackendTls> tls;
    QueuePolicy queue;
    BalancePolicy balance;
    /// Nothing runs and somebody can start it: requests wait, and the daemon is told that they do (Wanted).
    bool is_on_demand = false;
    bool operator==(const Backend&) const = default;
};

// ---- changes ---------------------------------------------------------------------------------------------------------------

/// Applied as one: no request sees half of it. A part replaces the one of its key.
struct Change {
    bool is_whole = false;  ///< what is not named here is not wanted any more: the first one that a gateway gets
    std::vector<Listener> listeners;
    std::vector<Certificate> certificates;
    std::vector<Route> routes;
    std::vector<Backend> backends;
    std::vector<std::string> gone_listeners, gone_certificates, gone_routes, gone_backends;  ///< keys
    bool operator==(const Change&) const = default;
};

/// What the gateway tells of one backend, for metrics, `orilla top ingress` and scaling to and from zero.
struct BackendReport {
    std::string key;
    uint64_t requests = 0, refused = 0, failed = 0, retried = 0;  ///< since the gateway's start
    uint64_t waited_ms = 0;                                       ///< all of them together
    uint32_t in_flight = 0, waiting = 0;
    int64_t idle_ms = 0;  ///< since the last one ended
    bool operator==(const BackendReport&) const = default;
};

/// Requests wait for a backend that has no endpoint.
struct Wanted {
    std::string backend;
    bool operator==(const Wanted&) const = default;
};

/// A part of a change that does not work: a certificate that cannot be read, a listener whose port somebody else has. The rest
/// of the change is applied. An empty message takes an earlier one back.
struct Fault {
    enum class About : uint8_t { listener, certificate, route, backend } about = About::listener;
    std::string key;
    std::string message;
    bool operator==(const Fault&) const = default;
};
using FaultFn = std::function<void(const Fault&)>;

/// Where the compiler of routes hands them over; the process behind it is its implementation's matter.
class RouteSink {
  public:
    virtual ~RouteSink() = default;
    /// Takes the change over at once; never blocks.
    virtual void apply(Change change) = 0;
    /// Who is told, on the loop and some time after `apply`, what does not work. A sink that takes everything tells nobody.
    virtual void on_fault(FaultFn) {}
};

}  // namespace orilla::gateway
