// The listening sockets and all their connections. It promises a bound on connections and watches for each client and for
// each listener, and that nobody's can be used up by somebody else: a client is the common name of a certificate, a uid,
// or, as long as it has not shown who it is, an address. Whoever comes beyond a bound takes the place of an idle
// connection or of somebody who has not said a word; where there is none its request is answered 429. One timer serves all
// deadlines, and memory is given back after a burst.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "clients.hpp"
#include "connection.hpp"
#include "orilla/http/server.hpp"

namespace orilla::http {

class Connections : private ConnectionOwner {
  public:
    Connections(loop::Loop& loop, Handler& handler, ServerLimits limits);
    ~Connections();

    /// Peers are known by SO_PEERCRED.
    void serve_unix(UniqueFd listener);
    /// Peers are known by their certificate.
    void serve_tls(UniqueFd listener, std::shared_ptr<TlsContext> tls, ListenerOptions options);
    /// Peers prove nothing: they are known by their addresses.
    void serve_plain(UniqueFd listener, ListenerOptions options);
    void stop_listening(uint64_t tag);
    /// A connection made elsewhere, for tests: beside all bounds but that of watches.
    void adopt(UniqueFd connected, const Peer& peer, bool speaks_http_2);

    size_t connections() const { return connections_.size(); }
    const Counters& counters() const { return counters_; }
    size_t unsent_bytes() const { return unsent_.bytes(); }

  private:
    struct Listener {
        Listener(loop::Loop& loop, UniqueFd the_fd, ListenerOptions the_options)
            : fd(std::move(the_fd)), watch(std::in_place, loop, fd.get()), accepting(loop), options(the_options) {}
        UniqueFd fd;
        std::optional<loop::FdWatch> watch;
        loop::Scope accepting;
        const ListenerOptions options;
        std::shared_ptr<TlsContext> tls;
        bool plain = false;
        bool stopped = false;
        Clients clients;
    };
    struct Incoming {
        UniqueFd fd;
        std::string client;
        CallerPtr caller;
    };
    struct Accepted {
        Accepted(Listener& the_listener, Clients::Standing standing, std::string name, uint64_t the_order)
            : listener(the_listener), seat(listener.clients, standing, std::move(name)), order(the_order) {}
        Listener& listener;
        Clients::Seat seat;
        uint64_t order;  ///< of its coming
        std::unique_ptr<Connection> connection;
    };

    // ConnectionOwner
    void note_deadline(int64_t deadline_ms) override;
    void retire(Connection& connection) override;
    bool identified(Connection& connection) override;
    bool begin_watch(Connection& connection) override {
        const bool begun = connections_.find(&connection)->second.seat.begin_watch(limits_.client_watches_max);
        if (!begun) ++counters_.watches_refused;
        return begun;
    }
    /// One that is going takes along what it held.
    void end_watch(Connection& connection) override {
        if (const auto found = connections_.find(&connection); found != connections_.end()) found->second.seat.end_watch();
    }
    bool count_request(Connection& connection, bool begins) override;

    Listener& listen(UniqueFd fd, ListenerOptions options);
    void drop_stopped();
    loop::Task<void> accept_loop(Listener* listener);
    void admit(Listener& listener, Incoming incoming, std::string address);
    void add(Listener& listener, Clients::Standing standing, std::string name, Incoming incoming);
    bool make_room(const Listener& listener);
    bool make_room_for(const Listener& listener, const std::string& client);
    bool evict_idle(const Listener& listener, const std::string& client);
    void drop_oldest(const Listener& listener, Clients::Standing standing, const std::string& name);
    void reap();
    void trim_later();

    loop::Loop& loop_;
    ServerLimits limits_;
    Counters counters_;
    SendBudget unsent_;
    Connection::Shared shared_;
    std::list<Listener> listeners_;
    Listener nowhere_;    ///< where connections that were made elsewhere belong
    Listener nowhere_2_;  ///< those of them that may speak HTTP/2
    std::unordered_map<Connection*, Accepted> connections_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< posted work checks it
    uint64_t next_order_ = 0;
    loop::Timer reaper_;
    loop::Timer trimmer_;
    size_t closes_since_trim_ = 0;
};

}  // namespace orilla::http
