// The start plan: everything a child does between clone and exec, decided beforehand by the daemon and laid out as
// bytes, so that the child makes no choice, needs no heap and can say which step failed. The daemon writes it into a
// memfd; the supervisor maps it and walks its steps. Shared by both sides, so: plain data, no other folder.
//
// Offsets count from the start of the plan. A text is NUL-terminated; offset 0 means "none". The last byte is NUL.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace orilla::supervisor {

inline constexpr uint32_t plan_magic = 0x4c50524fU;  // "ORPL"
inline constexpr uint16_t plan_version = 1;
inline constexpr uint32_t plan_bytes_max = 4U << 20;
inline constexpr uint16_t plan_steps_max = 1024;
/// A step names the mounts and directories it works on by slot.
inline constexpr uint64_t slots_max = 16;
inline constexpr uint64_t shared_max = 16;            ///< mounts that are kept from before the host's are left
inline constexpr uint64_t own_root_slot = slots_max;  ///< resolve_user: the caller's root directory

enum class StepKind : uint32_t {
    none,
    join_cgroup,       ///< text0 cgroup.procs; write 0
    enter_container,   ///< number0 namespace flags: setns to the plan's target container
    enter_namespace,   ///< text0 namespace file, number0 its CLONE_NEW* type
    unshare,           ///< number0 CLONE_NEW* flags
    set_host_name,     ///< text0
    write_file,        ///< text0 path, text1 content, number0 the file system's magic it must have (0: any)
    set_propagation,   ///< number0 MS_* flags, for the whole tree
    mount_overlay,     ///< text0 lower directories joined by NUL, number0 their count, text1 upper, text2 work,
                       ///< text3 mount point, number1 slot, number2 1: kernel knows lowerdir+, number3 1: volatile
    new_mount,         ///< text0 type, text1 options "a=b,c", number0 MOUNT_ATTR_*, number1 slot
    clone_tree,        ///< text0 source, text1 path beneath it, number0 1: recursive, number1 slot,
                       ///< number2 MOUNT_ATTR_* to set, number3 MS_PRIVATE or MS_SLAVE
    attach,            ///< number0 slot, number1 root slot, text0 destination
    attach_plain,      ///< the same, and no component of the destination may be a link
    attach_at_path,    ///< number0 slot, text0 host path; its root is opened into slot number1
    make_node,         ///< number0 slot, text0 name, number1 mode, number2 device number
    clone_node,        ///< number0 slot, text0 name, text1 host device: the same type and number
    make_link,         ///< number0 slot, text0 name, text1 target
    make_dir,          ///< number0 slot, text0 path resolved in it (parents too), number1 mode; a name without a
                       ///< slash must not exist yet
    mask,              ///< number0 root slot, text0 path, text1 host's /dev/null, text2 host's empty directory
    make_read_only,    ///< number0 root slot, text0 path (none: the root mount alone),
                       ///< number1 1: path is a mount of ours, change that one alone
    pivot,             ///< number0 root slot
    resolve_user,      ///< number0 slot, text0 user text, number1 uid or -1, number2 gid or -1,
                       ///< number3 offset of {uint64_t count, uint32_t gid[count]}
    open_stdio,        ///< stdin from /dev/null, stdout and stderr from the supervisor; owned by the user
    open_terminal,     ///< a new terminal of the container's devpts becomes 0, 1, 2; the master is sent back
    set_limit,         ///< number0 resource, number1 soft, number2 hard (UINT64_MAX: as it is)
    set_bounding_set,  ///< number0 capability mask
    set_user,          ///< groups, gid, uid as resolved
    set_capabilities,  ///< number0 capability mask
    set_no_new_privs,
    set_seccomp,      ///< number0 offset of the filter, number1 its instructions, number2 SECCOMP_FILTER_FLAG_*
    new_session,      ///< setsid, a new session keyring
    change_dir,       ///< text0; must be inside the root
    die_with_parent,  ///< SIGKILL when the supervisor dies
    run,              ///< number0 offset of argv, number1 offset of env: tables of uint64_t offsets ending with 0
                      ///< (env with room for one more), text0 PATH; flag add_home
    wait_for_ever,    ///< the pod's init: reaps whatever is given to it
    // Only ever added here: a supervisor meets the plans of newer daemons.
    make_mount_point,      ///< number0 slot, text0 path resolved beneath it: a directory, or an empty file where what text1
                           ///< and text2 name (as in clone_tree) is none
    set_attributes,        ///< number0 slot, number1 MOUNT_ATTR_*, number2 1: with the mounts below; when it is attached
    open_user_namespace,   ///< text0 its file, number0 slot, number1 the first of its ids: what is made from here on belongs to
                           ///< that one
    map_ids,               ///< number0 slot of a mount that has no place yet, number1 slot of the user namespace
    enter_user_namespace,  ///< number0 slot
    keep_shared,           ///< as clone_tree, but number1 the place where it is kept; before set_propagation: it stays one with
                           ///< the host's mount, and each sees what is mounted in the other
    take_shared,           ///< number0 1: recursive, number1 slot, number2 MOUNT_ATTR_* to set, number3 the place
    count_                 ///< not a step
};

enum StepFlags : uint32_t {
    step_best_effort = 1,  ///< an error is not one
    step_add_home = 2,     ///< HOME is not in env: take it from the image's passwd
    step_root_only = 4,    ///< clone_tree: read-only and friends only on the top mount
    step_given_groups = 8  ///< resolve_user: without the groups that the image's /etc/group puts the user in
};

struct Step {
    StepKind kind;
    uint32_t flags;
    uint64_t number[4];
    uint32_t text[4];
};
static_assert(sizeof(Step) == 56);

enum PlanFlags : uint32_t {
    plan_in_pod_pid_namespace = 1,     ///< clone into the pod's shared process namespace
    plan_in_target_pid_namespace = 2,  ///< clone into the target container's
    plan_stdin = 8,                    ///< stdin stays open: a pipe whose other end the supervisor keeps
    plan_terminal = 4,                 ///< open_terminal will send a master back
};

struct PlanHeader {
    uint32_t magic;
    uint16_t version;
    uint16_t step_count;
    uint32_t bytes;
    uint32_t flags;
    uint64_t clone_flags;  ///< CLONE_NEWPID, CLONE_NEWNS ...
    uint32_t id;           ///< texts kept in the state file
    uint32_t name;
    uint32_t log_path;
    uint32_t scratch_dir;
    uint32_t into_cgroup;  ///< directory of the unified hierarchy that the child is born in; 0: join_cgroup steps
    uint32_t target;       ///< of an exec: handle of the container
    int32_t stop_signal;
    uint32_t reserved;
    Step steps[];
};
static_assert(sizeof(PlanHeader) == 56);

}  // namespace orilla::supervisor
