#include "connections.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "orilla/base/heap.hpp"
#include "orilla/base/log.hpp"
#include "orilla/http/sockets.hpp"

namespace orilla::http {

using Standing = Clients::Standing;

namespace {
constexpr size_t looked_at_per_ms = 100;

/// As far as one client's choice of addresses does not reach: in IPv6 everybody has a whole network of 64 bits.
std::string name_of_peer(const sockaddr_storage& peer) {
    constexpr size_t network_bytes = 8;
    if (peer.ss_family == AF_INET) {
        const auto& address = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
        return {reinterpret_cast<const char*>(&address), sizeof address};
    }
    if (peer.ss_family != AF_INET6) return "elsewhere";
    const auto& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&address);
    return {reinterpret_cast<const char*>(&address), is_mapped ? sizeof address : network_bytes};
}

/// As a request tells it: 192.0.2.1:4711, [2001:db8::1]:4711.
std::string render_peer(const sockaddr_storage& peer) {
    char text[INET6_ADDRSTRLEN] = {};
    if (peer.ss_family == AF_INET) {
        const auto& own = reinterpret_cast<const sockaddr_in&>(peer);
        ::inet_ntop(AF_INET, &own.sin_addr, text, sizeof text);
        return fmt::format("{}:{}", text, ntohs(own.sin_port));
    }
    if (peer.ss_family != AF_INET6) return {};
    const auto& own = reinterpret_cast<const sockaddr_in6&>(peer);
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&own.sin6_addr);
    if (is_mapped) ::inet_ntop(AF_INET, &own.sin6_addr.s6_addr[12], text, sizeof text);
    else ::inet_ntop(AF_INET6, &own.sin6_addr, text, sizeof text);
    return fmt::format(fmt::runtime(is_mapped ? "{}:{}" : "[{}]:{}"), text, ntohs(own.sin6_port));
}
}  // namespace

Connections::Connections(loop::Loop& loop, Handler& handler, ServerLimits limits)
    : loop_(loop),
      limits_(limits),
      unsent_(limits_.unsent_bytes_max),
      shared_{loop, handler, limits_.connection, counters_, *this, unsent_},
      nowhere_(loop, UniqueFd(), {}),
      nowhere_2_(loop, UniqueFd(), {.speaks_http_2 = true}),
      reaper_(loop),
      trimmer_(loop) {}

Connections::~Connections() {
    *alive_ = false;
    for (Listener& listener : listeners_) listener.accepting.cancel();
    for (auto& [connection, accepted] : connections_) connection->end_politely();
    connections_.clear();
}

Connections::Listener& Connections::listen(UniqueFd fd, ListenerOptions options) {
    drop_stopped();
    return listeners_.emplace_back(loop_, std::move(fd), options);
}

void Connections::serve_unix(UniqueFd listener) {
    Listener& added = listen(std::move(listener), {});
    added.accepting.spawn(accept_loop(&added));
}

void Connections::serve_tls(UniqueFd listener, std::shared_ptr<TlsContext> tls, ListenerOptions options) {
    Listener& added = listen(std::move(listener), options);
    added.tls = std::move(tls);
    added.accepting.spawn(accept_loop(&added));
}

void Connections::serve_plain(UniqueFd listener, ListenerOptions options) {
    Listener& added = listen(std::move(listener), options);
    added.plain = true;
    added.accepting.spawn(accept_loop(&added));
}

/// The book of its clients stays as long as it has connections.
void Connections::stop_listening(uint64_t tag) {
    for (Listener& listener : listeners_) listener.stopped = listener.stopped || listener.options.tag == tag;
    // Later: it may be its own accept loop that has come here.
    loop_.post([this, alive = alive_] {
        if (*alive) drop_stopped();
    });
}

void Connections::drop_stopped() {
    for (Listener& listener : listeners_) {
        if (!listener.stopped || !listener.watch) continue;
        for (auto& [connection, accepted] : connections_)
            if (&accepted.listener == &listener) connection->leave();
        listener.accepting.cancel();
        listener.watch.reset();
        listener.fd.reset();
    }
    const auto is_gone = [](const Listener& one) {
        return !one.watch && one.clients.connections() + one.clients.refused() == 0;
    };
    listeners_.remove_if(is_gone);
}

void Connections::adopt(UniqueFd connected, const Peer& peer, bool speaks_http_2) {
    CallerPtr caller = shared_.handler.identify(peer);
    std::string name = caller->name;
    add(speaks_http_2 ? nowhere_2_ : nowhere_, Standing::known, std::move(name), {std::move(connected), {}, std::move(caller)});
}

loop::Task<void> Connections::accept_loop(Listener* listener) {
    int accepted = 0;
    for (;;) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        UniqueFd fd(::accept4(listener->fd.get(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            admit(*listener, {std::move(fd), render_peer(peer), nullptr}, name_of_peer(peer));
            // A request that is there already is answered at once, in this step.
            if (++accepted % limits_.accepts_per_turn_max == 0) co_await loop_.yield();
            else co_await loop_.breathe();
            continue;
        }
        const int error = errno;
        if (error == EAGAIN || error == EWOULDBLOCK) {
            co_await listener->watch->readable();
        } else if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
            log::warning("accept a connection: " + Error::from_errno("accept", error).message());
            co_await loop_.sleep_for(limits_.accept_pause_ms);
        } else if (error == EBADF || error == EINVAL || error == ENOTSOCK) {
            log::error("accept a connection: " + Error::from_errno("accept", error).message());
            co_return;
        }
        // Everything else (ECONNABORTED, EINTR ...) is about one connection that is gone.
    }
}

// ---- who gets a place ------------------------------------------------------------------------------------------------

void Connections::admit(Listener& listener, Incoming incoming, std::string address) {
    ++counters_.connections;
    CallerPtr& caller = incoming.caller;
    if (!listener.tls) caller = shared_.handler.identify(listener.plain ? Peer() : read_peer(incoming.fd.get()));
    const Standing standing = listener.tls ? Standing::stranger : Standing::known;
    std::string name = listener.tls || listener.plain ? std::move(address) : caller->name;
    // Of one address the oldest goes, which has had its chance: silent connections keep nobody else out.
    if (standing == Standing::stranger && listener.clients.connections_of(standing, name) >= limits_.address_strangers_max)
        drop_oldest(listener, standing, name);
    const bool has_room = make_room(listener) && (standing == Standing::stranger || make_room_for(listener, name));
    if (has_room) return add(listener, standing, std::move(name), std::move(incoming));
    ++counters_.connections_refused;
    if (listener.clients.refused() >= limits_.refused_connections_max) drop_oldest(listener, Standing::refused, {});
    add(listener, Standing::refused, {}, std::move(incoming));
}

/// A place at the listener for whoever comes.
bool Connections::make_room(const Listener& listener) {
    if (listener.clients.connections() < limits_.connections_max) return true;
    if (const std::string address = listener.clients.busiest(Standing::stranger); !address.empty()) {
        ++counters_.connections_refused;
        drop_oldest(listener, Standing::stranger, address);
        return true;
    }
    return evict_idle(listener, listener.clients.busiest(Standing::known));
}

/// A place among those of one client.
bool Connections::make_room_for(const Listener& listener, const std::string& client) {
    return listener.clients.connections_of(Standing::known, client) < limits_.client_connections_max ||
           evict_idle(listener, client);
}

/// Ends the connection of a client that has not been used for longest.
bool Connections::evict_idle(const Listener& listener, const std::string& client) {
    const int64_t before_ms = loop_.now_ms() - limits_.evictable_idle_ms_min;
    auto longest = connections_.end();
    for (auto it = connections_.begin(); it != connections_.end(); ++it) {
        const int64_t since_ms = it->first->idle_since_ms();
        if (&it->second.listener != &listener || !it->second.seat.is(Standing::known, client)) continue;
        if (since_ms < 0 || since_ms > before_ms || it->first->has_unread()) continue;
        if (longest == connections_.end() || since_ms < longest->first->idle_since_ms()) longest = it;
    }
    if (longest == connections_.end()) return false;
    longest->first->say_goodbye();
    connections_.erase(longest);
    return true;
}

void Connections::drop_oldest(const Listener& listener, Standing standing, const std::string& name) {
    auto oldest = connections_.end();
    for (auto it = connections_.begin(); it != connections_.end(); ++it) {
        if (&it->second.listener != &listener || !it->second.seat.is(standing, name)) continue;
        if (oldest == connections_.end() || it->second.order < oldest->second.order) oldest = it;
    }
    if (oldest != connections_.end()) connections_.erase(oldest);
}

void Connections::add(Listener& listener, Standing standing, std::string name, Incoming incoming) {
    // Of TCP only what is not sent yet: its window must fit the way to the client. A kernel that refuses keeps its own.
    const int fd = incoming.fd.get();
    const int room = limits_.send_buffer_bytes;
    const int yes = 1;
    if (listener.tls || listener.plain) {
        ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &room, sizeof room);
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // pieces go out as they come
    } else {
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }
    auto connection =
        std::make_unique<Connection>(shared_, std::move(incoming.fd), listener.tls.get(), std::move(incoming.caller),
                                     Origin{listener.options, std::move(incoming.client)});
    Connection* added = connection.get();
    if (standing == Standing::refused) added->refuse_as_busy();
    if (!listener.tls && listener.options.speaks_http_2) added->allow_http_2();
    const auto place = connections_.try_emplace(added, listener, standing, std::move(name), ++next_order_).first;
    place->second.connection = std::move(connection);
    added->start();
}

bool Connections::identified(Connection& connection) {
    const auto found = connections_.find(&connection);
    Accepted& accepted = found->second;
    if (accepted.seat.standing() == Standing::refused) return false;
    const std::string& name = connection.caller().name;
    if (name.empty() && !connection.caller().admitted) return true;           // still a stranger, and refused for that
    const std::string known_as = name.empty() ? accepted.seat.name() : name;  // whoever may stay unknown is an address
    if (make_room_for(accepted.listener, known_as)) {
        accepted.seat.become(Standing::known, known_as);
        return true;
    }
    ++counters_.connections_refused;
    if (accepted.listener.clients.refused() >= limits_.refused_connections_max)
        drop_oldest(accepted.listener, Standing::refused, {});
    accepted.seat.become(Standing::refused, {});
    return false;
}

bool Connections::count_request(Connection& connection, bool begins) {
    const auto found = connections_.find(&connection);
    if (found == connections_.end()) return false;
    if (begins) return found->second.seat.begin_request(limits_.client_requests_max);
    found->second.seat.end_request();
    return true;
}

void Connections::retire(Connection& connection) {
    const auto found = connections_.find(&connection);
    if (found == connections_.end()) return;
    // It may run right now, so it cannot be destroyed here; until then another may come at the same place in memory.
    loop_.post([this, gone = &connection, order = found->second.order, alive = alive_] {
        if (!*alive) return;
        const auto place = connections_.find(gone);
        if (place == connections_.end() || place->second.order != order) return;
        connections_.erase(place);
        ++closes_since_trim_;
        trim_later();
    });
}

// ---- deadlines -------------------------------------------------------------------------------------------------------

void Connections::note_deadline(int64_t deadline_ms) {
    if (reaper_.armed() && reaper_.deadline_ms() <= deadline_ms) return;
    reaper_.arm_at(deadline_ms, [this] { reap(); });
}

void Connections::reap() {
    const int64_t now = loop_.now_ms();
    int64_t next = INT64_MAX;
    for (auto it = connections_.begin(); it != connections_.end();) {
        const int64_t deadline = it->first->deadline_ms();
        if (deadline <= now && it->first->expire(now)) {
            ++counters_.timeouts;
            it = connections_.erase(it);
            continue;
        }
        next = std::min(next, it->first->deadline_ms());
        ++it;
    }
    // Of many connections there is always one whose time is up: they are looked at together.
    const auto together_ms = static_cast<int64_t>(connections_.size() / looked_at_per_ms);
    if (next != INT64_MAX) note_deadline(std::max(next, now + together_ms));
}

void Connections::trim_later() {
    if (trimmer_.armed() || (!connections_.empty() && closes_since_trim_ < limits_.trim_after_closes)) return;
    trimmer_.arm_after(limits_.trim_delay_ms, [this] {
        closes_since_trim_ = 0;
        shared_.spare.clear();  // of a burst, too
        heap::give_back();
    });
}

}  // namespace orilla::http
