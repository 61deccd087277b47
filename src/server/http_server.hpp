// The listening sockets and all their connections. It promises a bound on connections (one more is told so and closed; at
// the TLS port the oldest that has shown no certificate yet goes instead), one timer for all deadlines, and memory given
// back after a burst.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "connection.hpp"
#include "tls.hpp"

namespace orilla::server {

struct HttpServerLimits {
    ConnectionLimits connection;
    size_t connections_max = 512;
    size_t tls_connections_max = 256;  ///< of these: strangers at the TLS port cannot shut out the socket
    int send_buffer_bytes = 32 * 1024;  ///< in the kernel, which doubles it: what a client that does not read may hold
    int64_t accept_pause_ms = 200;   ///< when the process has no fd left
    int accepts_per_turn_max = 32;
    size_t trim_after_closes = 32;   ///< so many closed connections are a burst
    int64_t trim_delay_ms = 1'000;
};

class HttpServer {
  public:
    HttpServer(loop::Loop& loop, Handler& handler, HttpServerLimits limits);
    ~HttpServer();

    /// Peers are known by SO_PEERCRED: uid 0 and members of `admin_group` (-1: none) are admins.
    void serve_unix(UniqueFd listener, int admin_group);
    /// Peers are known by their certificate.
    void serve_tls(UniqueFd listener, std::unique_ptr<TlsContext> tls);
    /// A connection made elsewhere, for tests.
    void adopt(UniqueFd connected, Identity identity);

    size_t connections() const { return connections_.size(); }
    const HttpCounters& counters() const { return counters_; }

  private:
    struct Listener {
        Listener(loop::Loop& loop, UniqueFd the_fd) : fd(std::move(the_fd)), watch(loop, fd.get()) {}
        UniqueFd fd;
        loop::FdWatch watch;
        std::unique_ptr<TlsContext> tls;
        int admin_group = -1;
        size_t connections = 0;
    };
    /// A connection, counted at its listener (null for an adopted one) as long as it lives.
    struct Accepted {
        Accepted(std::unique_ptr<Connection> the_connection, Listener* the_listener)
            : connection(std::move(the_connection)), listener(the_listener) {
            if (listener) ++listener->connections;
        }
        Accepted(const Accepted&) = delete;
        Accepted& operator=(const Accepted&) = delete;
        ~Accepted() {
            if (listener) --listener->connections;
        }
        std::unique_ptr<Connection> connection;
        Listener* listener;
    };
    loop::Task<void> accept_loop(Listener* listener);
    void admit(Listener& listener, UniqueFd fd);
    void drop_oldest_stranger(const Listener& listener);
    void add(UniqueFd fd, Listener* listener, Identity identity);
    bool is_full(const Listener& listener) const;
    void retire(Connection& connection);
    void note_deadline(int64_t deadline_ms);
    void reap();
    void trim_later();

    loop::Loop& loop_;
    HttpServerLimits limits_;
    HttpCounters counters_;
    Connection::Shared shared_;
    std::list<Listener> listeners_;
    std::unordered_map<Connection*, Accepted> connections_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< posted work checks it
    loop::Timer reaper_;
    loop::Timer trimmer_;
    size_t closes_since_trim_ = 0;
    loop::Scope scope_;
};

}  // namespace orilla::server
