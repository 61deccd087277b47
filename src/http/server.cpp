#include "orilla/http/server.hpp"

#include "connections.hpp"

namespace orilla::http {

struct Server::Impl : Connections {
    using Connections::Connections;
};

Server::Server(loop::Loop& loop, Handler& handler, ServerLimits limits)
    : impl_(std::make_unique<Impl>(loop, handler, limits)) {}
Server::~Server() = default;

void Server::serve_unix(UniqueFd listener) { impl_->serve_unix(std::move(listener)); }
void Server::serve_tls(UniqueFd listener, std::shared_ptr<TlsContext> tls, ListenerOptions options) {
    impl_->serve_tls(std::move(listener), std::move(tls), options);
}
void Server::serve_plain(UniqueFd listener, ListenerOptions options) { impl_->serve_plain(std::move(listener), options); }
void Server::stop_listening(uint64_t tag) { impl_->stop_listening(tag); }
void Server::adopt(UniqueFd connected, const Peer& peer, bool speaks_http_2) {
    impl_->adopt(std::move(connected), peer, speaks_http_2);
}
size_t Server::connections() const { return impl_->connections(); }
const Counters& Server::counters() const { return impl_->counters(); }
size_t Server::unsent_bytes() const { return impl_->unsent_bytes(); }

}  // namespace orilla::http
