#include "connection.hpp"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "resources.hpp"

namespace orilla::cli {
namespace {

/// What to do about an errno of connect().
std::string advice(int number) {
    switch (number) {
        case ENOENT:
        case ENOTDIR:
            return "the daemon has not made its socket: start it with 'systemctl start orilla' or 'orilla serve', or name "
                   "another socket "
                   "with --socket or ORILLA_SOCKET";
        case ECONNREFUSED:
            return "nobody listens there, the daemon has ended: 'systemctl status orilla' tells why, 'systemctl start orilla' "
                   "starts it";
        case EACCES:
        case EPERM: return "only root and the group orilla may: use sudo, or 'usermod -aG orilla USER' and log in again";
        case EAGAIN:
        case ETIMEDOUT:
            return "the daemon does not take connections, it hangs or has too much to do: 'journalctl -u orilla' may tell why, "
                   "'systemctl restart orilla' restarts it and no pod";
        default: return "is this the socket of a daemon? Another one: --socket or ORILLA_SOCKET";
    }
}

std::string seconds_text(int64_t ms) { return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms"; }

Error connect_error(const std::string& path, int number, int64_t limit_ms) {
    const char* name = strerrorname_np(number == EAGAIN ? ETIMEDOUT : number);
    const std::string what =
        number == EAGAIN ? "no connection within " + seconds_text(limit_ms) : std::string(strerror(number));
    return Error(Code::unavailable, fmt::format("error: connect to {}: {} ({}): {}", path, what,
                                                name ? name : std::to_string(number), advice(number)));
}

}  // namespace

Result<Connection> plan_connection(const Options& options) {
    Connection out{options.socket, -1, static_cast<int>(options.verbosity.value_or(0))};
    if (options.request_timeout.empty()) return out;
    out.request_ms_max = parse_duration_ms(options.request_timeout);
    if (out.request_ms_max >= 0) return out;
    return usage(
        "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time "
        "unit (e.g. 1s "
        "| 2m | 3h)");
}

Result<void> check_socket_path(const std::string& path) {
    constexpr size_t bytes_max = sizeof sockaddr_un::sun_path - 1;
    if (!path.empty() && path.size() <= bytes_max) return ok();
    return usage(fmt::format("\"{}\" cannot be the path of a socket: it may have 1 to {} bytes", path, bytes_max));
}

Result<UniqueFd> connect_socket(const std::string& path, int64_t limit_ms) {
    TRY_VOID(check_socket_path(path));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path.c_str(), path.size());
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return Error::from_errno("error: make a socket", errno);
    // The kernel waits that long for a place in the listener's queue.
    const timeval limit{static_cast<time_t>(limit_ms / 1000), static_cast<suseconds_t>(limit_ms % 1000 * 1000)};
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int rc = -1;
    do rc = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    while (rc != 0 && errno == EINTR);
    if (rc != 0) return connect_error(path, errno, limit_ms);
    return fd;
}

Error no_answer(const Connection& connection, int64_t waited_ms) {
    const bool chosen = connection.request_ms_max > 0;
    return Error(Code::timeout, fmt::format("error: no answer from {} within {} (ETIMEDOUT): {}; --request-timeout={}",
                                            connection.socket, seconds_text(waited_ms), advice(ETIMEDOUT),
                                            chosen ? "DURATION waits longer" : "0 waits for ever"));
}

}  // namespace orilla::cli
