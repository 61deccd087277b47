#include "orilla/http/sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace orilla::http {

namespace {
constexpr const char* fresh_suffix = ".new";
constexpr int backlog = SOMAXCONN;  // a burst of clients that do not wait to connect
constexpr size_t group_file_bytes_max = 1024 * 1024;
constexpr size_t peer_groups_max = 1024;

Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    TRY_VOID(check_socket_path(path));
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

bool somebody_listens(const sockaddr_un& address) {
    UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return false;
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
    return errno == EAGAIN;  // its queue is full, so it is there
}

Result<uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || port > 65535)
        return Error(Code::invalid, fmt::format("port {}: must be a number from 0 to 65535", text));
    return static_cast<uint16_t>(port);
}

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

Result<SocketAddress> parse_socket_address(const std::string& text) {
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos) return Error(Code::invalid, fmt::format("listen address {}: must be IP:PORT", text));
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    TRY(const uint16_t port, parse_port(std::string_view(text).substr(colon + 1)));
    SocketAddress address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof *v4;
    } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.length = sizeof *v6;
    } else {
        return Error(Code::invalid, fmt::format("listen address {}: must be IP:PORT, and {} is not an IP address", text, host));
    }
    return address;
}

Error bind_error(const std::string& address, int error_number) {
    if (error_number != EADDRINUSE) return Error::from_errno("listen on " + address, error_number);
    return Error(
        Code::conflict,
        fmt::format("listen on {}: another program has this port (Address already in use): stop it, or choose another --listen",
                    address));
}

Result<void> bind_and_listen(int fd, const sockaddr_un& address, const std::string& path, int group_id) {
    // Nobody may connect between bind and the right mode: the name appears by rename when everything is set.
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error::from_errno("bind " + path, errno);
    if (::chmod(address.sun_path, 0660) != 0) return Error::from_errno("chmod " + path, errno);
    if (group_id >= 0 && ::chown(address.sun_path, static_cast<uid_t>(-1), static_cast<gid_t>(group_id)) != 0)
        return Error::from_errno("chown " + path, errno);
    if (::listen(fd, backlog) != 0) return Error::from_errno("listen on " + path, errno);
    if (::rename(address.sun_path, path.c_str()) != 0) return Error::from_errno("rename to " + path, errno);
    return ok();
}
}  // namespace

Result<UniqueFd> listen_unix(const std::string& path, int group_id) {
    TRY(const auto address, unix_address(path));
    if (somebody_listens(address))
        return Error(
            Code::conflict,
            fmt::format("listen on {}: another orilla serve answers there; stop it, or choose another --socket", path));
    const std::string fresh = path + fresh_suffix;
    auto fresh_address = address;
    std::memcpy(fresh_address.sun_path, fresh.data(), fresh.size());
    ::unlink(fresh.c_str());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return Error::from_errno("create a socket", errno);
    auto listening = bind_and_listen(fd.get(), fresh_address, path, group_id);
    if (!listening) {
        ::unlink(fresh.c_str());
        return std::move(listening).error();
    }
    return fd;
}

Result<UniqueFd> listen_tcp(const std::string& text) {
    TRY(const auto address, parse_socket_address(text));
    UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return Error::from_errno("create a socket", errno);
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // inherited by what is accepted
    // A laptop that was closed must not keep its watches here for ever.
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0)
        return bind_error(text, errno);
    if (::listen(fd.get(), backlog) != 0) return bind_error(text, errno);
    return fd;
}

Result<void> check_socket_path(const std::string& path) {
    constexpr size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1 - std::string_view(fresh_suffix).size();
    if (!path.empty() && path.size() <= path_bytes_max) return ok();
    return Error(Code::invalid, fmt::format("socket path {}: must have 1 to {} bytes", path, path_bytes_max));
}

Result<void> check_listen_address(const std::string& address) {
    TRY_VOID(parse_socket_address(address));
    return ok();
}

int find_group_id(const std::string& name, const std::string& group_file) {
    UniqueFd fd(::open(group_file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return -1;
    std::string text;
    char piece[4096];
    for (ssize_t got = 0; text.size() < group_file_bytes_max && (got = ::read(fd.get(), piece, sizeof piece)) > 0;)
        text.append(piece, static_cast<size_t>(got));
    // name:password:id:members
    const std::string start = name + ":";
    text.insert(0, 1, '\n');
    const size_t line = text.find("\n" + start);
    if (line == std::string::npos) return -1;
    const size_t colon = text.find(':', line + 1 + start.size());
    if (colon == std::string::npos) return -1;
    int id = -1;
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), id);
    return id;
}

Peer read_peer(int fd) {
    Peer peer;
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return peer;
    peer.kind = Peer::Kind::local;
    peer.uid = credentials.uid;
    std::vector<gid_t> groups(peer_groups_max);
    length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) length = 0;
    peer.groups.assign(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(length / sizeof(gid_t)));
    peer.groups.push_back(credentials.gid);
    return peer;
}

}  // namespace orilla::http
