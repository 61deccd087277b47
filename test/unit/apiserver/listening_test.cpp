#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "orilla/apiserver/server.hpp"
#include "orilla/http/sockets.hpp"

using namespace orilla;
using namespace orilla::apiserver;
using namespace orilla::http;

namespace {
/// Runs `look` in a child whose fds 3 and 4 are `unix_fd` and `tcp_fd`, as systemd would start it; gives its exit code.
int in_activated_child(int unix_fd, int tcp_fd, const char* owner, int (*look)()) {
    const pid_t child = ::fork();
    if (child == 0) {
        const UniqueFd first(::fcntl(unix_fd, F_DUPFD, 100)), second(::fcntl(tcp_fd, F_DUPFD, 100));
        ::dup2(first.get(), 3);
        ::dup2(second.get(), 4);
        ::setenv("LISTEN_PID", owner ? owner : std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", "2", 1);
        ::_exit(look());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int finds_both() {
    const auto sockets = take_activated_sockets();
    if (!sockets) return 1;
    if (sockets->unix_socket.get() != 3 || sockets->tcp_socket.get() != 4) return 2;
    if (::getenv("LISTEN_FDS") || ::getenv("LISTEN_PID")) return 3;
    if (!(::fcntl(3, F_GETFD) & FD_CLOEXEC) || !(::fcntl(4, F_GETFL) & O_NONBLOCK)) return 4;
    return 0;
}
int finds_nothing() {
    const auto sockets = take_activated_sockets();
    return sockets && !sockets->unix_socket && !sockets->tcp_socket ? 0 : 1;
}
int is_refused() { return take_activated_sockets() ? 1 : 0; }
}  // namespace

TEST_CASE("take_activated_sockets: takes what systemd passes, and only to us") {
    const std::string path = "/tmp/orilla-activation-" + std::to_string(::getpid()) + ".sock";
    const auto unix_socket = listen_unix(path, -1);
    const auto tcp_socket = listen_tcp("127.0.0.1:0");
    REQUIRE(unix_socket);
    REQUIRE(tcp_socket);
    CHECK(in_activated_child(unix_socket->get(), tcp_socket->get(), nullptr, finds_both) == 0);
    CHECK(in_activated_child(unix_socket->get(), tcp_socket->get(), "1", finds_nothing) == 0);
    CHECK(in_activated_child(unix_socket->get(), unix_socket->get(), nullptr, is_refused) == 0);
    const UniqueFd not_listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(in_activated_child(unix_socket->get(), not_listening.get(), nullptr, is_refused) == 0);
    ::unlink(path.c_str());
}
