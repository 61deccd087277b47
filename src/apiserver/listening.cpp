// What the server listens on: sockets that systemd made (sd_listen_fds(3)), and those that it did not.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "listening.hpp"
#include "orilla/apiserver/server.hpp"
#include "orilla/http/sockets.hpp"

namespace orilla::apiserver {

namespace {
constexpr int activated_fds_max = 8;
constexpr int first_activated_fd = 3;

int number_from_environment(const char* name) {
    const char* text = ::getenv(name);
    int number = -1;
    if (text) std::from_chars(text, text + std::strlen(text), number);
    return number;
}

int socket_option(int fd, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}
}  // namespace

Result<bool> make_missing_sockets(ListeningSockets& sockets, const std::string& path, const std::string& address) {
    if (!sockets.tcp_socket && !address.empty()) {
        TRY(sockets.tcp_socket, http::listen_tcp(address));
    }
    if (sockets.unix_socket) return false;
    TRY(sockets.unix_socket, http::listen_unix(path, http::find_group_id(admin_group)));
    return true;
}

Result<ListeningSockets> take_activated_sockets() {
    ListeningSockets sockets;
    const int owner = number_from_environment("LISTEN_PID");
    const int count = number_from_environment("LISTEN_FDS");
    ::unsetenv("LISTEN_PID");
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_FDNAMES");
    if (owner != ::getpid() || count <= 0) return sockets;
    if (count > activated_fds_max) return Error(Code::invalid, "LISTEN_FDS: more sockets than this server has use for");
    for (int fd = first_activated_fd; fd < first_activated_fd + count; ++fd) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        if (socket_option(fd, SO_ACCEPTCONN) != 1)
            return Error(Code::invalid, fmt::format("LISTEN_FDS: fd {} is not a listening socket", fd));
        auto& slot = socket_option(fd, SO_DOMAIN) == AF_UNIX ? sockets.unix_socket : sockets.tcp_socket;
        if (slot) return Error(Code::invalid, "LISTEN_FDS: two sockets of one kind");
        slot.reset(fd);
    }
    return sockets;
}

}  // namespace orilla::apiserver
