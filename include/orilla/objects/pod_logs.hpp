// The logs of a pod's containers, which the API server reads and the node has. Nothing here blocks: what takes time is a Task.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/loop/byte_stream.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::objects {

enum class LogSource { all, standard_output, standard_error };

struct LogOptions {
    LogSource source = LogSource::all;  ///< tail_lines counts the lines of all
    bool follow = false;
    bool timestamps = false;  ///< RFC3339Nano and a space before each line
    std::optional<int64_t> tail_lines;
    std::optional<int64_t> limit_bytes;
    std::optional<int64_t> since_wall_ns;  ///< only lines written at or after this time
};

/// The query of GET pods/NAME/log, already checked; `container` is never empty.
struct LogRequest : LogOptions {
    std::string ns;
    std::string pod;
    std::string pod_uid;
    std::string container;
    bool previous = false;  ///< the attempt before the current one
};

class PodLogs {
  public:
    virtual ~PodLogs() = default;
    /// The container's output, timestamps stripped unless asked for. With `follow` the stream ends when the container
    /// has ended. Errors in kubelet's words: bad_request `previous terminated container "c" in pod "p" not found`,
    /// bad_request when the container is still being created.
    virtual loop::Task<Result<std::unique_ptr<loop::ByteStream>>> open(LogRequest request) = 0;
};

}  // namespace orilla::objects
