// An HTTP/1.1 server on unix sockets, TLS and plain TCP. It promises a bound on connections and watches for each client and for
// each listener, and that nobody's can be used up by somebody else; see src/http/connections.hpp for how.
#pragma once

#include <memory>

#include "orilla/base/unique_fd.hpp"
#include "orilla/http/limits.hpp"
#include "orilla/http/message.hpp"
#include "orilla/http/tls.hpp"

namespace orilla::loop {
class Loop;
}

namespace orilla::http {

struct Counters {
    uint64_t connections = 0;
    uint64_t connections_refused = 0;  ///< told so, or dropped because they had not said a word
    uint64_t watches_refused = 0;
    uint64_t requests = 0;
    uint64_t answers_by_class[6] = {};  ///< [2]: 2xx
    uint64_t timeouts = 0;
    uint64_t slow_ended = 0;  ///< answers broken off because their clients left too much unread
};

/// What is peculiar to one listener.
struct ListenerOptions {
    uint64_t tag = 0;                   ///< Request::tag of all that comes over it
    bool reads_proxy_protocol = false;  ///< PROXY protocol v1 or v2 stands before each connection, and says who the client is
    bool speaks_http_2 = false;         ///< plain: besides HTTP/1.1, with prior knowledge; TLS: see TlsKeys
};

class Server {
  public:
    /// `loop` and `handler` outlive it.
    Server(loop::Loop& loop, Handler& handler, ServerLimits limits = {});
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Peers are known by SO_PEERCRED.
    void serve_unix(UniqueFd listener);
    /// Peers are known by their certificate.
    void serve_tls(UniqueFd listener, std::shared_ptr<TlsContext> tls, ListenerOptions options = {});
    /// Peers prove nothing: they are known by their addresses.
    void serve_plain(UniqueFd listener, ListenerOptions options = {});
    /// Ends a listener, by its tag; its connections go on until they are idle.
    void stop_listening(uint64_t tag);
    /// A connection made elsewhere, for tests: beside all bounds but that of watches.
    void adopt(UniqueFd connected, const Peer& peer, bool speaks_http_2 = false);

    size_t connections() const;
    const Counters& counters() const;
    size_t unsent_bytes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace orilla::http
