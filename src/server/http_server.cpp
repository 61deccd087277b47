#include "http_server.hpp"

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "orilla/base/log.hpp"
#include "sockets.hpp"

namespace orilla::server {

HttpServer::HttpServer(loop::Loop& loop, Handler& handler, HttpServerLimits limits)
    : loop_(loop),
      limits_(limits),
      shared_{loop, handler, limits_.connection, counters_, {}, {}},
      reaper_(loop),
      trimmer_(loop),
      scope_(loop) {
    shared_.note_deadline = [this](int64_t deadline_ms) { note_deadline(deadline_ms); };
    shared_.retire = [this](Connection& connection) { retire(connection); };
}

HttpServer::~HttpServer() {
    *alive_ = false;
    scope_.cancel();
    connections_.clear();
}

void HttpServer::serve_unix(UniqueFd listener, int admin_group) {
    Listener& added = listeners_.emplace_back(loop_, std::move(listener));
    added.admin_group = admin_group;
    scope_.spawn(accept_loop(&added));
}

void HttpServer::serve_tls(UniqueFd listener, std::unique_ptr<TlsContext> tls) {
    Listener& added = listeners_.emplace_back(loop_, std::move(listener));
    added.tls = std::move(tls);
    scope_.spawn(accept_loop(&added));
}

void HttpServer::adopt(UniqueFd connected, Identity identity) { add(std::move(connected), nullptr, std::move(identity)); }

bool HttpServer::is_full(const Listener& listener) const {
    return connections_.size() >= limits_.connections_max ||
           (listener.tls && listener.connections >= limits_.tls_connections_max);
}

loop::Task<void> HttpServer::accept_loop(Listener* listener) {
    int accepted = 0;
    for (;;) {
        UniqueFd fd(::accept4(listener->fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            admit(*listener, std::move(fd));
            if (++accepted % limits_.accepts_per_turn_max == 0) co_await loop_.yield();
            continue;
        }
        const int error = errno;
        if (error == EAGAIN || error == EWOULDBLOCK) {
            co_await listener->watch.readable();
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

void HttpServer::admit(Listener& listener, UniqueFd fd) {
    ++counters_.connections;
    if (is_full(listener) && listener.tls) drop_oldest_stranger(listener);
    if (is_full(listener)) {
        ++counters_.connections_refused;
        // Behind TLS the words would cost a handshake: there the door just closes.
        if (!listener.tls) refuse_connection(fd.get());
        return;
    }
    if (listener.tls) return add(std::move(fd), &listener, Identity{});
    Identity identity = identify_peer(fd.get(), listener.admin_group);
    add(std::move(fd), &listener, std::move(identity));
}

/// Whoever has not shown a certificate makes room for who may: silent connections cannot keep a client out.
void HttpServer::drop_oldest_stranger(const Listener& listener) {
    auto oldest = connections_.end();
    for (auto it = connections_.begin(); it != connections_.end(); ++it) {
        if (it->second.listener != &listener || !it->first->is_stranger()) continue;
        if (oldest == connections_.end() || it->first->deadline_ms() < oldest->first->deadline_ms()) oldest = it;
    }
    if (oldest == connections_.end()) return;
    ++counters_.connections_refused;
    connections_.erase(oldest);
}

void HttpServer::add(UniqueFd fd, Listener* listener, Identity identity) {
    // Of TCP only what is not sent yet: its window must fit the way to the client. A kernel that refuses keeps its own.
    const int room = limits_.send_buffer_bytes;
    if (listener && listener->tls) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &room, sizeof room);
    else ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    TlsContext* tls = listener ? listener->tls.get() : nullptr;
    auto connection = std::make_unique<Connection>(shared_, std::move(fd), tls, std::move(identity));
    Connection* added = connection.get();
    connections_.try_emplace(added, std::move(connection), listener);
    added->start();
}

void HttpServer::retire(Connection& connection) {
    // It runs right now, so it cannot be destroyed here.
    loop_.post([this, gone = &connection, alive = alive_] {
        if (!*alive || connections_.erase(gone) == 0) return;
        ++closes_since_trim_;
        trim_later();
    });
}

// ---- deadlines -------------------------------------------------------------------------------------------------------

void HttpServer::note_deadline(int64_t deadline_ms) {
    if (reaper_.armed() && reaper_.deadline_ms() <= deadline_ms) return;
    reaper_.arm_at(deadline_ms, [this] { reap(); });
}

void HttpServer::reap() {
    const int64_t now = loop_.now_ms();
    int64_t next = INT64_MAX;
    for (auto it = connections_.begin(); it != connections_.end();) {
        const int64_t deadline = it->first->deadline_ms();
        if (deadline <= now) {
            ++counters_.timeouts;
            it = connections_.erase(it);
            continue;
        }
        next = std::min(next, deadline);
        ++it;
    }
    if (next != INT64_MAX) note_deadline(next);
}

void HttpServer::trim_later() {
    if (trimmer_.armed() || (!connections_.empty() && closes_since_trim_ < limits_.trim_after_closes)) return;
    trimmer_.arm_after(limits_.trim_delay_ms, [this] {
        closes_since_trim_ = 0;
        ::malloc_trim(0);
    });
}

}  // namespace orilla::server
