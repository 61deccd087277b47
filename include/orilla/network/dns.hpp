// The cluster's DNS: answers for the cluster domain from memory, everything else from the upstream resolvers. It promises
// that hostile packets cost a bounded amount of work, that names of the cluster are answered without asking anybody (so
// the search path costs nothing), and that neither a slow upstream nor one pod can use up its queues.
// `answer` is pure: bytes and a zone in, bytes out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orilla/base/random.hpp"
#include "orilla/base/result.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/address.hpp"

namespace orilla::network {

struct DnsPort {
    std::string name;      ///< "" when the service's port has none
    std::string protocol;  ///< "tcp", "udp", "sctp"
    uint16_t port = 0;
};

/// One address behind a headless service.
struct DnsEndpoint {
    Ipv4 ip;
    std::string hostname;  ///< the pod's hostname where its subdomain is the service; "" gives the name 10-42-0-5
    std::vector<DnsPort> ports;
};

/// What DNS knows of a service. Headless: no cluster_ips, and the endpoints that are to be seen (the ready ones, or all
/// with publishNotReadyAddresses). ExternalName: only external_name.
struct DnsService {
    std::vector<Ipv4> cluster_ips;
    std::vector<DnsPort> ports;
    std::vector<DnsEndpoint> endpoints;
    std::string external_name;
};

/// Everything the cluster's names say; filled by its owner, read by `answer`. Names are lower case, as in the API.
class DnsZone {
  public:
    struct Reverse {
        std::string name;  ///< the full name, without the last dot
        int uses = 0;
    };
    using Services = std::unordered_map<std::string, DnsService>;

    /// The cidrs say which reverse names are ours to deny.
    DnsZone(std::string cluster_domain, Cidr pod_cidr, Cidr service_cidr);

    void set_namespace(const std::string& ns);
    void remove_namespace(const std::string& ns);
    void set_service(const std::string& ns, const std::string& name, DnsService service);
    void remove_service(const std::string& ns, const std::string& name);
    /// For 10-42-0-5.NAMESPACE.pod.DOMAIN. `pod` is unique, for example its uid.
    void set_pod(const std::string& pod, const std::string& ns, Ipv4 ip);
    void remove_pod(const std::string& pod);

    const std::string& domain() const { return domain_; }
    bool owns_reverse(Ipv4 ip) const { return pod_cidr_.contains(ip) || service_cidr_.contains(ip); }
    const DnsService* find_service(std::string_view ns, std::string_view name) const;
    bool has_namespace(std::string_view ns) const;
    bool has_pod(std::string_view ns, Ipv4 ip) const;
    /// Full names that have this address, without the last dot.
    std::vector<std::string> names_of(Ipv4 ip) const;

  private:
    void index(const std::string& ns, const std::string& name, const DnsService& service, int step);

    std::string domain_;
    Cidr pod_cidr_;
    Cidr service_cidr_;
    Services services_;  ///< by "name.namespace"
    std::set<std::string> declared_;                       ///< namespaces that were set
    std::map<std::string, int, std::less<>> namespaces_;  ///< those, and those that services and pods use
    std::unordered_map<uint32_t, std::vector<Reverse>> reverse_;
    std::unordered_map<std::string, std::pair<std::string, Ipv4>> pods_;
    std::unordered_map<uint32_t, std::vector<std::string>> pod_namespaces_;
};

/// What is to be done with a query.
struct DnsVerdict {
    enum class Kind {
        reply,    ///< send `reply`
        forward,  ///< not ours: ask upstream and pass its reply on
        chase,    ///< an ExternalName: ask upstream for `target` and put the CNAME in front
        drop,     ///< not a query: no reply at all
    };
    Kind kind = Kind::drop;
    std::string reply;
    std::string target;
};

enum class DnsTransport { udp, tcp };

/// Pure. Over UDP a reply that does not fit what the client takes comes back truncated.
DnsVerdict answer(std::string_view query, const DnsZone& zone, DnsTransport transport);

struct DnsUpstream {
    Ipv4 ip;
    uint16_t port = 53;
};

struct DnsServerConfig {
    Ipv4 address;        ///< where to listen: the bridge's address
    uint16_t port = 53;
    Cidr pod_cidr;       ///< only it, loopback and `address` itself get answers
    /// When empty, the nameservers of `resolv_conf`, read again when the file changes.
    std::vector<DnsUpstream> upstreams;
    std::string resolv_conf = "/etc/resolv.conf";
};

struct DnsCounters {
    uint64_t queries = 0;
    uint64_t forwarded = 0;
    uint64_t refused = 0;   ///< over a limit, or from a stranger
    uint64_t timeouts = 0;  ///< no upstream answered
};

class DnsServer {
  public:
    /// Binds UDP and TCP and starts serving. `zone` outlives the server.
    static Result<std::unique_ptr<DnsServer>> open(loop::Loop& loop, Random& random, const DnsZone& zone,
                                                   DnsServerConfig config);
    virtual ~DnsServer() = default;
    virtual const DnsCounters& counters() const = 0;
};

/// The nameserver lines of a resolv.conf; IPv6 ones are left out. At most 8.
std::vector<DnsUpstream> parse_resolv_conf(std::string_view text);

}  // namespace orilla::network
