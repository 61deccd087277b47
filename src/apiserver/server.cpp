#include "orilla/apiserver/server.hpp"

#include "listening.hpp"
#include "orilla/http/server.hpp"
#include "orilla/http/sockets.hpp"
#include "request/api_handler.hpp"

namespace orilla::apiserver {

struct Server::Impl {
    Impl(loop::Loop& loop, objects::Objects& objects, ServerOptions the_options)
        : options(std::move(the_options)), handler(loop, objects, options), http(loop, handler, http::ServerLimits{}) {
        handler.set_counters(&http.counters(), [this] { return http.connections(); });
    }
    ~Impl() {
        if (!own_socket.empty()) ::unlink(own_socket.c_str());
    }
    ServerOptions options;
    ApiHandler handler;
    http::Server http;
    std::string own_socket;  ///< removed at the end
};

Server::Server(loop::Loop& loop, objects::Objects& objects, ServerOptions options)
    : impl_(std::make_unique<Impl>(loop, objects, std::move(options))) {}
Server::~Server() = default;

Result<void> Server::listen_unix(const std::string& path) {
    TRY(auto listener, http::listen_unix(path, http::find_group_id(admin_group)));
    impl_->own_socket = path;
    serve_unix(std::move(listener));
    return ok();
}

Result<void> Server::listen_tls(const std::string& address, const pki::Pki& pki) {
    TRY(auto listener, http::listen_tcp(address));
    return serve_tls(std::move(listener), pki);
}

void Server::serve_unix(UniqueFd listener) {
    impl_->handler.set_admin_group(http::find_group_id(admin_group));
    impl_->http.serve_unix(std::move(listener));
}

Result<void> Server::serve_tls(UniqueFd listener, const pki::Pki& pki) {
    http::TlsKeys keys{pki.server_certificate, pki.server_key, pki.ca_certificate};
    keys.offers_http_2 = true;
    TRY(auto tls, http::TlsContext::create(keys));
    impl_->handler.set_pki(pki);
    impl_->http.serve_tls(std::move(listener), std::move(tls));
    return ok();
}

size_t Server::connections() const { return impl_->http.connections(); }

}  // namespace orilla::apiserver
