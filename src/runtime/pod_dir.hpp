// What a pod keeps below the run directory, so that a later daemon finds it: the facts of the pod, the supervisor's
// socket and state file, the plans of future execs, how far a container's stop has come. Removed with the pod.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "container_plan.hpp"
#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/runtime/runtime.hpp"
#include "supervisor/wire.hpp"

namespace orilla::runtime {

/// The facts that are not in the supervisor's state file.
struct PodRecord {
    PodFacts facts;
    std::string cgroup;
    int64_t created_ms = -1;  ///< CLOCK_MONOTONIC
    bool operator==(const PodRecord&) const = default;
};

// Pure.
std::string render_pod_record(const PodRecord& record);
Result<PodRecord> parse_pod_record(std::string_view text);
std::string render_stop(const StopProgress& stop);
/// What cannot be read has not happened.
StopProgress parse_stop(std::string_view text);

/// A file replaced as a whole: written beside it and renamed.
Result<void> write_file_atomically(const std::string& path, std::string_view content, unsigned mode);
/// Whole content of what is no link; not_found without one, too_large past `bytes_max`.
Result<std::string> read_own_file(const std::string& path, size_t bytes_max);
/// Its last bytes_max bytes.
Result<std::string> read_file_end(const std::string& path, size_t bytes_max);

/// Directories, the small files that containers get copies of, and the pod's /dev/shm. On
/// failure what was made stays, for `remove_pod_dir`.
Result<PodRecord> make_pod_dir(const std::string& dir, const PodSandboxSpec& spec, const std::string& cgroup, uint32_t first_id,
                               int64_t now_ms);
/// Bound and listening at DIR/socket.
Result<UniqueFd> open_listener(const std::string& dir);
Result<UniqueFd> open_state_file(const std::string& dir);
/// What is mounted below a pod's directory, in the host's mount namespace.
void unmount_pod_dir(const std::string& dir);
/// The supervisor's own table as it is now; empty when there is none.
std::vector<supervisor::Record> read_state_records(const std::string& dir);
std::optional<int> read_supervisor_pid(const std::string& dir);

inline std::string socket_path(const std::string& dir) { return dir + "/socket"; }
inline std::string exec_plan_path(const std::string& dir, const std::string& container_id) {
    return dir + "/" + container_id + ".exec";
}
inline std::string stop_path(const std::string& dir, const std::string& container_id) {
    return dir + "/" + container_id + ".stop";
}
/// The termination message of a container, in room of its own.
std::string message_path(const PodFacts& facts, const std::string& container_id);
/// Empty, for everybody to write; its path.
Result<std::string> make_message_file(const PodFacts& facts, const std::string& container_id);
/// Fine when there is none.
void remove_message_file(const PodFacts& facts, const std::string& container_id);
constexpr size_t pod_file_bytes_max = 2U << 20;
Result<std::vector<PodFile>> read_pod_files(const PodFacts& facts);

}  // namespace orilla::runtime
