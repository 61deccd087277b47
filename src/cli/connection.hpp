// The way to the daemon: its unix socket, and what a person can do when nobody is there.
#pragma once

#include <cstdint>
#include <string>

#include "options.hpp"
#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::cli {

constexpr int64_t connect_ms_max = 5'000;
constexpr int64_t answer_ms_max = 60'000;         ///< until an answer begins; what streams may then take as long as it likes
constexpr int64_t image_answer_ms_max = 600'000;  ///< the same for work on images, which waits for slow flash

struct Connection {
    std::string socket;
    int64_t request_ms_max = -1;  ///< of a whole request; 0: no limit at all; -1: only that an answer begins in time
    int verbosity = 0;
};

/// --socket, --request-timeout and -v; fails for what is no duration.
Result<Connection> plan_connection(const Options& options);
/// Can it be the path of a socket at all?
Result<void> check_socket_path(const std::string& path);
/// A connected socket within `limit_ms`. The error names the errno and says what to do: nobody made the socket, nobody
/// listens, we may not, or the daemon does not take connections.
Result<UniqueFd> connect_socket(const std::string& path, int64_t limit_ms = connect_ms_max);
/// The daemon took the request, and did not answer.
Error no_answer(const Connection& connection, int64_t waited_ms);

}  // namespace orilla::cli
