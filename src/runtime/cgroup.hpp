// Control groups behind one front: a path such as "orilla/pods/UID/web-0" means a directory in the one unified
// hierarchy, or in each of the v1 controllers. It promises that a cgroup it made can be killed and removed completely,
// and it refuses to touch what lies outside of its root.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/runtime/runtime.hpp"
#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

/// Which devices a container may use. Making nodes is always allowed: the capability decides that.
struct DeviceRule {
    char type = 'c';
    int64_t major = -1;  ///< -1: all
    int64_t minor = -1;
    bool operator==(const DeviceRule&) const = default;
};
std::vector<DeviceRule> default_device_rules();

struct CgroupSettings {
    Resources resources{};
    bool restrict_devices = false;
    std::vector<DeviceRule> devices{};
    bool has_children = false;  ///< cgroups with limits of their own will be made below (v2)
    bool kill_as_one = false;   ///< an OOM kill takes every process (v2)
};

/// Where a root is: in the unified hierarchy, or in v1's of the pids controller, which stands for all of them.
struct CgroupPlace {
    std::string mount_point;
    std::string path;  ///< of the root, in every hierarchy
    bool unified = false;
    std::string directory() const { return mount_point + path; }
};
/// `root` as in RuntimeOptions.
Result<CgroupPlace> find_cgroup_root(const std::string& root);

inline constexpr const char* pods_cgroup = "/pods";         ///< below the root
inline constexpr std::string_view daemon_leaf = "/daemon";  ///< where the daemon itself lives in v2

class Cgroups {
  public:
    /// Finds the hierarchies and makes the root below them. `root` as in RuntimeOptions.
    static Result<std::unique_ptr<Cgroups>> open(const std::string& root);
    virtual ~Cgroups() = default;

    /// Makes it and its parents; settings apply to the last one. Fine when it exists.
    virtual Result<void> create(const std::string& path, const CgroupSettings& settings) = 0;
    /// Other limits, all but pids_max, for one that is there. Any thread.
    virtual Result<void> update(const std::string& path, const Resources& resources) = 0;
    /// The files that a process writes "0" to in order to join.
    virtual std::vector<std::string> join_files(const std::string& path) const = 0;
    /// The directory to be named to clone3's CLONE_INTO_CGROUP, which saves the joining; empty where that is not known.
    virtual std::string birth_directory(const std::string& path) const = 0;
    /// Starts the death of every process in it and below: call again until `remove` succeeds.
    virtual Result<void> kill(const std::string& path) = 0;
    /// Undoes the freezing that a daemon did not live to undo in its own `kill`: whoever joined a frozen cgroup, a new
    /// container and the supervisor that waits for it, would stand still for ever.
    virtual void thaw(const std::string& path) = 0;
    /// Removes it and what is below. False while a process is still in there. Fine when there is none.
    virtual Result<bool> remove(const std::string& path) = 0;
    virtual bool has_processes(const std::string& path) const = 0;
    /// Those in it and below, as far as this process's pid namespace shows them.
    virtual std::vector<int> processes(const std::string& path) const = 0;
    /// How many processes the OOM killer took here or below.
    virtual uint64_t read_oom_kills(const std::string& path) const = 0;
    /// Nothing when it is gone. This and the next may be called on any thread.
    virtual std::optional<UsageSample> read_usage(const std::string& path) const = 0;
    /// Of all there is, below the root or not.
    virtual std::optional<UsageSample> read_node_usage() const = 0;
    /// Names of the cgroups directly below, in any hierarchy.
    virtual std::vector<std::string> list(const std::string& path) const = 0;
    virtual bool unified() const = 0;
    /// What a container is shown of v1, as mounted: "cpu,cpuacct". Limits and usage; not what only we use.
    virtual std::vector<std::string> controllers() const = 0;
    virtual const std::string& root() const = 0;
};

/// Joining a cgroup waits for an RCU grace period, some 10 ms, unless some hierarchy asks the kernel for fast moves
/// (favordynmods, since 6.0). This makes a hierarchy of our own that does and is mounted nowhere: it ends with the fd.
/// No fd where the kernel cannot.
UniqueFd favor_fast_moves();

/// Whether the controllers that limits need are there at all; makes nothing.
Result<void> check_cgroup_controllers();

/// Refuses to take memory that is in use: the kernel would kill for it.
Result<void> update_limits(Cgroups& cgroups, const std::string& path, const Resources& resources);

// ---- pure parts ------------------------------------------------------------------------------------------------------

/// One cgroup mount of /proc/self/mountinfo.
struct CgroupMount {
    bool unified = false;
    std::string mount_point;
    std::string root;                      ///< of the hierarchy, as mounted
    std::vector<std::string> controllers;  ///< v1: cpu, cpuacct; named hierarchies are left out
    bool operator==(const CgroupMount&) const = default;
};
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo);

struct CgroupWrite {
    std::string controller;  ///< v1 hierarchy
    std::string file;
    std::string value;
    bool best_effort = false;
    bool operator==(const CgroupWrite&) const = default;
};
std::vector<CgroupWrite> plan_v1_writes(const CgroupSettings& settings);
std::vector<CgroupWrite> plan_v2_writes(const CgroupSettings& settings);
/// The same for what runs already: a limit that is none is taken away.
std::vector<CgroupWrite> plan_v1_update(const Resources& resources);
std::vector<CgroupWrite> plan_v2_update(const Resources& resources);
/// cpu.shares from a request in thousandths of a CPU, and the v2 weight that means the same.
uint64_t cpu_shares(int64_t request_milli);
uint64_t cpu_weight(uint64_t shares);
/// The value of "key" in lines of "key value".
uint64_t find_counter(std::string_view text, std::string_view key);
/// What of a node's memory is in use and not just a cache that was not looked at lately, by the text of /proc/meminfo.
uint64_t node_working_set(std::string_view meminfo);

// ---- what both backends read -----------------------------------------------------------------------------------------

/// `bytes` without what `stat_file` says under `inactive_key`.
uint64_t working_set(uint64_t bytes, const std::string& stat_file, std::string_view inactive_key);
uint64_t read_node_memory();

// ---- backends --------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<Cgroups>> open_cgroups_v1(const std::vector<CgroupMount>& mounts, const std::string& root);
Result<std::unique_ptr<Cgroups>> open_cgroups_v2(const CgroupMount& mount, const std::string& root);

}  // namespace orilla::runtime
