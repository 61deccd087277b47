#include "listening.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace orilla::gateway {

namespace {
constexpr int backlog = 4096;  // the kernel takes net.core.somaxconn of them

bool bind_port(int fd, bool is_ipv6, uint16_t port) {
    const int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (is_ipv6) {
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) return false;
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}
}  // namespace

Result<UniqueFd> listen_on_port(uint16_t port) {
    int error = 0;
    for (const bool is_ipv6 : {true, false}) {
        UniqueFd fd(socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (fd && bind_port(fd.get(), is_ipv6, port) && listen(fd.get(), backlog) == 0) return fd;
        error = errno;
        if (error == EADDRINUSE || error == EACCES) break;  // IPv4 alone would find the same
    }
    if (error == EADDRINUSE)
        return Error(Code::conflict, fmt::format("port {} is in use by another program of the node", port));
    return Error::from_errno(fmt::format("listen on port {}", port), error);
}

uint16_t find_listening_port(int fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens) return 0;
    sockaddr_storage address{};
    size = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    return 0;
}

}  // namespace orilla::gateway
