#include "dial.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "http1_channel.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/http/channel.hpp"
#include "orilla/http/client.hpp"
#include "orilla/http/tls.hpp"

namespace orilla::http {
namespace {

Error unavailable(int number, const std::string& what) { return Error::from_errno(what, number).with_code(Code::unavailable); }

}  // namespace

loop::Task<Result<UniqueFd>> dial_tcp(loop::Loop& loop, std::string host, int port, bool resets) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (const auto ip = parse_ipv4(host)) address.sin_addr.s_addr = htonl(ip->value);
    else co_return Error(Code::unavailable, fmt::format("dial tcp {}: not an IPv4 address", host));
    const std::string what = fmt::format("dial tcp {}:{}: connect", host, port);
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) co_return unavailable(errno, "socket");
    const linger reset{1, 0};
    const int yes = 1;
    if (resets) setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EINPROGRESS) co_return unavailable(errno, what);
        loop::FdWatch watch(loop, fd.get());
        for (;;) {
            int failed = 0;
            socklen_t size = sizeof failed;
            getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
            if (failed) co_return unavailable(failed, what);
            sockaddr_in peer{};
            socklen_t peer_size = sizeof peer;
            if (getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) break;
            co_await watch.writable();
        }
    }
    co_return std::move(fd);
}

loop::Task<Result<UniqueFd>> connect_tcp(loop::Loop& loop, std::string host, int port) {
    CO_RETURN_AWAIT(dial_tcp(loop, std::move(host), port, true));
}

Result<bool> wants_to_read(const Transport& transport, const IoResult& result, const std::string& what) {
    if (result.state != IoState::closed) return result.state == IoState::wants_read;
    if (const std::string why = transport.server_fault(); !why.empty())
        return Error(Code::unavailable, "tls: failed to verify certificate: " + why);
    if (transport.encrypted()) return Error(Code::unavailable, "TLS handshake or stream failed");
    return unavailable(result.error == 0 ? EPIPE : result.error, what);
}

loop::Task<Result<std::unique_ptr<Transport>>> shake_hands(loop::Loop& loop, UniqueFd fd, TlsContext* tls, bool offers_http_2) {
    auto transport = std::make_unique<Transport>(loop, std::move(fd), tls);
    if (offers_http_2) transport->offer_http_2();
    while (tls) {
        const IoResult result = transport->try_handshake();
        if (result.state == IoState::done) break;
        CO_CHECK(const bool reading, wants_to_read(*transport, result, "TLS handshake"));
        if (reading) co_await transport->watch().readable();
        else co_await transport->watch().writable();
    }
    co_return std::move(transport);
}

loop::Task<Result<std::unique_ptr<Channel>>> open_channel(loop::Loop& loop, Endpoint endpoint, ChannelLimits limits) {
    CO_TRY(UniqueFd fd, dial_tcp(loop, std::move(endpoint.address), endpoint.port, false));
    const bool offers_http_2 = endpoint.tls && endpoint.speaks_http_2;
    CO_TRY(auto transport, shake_hands(loop, std::move(fd), endpoint.tls, offers_http_2));
    if (endpoint.tls ? transport->chose_http_2() : endpoint.speaks_http_2) {
        CO_RETURN_AWAIT(open_http_2(loop, make_duplex(nullptr, std::move(transport)), limits));
    }
    co_return std::unique_ptr<Channel>(std::make_unique<Http1Channel>(loop, std::move(transport), limits));
}

std::string_view AnswerHead::header(std::string_view name) const {
    for (const HeaderView& field : headers)
        if (equal_fold(field.name, name)) return field.value;
    return {};
}

}  // namespace orilla::http
