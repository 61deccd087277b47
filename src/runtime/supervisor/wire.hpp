// What daemon and supervisor say to each other on a SOCK_SEQPACKET unix socket, and the state file that tells a later
// daemon what happened when both were gone. One message is one packet. Versioned, because a supervisor lives as long
// as its pod and will meet newer daemons: fields are only ever added at the end, and types are never reused.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace orilla::supervisor {

inline constexpr uint16_t wire_version = 1;
/// Records at once. A container that starts again has two for a moment, and the API takes 60 containers a pod.
inline constexpr int containers_max = 128;
inline constexpr int execs_max = 64;

enum class MessageType : uint16_t {
    none,
    // daemon -> supervisor
    hello,            ///< answered by hello_reply, or by start_failed when the pod itself could not be set up; what
                      ///< happened before is in the state file
    start_container,  ///< fds: plan
    start_exec,       ///< fds: plan, stdin, stdout, stderr
    signal,
    forget,    ///< an exited container
    shutdown,  ///< kills everything; done, then the end of the stream
    // supervisor -> daemon
    hello_reply = 64,
    started,
    start_failed,
    exited,
    done,
    refused,
};

struct Message {
    uint16_t version;
    MessageType type;
    uint32_t request;   ///< echoed in the answer; 0 for events
    int64_t number[4];  ///< by messages.hpp
};
static_assert(sizeof(Message) == 40);
inline constexpr int message_fds_max = 4;

// ---- the state file: the supervisor's own table, mapped --------------------------------------------------------------

inline constexpr uint32_t state_magic = 0x5453524fU;  // "ORST"

enum class RecordPhase : uint32_t { free, running, exited };

struct Record {
    char id[96];
    char name[64];
    char log_path[512];
    char scratch_dir[256];
    RecordPhase phase;
    uint32_t handle;
    int32_t pid;
    int32_t exit_code;
    int32_t signal;
    int32_t stop_signal;
    int64_t started_wall_ns;
    int64_t finished_wall_ns;
    char reserved[56];
};
static_assert(sizeof(Record) == 1024);

struct StateFile {
    uint32_t magic;
    uint16_t version;
    uint16_t record_count;
    int32_t supervisor_pid;
    uint32_t next_handle;
    char reserved[1008];
    Record records[containers_max];
};
static_assert(sizeof(StateFile) == 1024 * (1 + containers_max));

// ---- the fds a supervisor is born with -------------------------------------------------------------------------------

inline constexpr int listener_fd = 3;
inline constexpr int state_fd = 4;
inline constexpr int pod_plan_fd = 5;
inline constexpr int init_plan_fd = 6;  ///< plan of the pod's own init; /dev/null when processes are not shared

}  // namespace orilla::supervisor
