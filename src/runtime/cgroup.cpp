#include "cgroup.hpp"

#include <fmt/core.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "cgroup_files.hpp"

namespace orilla::runtime {

namespace {

constexpr int64_t cpu_period_us = 100'000;
constexpr int64_t cpu_quota_us_min = 1'000;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const size_t end = std::min(text.find(separator), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::string rule_text(const DeviceRule& rule, const char* access) {
    const auto number = [](int64_t value) { return value < 0 ? std::string("*") : std::to_string(value); };
    return fmt::format("{} {}:{} {}", rule.type, number(rule.major), number(rule.minor), access);
}

}  // namespace

std::vector<DeviceRule> default_device_rules() {
    return {{'c', 1, 3}, {'c', 1, 5}, {'c', 1, 7}, {'c', 1, 8}, {'c', 1, 9}, {'c', 5, 0}, {'c', 5, 2}, {'c', 136, -1}};
}

std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo) {
    std::vector<CgroupMount> mounts;
    for (std::string_view line : split(mountinfo, '\n')) {
        const size_t dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        const auto before = split(line.substr(0, dash), ' ');
        const auto after = split(line.substr(dash + 3), ' ');
        if (before.size() < 5 || after.size() < 3) continue;
        CgroupMount mount{after[0] == "cgroup2", std::string(before[4]), std::string(before[3]), {}};
        if (after[0] == "cgroup") {
            for (std::string_view option : split(after[2], ','))
                if (option != "rw" && option != "ro" && option.find('=') == std::string_view::npos && option != "none" &&
                    option != "xattr" && option != "clone_children" && option != "favordynmods")
                    mount.controllers.emplace_back(option);
            if (mount.controllers.empty()) continue;
        } else if (!mount.unified) {
            continue;
        }
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

uint64_t cpu_shares(int64_t request_milli) {
    constexpr int64_t shares_min = 2, shares_max = 262'144;
    return static_cast<uint64_t>(std::clamp(request_milli * 1024 / 1000, shares_min, shares_max));
}

uint64_t cpu_weight(uint64_t shares) { return 1 + (shares - 2) * 9999 / 262'142; }

uint64_t find_counter(std::string_view text, std::string_view key) {
    for (std::string_view line : split(text, '\n')) {
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') continue;
        uint64_t value = 0;
        std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
        return value;
    }
    return 0;
}

uint64_t node_working_set(std::string_view meminfo) {
    uint64_t total = 0, unused = 0;
    for (std::string_view line : split(meminfo, '\n')) {
        const auto words = split(line, ' ');
        if (words.size() < 2) continue;
        uint64_t kib = 0;
        std::from_chars(words[1].data(), words[1].data() + words[1].size(), kib);
        if (words[0] == "MemTotal:") total = kib;
        else if (words[0] == "MemFree:" || words[0] == "Inactive(file):") unused += kib;
    }
    return (total - std::min(total, unused)) * 1024;
}

uint64_t working_set(uint64_t bytes, const std::string& stat_file, std::string_view inactive_key) {
    return bytes - std::min(bytes, find_counter(read_small_file(stat_file), inactive_key));
}

uint64_t read_node_memory() { return node_working_set(read_small_file("/proc/meminfo")); }

std::vector<CgroupWrite> plan_v1_writes(const CgroupSettings& settings) {
    const Resources& resources = settings.resources;
    std::vector<CgroupWrite> writes;
    writes.push_back({"cpu", "cpu.shares", std::to_string(cpu_shares(resources.cpu_request_milli))});
    if (resources.cpu_limit_milli > 0) {
        const int64_t quota = std::max(resources.cpu_limit_milli * cpu_period_us / 1000, cpu_quota_us_min);
        writes.push_back({"cpu", "cpu.cfs_period_us", std::to_string(cpu_period_us)});
        writes.push_back({"cpu", "cpu.cfs_quota_us", std::to_string(quota)});
    }
    if (resources.memory_limit_bytes > 0) {
        const std::string limit = std::to_string(resources.memory_limit_bytes);
        writes.push_back({"memory", "memory.limit_in_bytes", limit});
        // With swap accounting in the kernel: no swap on top of it.
        writes.push_back({"memory", "memory.memsw.limit_in_bytes", limit, true});
    }
    if (resources.pids_max > 0) writes.push_back({"pids", "pids.max", std::to_string(resources.pids_max)});
    if (settings.restrict_devices) {
        writes.push_back({"devices", "devices.deny", "a"});
        for (char type : {'c', 'b'}) writes.push_back({"devices", "devices.allow", rule_text({type, -1, -1}, "m")});
        for (const auto& rule : settings.devices) writes.push_back({"devices", "devices.allow", rule_text(rule, "rwm")});
    }
    return writes;
}

std::vector<CgroupWrite> plan_v1_update(const Resources& resources) {
    const int64_t quota = std::max(resources.cpu_limit_milli * cpu_period_us / 1000, cpu_quota_us_min);
    const std::string memory = resources.memory_limit_bytes > 0 ? std::to_string(resources.memory_limit_bytes) : "-1";
    // That with swap may never be less than that without: it comes first where it rises, and last where it sinks.
    return {{"cpu", "cpu.shares", std::to_string(cpu_shares(resources.cpu_request_milli))},
            {"cpu", "cpu.cfs_period_us", std::to_string(cpu_period_us)},
            {"cpu", "cpu.cfs_quota_us", resources.cpu_limit_milli > 0 ? std::to_string(quota) : "-1"},
            {"memory", "memory.memsw.limit_in_bytes", memory, true},
            {"memory", "memory.limit_in_bytes", memory},
            {"memory", "memory.memsw.limit_in_bytes", memory, true}};
}

std::vector<CgroupWrite> plan_v2_update(const Resources& resources) {
    const int64_t quota = std::max(resources.cpu_limit_milli * cpu_period_us / 1000, cpu_quota_us_min);
    const std::string cpu = resources.cpu_limit_milli > 0 ? std::to_string(quota) : "max";
    const bool limited = resources.memory_limit_bytes > 0;
    return {{"", "cpu.weight", std::to_string(cpu_weight(cpu_shares(resources.cpu_request_milli)))},
            {"", "cpu.max", fmt::format("{} {}", cpu, cpu_period_us)},
            {"", "memory.max", limited ? std::to_string(resources.memory_limit_bytes) : "max"},
            {"", "memory.swap.max", limited ? "0" : "max", true}};
}

Result<void> update_limits(Cgroups& cgroups, const std::string& path, const Resources& resources) {
    const auto used = cgroups.read_usage(path);
    const auto limit = static_cast<uint64_t>(std::max<int64_t>(resources.memory_limit_bytes, 0));
    if (limit > 0 && used && used->memory_bytes > limit)
        return Error(Code::unavailable, fmt::format("attempting to set a memory limit ({}) below the current usage ({})", limit,
                                                    used->memory_bytes));
    return cgroups.update(path, resources);
}

std::vector<CgroupWrite> plan_v2_writes(const CgroupSettings& settings) {
    const Resources& resources = settings.resources;
    std::vector<CgroupWrite> writes;
    writes.push_back({"", "cpu.weight", std::to_string(cpu_weight(cpu_shares(resources.cpu_request_milli)))});
    if (resources.cpu_limit_milli > 0) {
        const int64_t quota = std::max(resources.cpu_limit_milli * cpu_period_us / 1000, cpu_quota_us_min);
        writes.push_back({"", "cpu.max", fmt::format("{} {}", quota, cpu_period_us)});
    }
    if (resources.memory_limit_bytes > 0) {
        writes.push_back({"", "memory.max", std::to_string(resources.memory_limit_bytes)});
        writes.push_back({"", "memory.swap.max", "0", true});
    }
    if (resources.pids_max > 0) writes.push_back({"", "pids.max", std::to_string(resources.pids_max)});
    if (settings.kill_as_one) writes.push_back({"", "memory.oom.group", "1", true});
    return writes;
}

namespace {

/// Our own cgroup in the unified hierarchy, or in the first v1 one: "/system.slice/orilla.service".
std::string own_cgroup() {
    std::string first;
    const std::string own = read_small_file("/proc/self/cgroup");
    for (std::string_view line : split(own, '\n')) {
        const size_t path = line.find('/');
        if (path == std::string_view::npos) continue;
        if (line.starts_with("0::")) return std::string(line.substr(path));
        if (first.empty()) first = line.substr(path);
    }
    return first;
}

}  // namespace

UniqueFd favor_fast_moves() {
    UniqueFd fs(static_cast<int>(syscall(SYS_fsopen, "cgroup", FSOPEN_CLOEXEC)));
    const auto set_flag = [&fs](const char* key) {
        return syscall(SYS_fsconfig, fs.get(), FSCONFIG_SET_FLAG, key, nullptr, 0) == 0;
    };
    if (!fs || !set_flag("none") || !set_flag("favordynmods")) return {};
    if (syscall(SYS_fsconfig, fs.get(), FSCONFIG_SET_STRING, "name", "orilla", 0) != 0) return {};
    if (syscall(SYS_fsconfig, fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return {};
    return UniqueFd(static_cast<int>(syscall(SYS_fsmount, fs.get(), FSMOUNT_CLOEXEC, 0)));
}

Result<void> check_cgroup_controllers() {
    std::string available = " ";
    for (const auto& mount : parse_cgroup_mounts(read_small_file("/proc/self/mountinfo"))) {
        if (mount.unified) available += read_small_file(mount.mount_point + "/cgroup.controllers") + " ";
        for (const auto& controller : mount.controllers) available += controller + " ";
    }
    std::replace(available.begin(), available.end(), '\n', ' ');
    for (const char* name : {"cpu", "memory", "pids"})
        if (available.find(fmt::format(" {} ", name)) == std::string::npos)
            return Error(Code::unsupported, fmt::format("cgroup controller {} is missing", name));
    return ok();
}

namespace {

std::string root_path(const std::string& root, bool unified) {
    std::string path = root.empty() ? own_cgroup() : root;
    if (path.empty() || path == "/") path = "/orilla";
    if (path.front() != '/') path.insert(path.begin(), '/');
    // Started anew inside the leaf of an earlier life: the root is above it.
    if (unified && path.ends_with(daemon_leaf)) path.resize(path.size() - daemon_leaf.size());
    return path;
}

/// Its hierarchies; a unified one beside v1 ones has no controllers: those are where they are mounted.
struct Mounts {
    std::vector<CgroupMount> all = parse_cgroup_mounts(read_small_file("/proc/self/mountinfo"));
    const CgroupMount* v1 = nullptr;  ///< of the pids controller
    const CgroupMount* v2 = nullptr;  ///< when there is no v1
    Mounts() {
        for (const auto& mount : all) {
            if (mount.unified && !v2) v2 = &mount;
            if (!mount.unified &&
                (!v1 || std::find(mount.controllers.begin(), mount.controllers.end(), "pids") != mount.controllers.end()))
                v1 = &mount;
        }
        if (v1) v2 = nullptr;
    }
    Mounts(const Mounts&) = delete;
    Mounts& operator=(const Mounts&) = delete;
};

Error no_cgroups() { return Error(Code::unsupported, "no cgroup file system is mounted below /sys/fs/cgroup"); }

}  // namespace

Result<CgroupPlace> find_cgroup_root(const std::string& root) {
    const Mounts mounts;
    const CgroupMount* mount = mounts.v1 ? mounts.v1 : mounts.v2;
    if (!mount) return no_cgroups();
    return CgroupPlace{mount->mount_point, root_path(root, mount->unified), mount->unified};
}

Result<std::unique_ptr<Cgroups>> Cgroups::open(const std::string& root) {
    const Mounts mounts;
    if (mounts.v1) return open_cgroups_v1(mounts.all, root_path(root, false));
    if (mounts.v2) return open_cgroups_v2(*mounts.v2, root_path(root, true));
    return no_cgroups();
}

}  // namespace orilla::runtime
