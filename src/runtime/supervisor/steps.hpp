// Walks a start plan in the process that calls it. One function a step kind; none makes a choice that the plan does not
// name. Async-signal-safe throughout: the caller may be a child that shares the supervisor's memory.
#pragma once

#include "plan_format.hpp"
#include "sys.hpp"
#include "users.hpp"

namespace orilla::supervisor {

/// A mapped plan whose header, steps and texts have been checked to lie inside it.
struct Plan {
    char* base = nullptr;
    uint32_t bytes = 0;

    const PlanHeader& header() const { return *(const PlanHeader*)base; }
    const char* text(uint32_t offset) const { return offset ? base + offset : nullptr; }
};

/// Maps what `fd` holds. -errno when it is not a plan.
long map_plan(int fd, Plan& plan);
void unmap_plan(Plan& plan);

/// What is added to a mount, or to it and all mounts below it.
struct MountChange {
    uint64_t attributes = 0;   ///< MOUNT_ATTR_* of the four that mount(2) has, too
    uint64_t propagation = 0;  ///< MS_PRIVATE or MS_SLAVE; 0: as it is
    bool all_get = false, all_hear = false;
};

/// What the steps of one start hand to each other.
struct Context {
    Plan plan;
    int slots[slots_max];
    MountChange later[slots_max];  ///< of the mount in a slot, once it is attached
    int shared[shared_max];        ///< kept by keep_shared
    int stdio[3];                  ///< the child's ends; -1: /dev/null of its own
    int target_pidfd = -1;         ///< of enter_container
    int supervisor_pidfd = -1;
    int terminal_socket = -1;  ///< where open_terminal sends the master
    User user;
    uint32_t first_id = 0;  ///< of the pod's user namespace: what its 0 is to the host
};
void reset_context(Context& context, const Plan& plan);
/// Whose the files are that this process makes: to the host, not in the pod's user namespace. False when it cannot be.
bool set_file_owner(uint32_t id);
/// Root's for a while, where a volume is not mapped yet.
class HostFiles {
  public:
    explicit HostFiles(const Context& context) : first_id_(context.first_id) {
        if (first_id_) set_file_owner(0);
    }
    HostFiles(const HostFiles&) = delete;
    HostFiles& operator=(const HostFiles&) = delete;
    ~HostFiles() {
        if (first_id_) set_file_owner(first_id_);
    }

  private:
    uint32_t first_id_;
};
/// The directory of a slot; slots_max names the caller's own root.
int directory_of(const Context& context, uint64_t slot);

/// Where and why a plan stopped.
struct Report {
    int step = -1;
    int error = 0;
};

/// All steps in order; returns 0, or -errno of the first that failed, noted in `report`. A `run` step that works does
/// not return.
long walk_plan(Context& context, Report& report);

using StepFunction = long (*)(Context&, const Step&);

// mounts.cpp
long set_propagation(Context&, const Step&);
long mount_overlay(Context&, const Step&);
long new_mount(Context&, const Step&);
long clone_tree(Context&, const Step&);
long keep_shared(Context&, const Step&);
long take_shared(Context&, const Step&);
long attach(Context&, const Step&);
long attach_plain(Context&, const Step&);
long attach_at_path(Context&, const Step&);
long mask(Context&, const Step&);
long make_read_only(Context&, const Step&);
long make_mount_point(Context&, const Step&);
long set_attributes(Context&, const Step&);
long map_ids(Context&, const Step&);
long pivot(Context&, const Step&);
// files.cpp
long make_node(Context&, const Step&);
long clone_node(Context&, const Step&);
long make_link(Context&, const Step&);
long make_dir(Context&, const Step&);
long write_file(Context&, const Step&);
long join_cgroup(Context&, const Step&);
// identity.cpp
long open_user_namespace(Context&, const Step&);
long enter_user_namespace(Context&, const Step&);
long resolve_user(Context&, const Step&);
long set_user(Context&, const Step&);
long set_bounding_set(Context&, const Step&);
long set_capabilities(Context&, const Step&);
long set_no_new_privs(Context&, const Step&);
long set_seccomp(Context&, const Step&);
// process.cpp
long enter_container(Context&, const Step&);
long enter_namespace(Context&, const Step&);
long unshare_namespaces(Context&, const Step&);
long set_host_name(Context&, const Step&);
long open_stdio(Context&, const Step&);
long open_terminal(Context&, const Step&);
long set_limit(Context&, const Step&);
long new_session(Context&, const Step&);
long change_dir(Context&, const Step&);
long die_with_parent(Context&, const Step&);
long run(Context&, const Step&);
long wait_for_ever(Context&, const Step&);

// ---- mounts (attributes.cpp) -----------------------------------------------------------------------------------------

constexpr unsigned long recursive_flag = 0x8000;  // AT_RECURSIVE
/// Of an attached mount or of one that is not; -ENOSYS before 5.12.
long change_mount(int mount, const MountChange& change);
/// Of an attached one, whatever the kernel.
long change_attached_mount(int mount, const MountChange& change);

// ---- paths (files.cpp) -----------------------------------------------------------------------------------------------

/// openat2(2) beneath a root directory: neither `..` nor a link gets out of it.
long open_in_root(int root, const char* path, uint64_t flags, uint64_t more_resolve = 0, uint64_t mode = 0);
/// The same, making what is missing: parents as directories, the last component as a directory or an empty file.
long ensure_in_root(int root, const char* path, bool directory, uint64_t more_resolve, uint32_t mode = 0755);
/// statx(2) of an fd itself: type bits and device number.
struct FileFacts {
    uint32_t mode;
    uint32_t device_major, device_minor;
    uint64_t size;
};
long read_facts(int fd, FileFacts& facts);
/// statfs(2) of the file system that an fd is in.
struct FileSystemFacts {
    uint64_t type;  ///< *_MAGIC
    uint64_t blocks, available_blocks, block_bytes;
    uint64_t flags;  ///< ST_*: of the mount
};
long read_file_system(int fd, FileSystemFacts& facts);

}  // namespace orilla::supervisor
