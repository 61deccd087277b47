// cgroup v2: one directory a cgroup. Processes live only in leaves, so the daemon itself moves to one of its own when
// the root it was given is the cgroup it was started in (a systemd unit with Delegate=yes).
#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include "cgroup.hpp"
#include "cgroup_devices_bpf.hpp"
#include "cgroup_files.hpp"
#include "orilla/base/clock.hpp"

namespace orilla::runtime {

namespace {

constexpr const char* controllers_to_enable[] = {"cpu", "memory", "pids"};

/// Best effort a controller: what is missing shows when a limit cannot be written.
void enable_controllers(const std::string& dir) {
    for (const char* name : controllers_to_enable)
        (void)write_small_file(dir + "/cgroup.subtree_control", std::string("+") + name);
}

constexpr uint64_t us_ns = 1000;

class CgroupsV2 final : public Cgroups {
  public:
    CgroupsV2(std::string mount_point, std::string root) : mount_(std::move(mount_point)), root_(std::move(root)) {}

    Result<void> create(const std::string& path, const CgroupSettings& settings) override {
        // Every directory on the way hands its controllers down before the next is made.
        for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
            const std::string parent = directory(path.substr(0, end));
            if (access(parent.c_str(), F_OK) == 0) continue;
            TRY_VOID(make_directories(parent));
            enable_controllers(parent);
        }
        const std::string dir = directory(path);
        TRY_VOID(make_directories(dir));
        for (const auto& write : plan_v2_writes(settings)) {
            auto written = write_small_file(dir + "/" + write.file, write.value);
            if (!written && !write.best_effort) return std::move(written).error();
        }
        if (settings.has_children) enable_controllers(dir);
        if (settings.restrict_devices) return attach_device_filter(dir, settings.devices);
        return ok();
    }

    Result<void> update(const std::string& path, const Resources& resources) override {
        for (const auto& write : plan_v2_update(resources)) {
            auto written = write_small_file(directory(path) + "/" + write.file, write.value);
            if (!written && !write.best_effort) return std::move(written).error();
        }
        return ok();
    }

    std::vector<std::string> join_files(const std::string& path) const override { return {directory(path) + "/cgroup.procs"}; }

    std::string birth_directory(const std::string& path) const override { return directory(path); }

    Result<void> kill(const std::string& path) override {
        const std::string dir = directory(path);
        if (access(dir.c_str(), F_OK) != 0) return ok();
        if (write_small_file(dir + "/cgroup.kill", "1")) return ok();
        // Before 5.14: freeze, so that nothing forks away, and kill one by one.
        (void)write_small_file(dir + "/cgroup.freeze", "1");
        for (int pid : read_processes(dir)) ::kill(pid, SIGKILL);
        return write_small_file(dir + "/cgroup.freeze", "0");
    }

    void thaw(const std::string& path) override {
        const std::string dir = directory(path);
        (void)write_small_file(dir + "/cgroup.freeze", "0");
        for (const auto& name : list_directories(dir)) (void)write_small_file(dir + "/" + name + "/cgroup.freeze", "0");
    }

    Result<bool> remove(const std::string& path) override { return remove_cgroup_tree(directory(path)); }

    bool has_processes(const std::string& path) const override {
        return find_counter(read_small_file(directory(path) + "/cgroup.events"), "populated") != 0;
    }

    std::vector<int> processes(const std::string& path) const override { return read_processes(directory(path)); }

    uint64_t read_oom_kills(const std::string& path) const override {
        return find_counter(read_small_file(directory(path) + "/memory.events"), "oom_kill");
    }

    std::optional<UsageSample> read_usage(const std::string& path) const override {
        const std::string dir = directory(path);
        const std::string cpu = read_small_file(dir + "/cpu.stat");
        const int64_t taken_ns = SystemClock().monotonic_ns();
        const auto bytes = find_number_in(dir + "/memory.current");
        if (cpu.empty() || !bytes) return std::nullopt;
        return UsageSample{taken_ns, find_counter(cpu, "usage_usec") * us_ns,
                           working_set(*bytes, dir + "/memory.stat", "inactive_file")};
    }

    std::optional<UsageSample> read_node_usage() const override {
        const std::string cpu = read_small_file(mount_ + "/cpu.stat");
        if (cpu.empty()) return std::nullopt;
        return UsageSample{SystemClock().monotonic_ns(), find_counter(cpu, "usage_usec") * us_ns, read_node_memory()};
    }

    std::vector<std::string> list(const std::string& path) const override { return list_directories(directory(path)); }
    bool unified() const override { return true; }
    std::vector<std::string> controllers() const override { return {}; }
    const std::string& root() const override { return root_; }

  private:
    std::string directory(const std::string& path) const { return mount_ + root_ + path; }
    std::string mount_;
    std::string root_;
};

/// Moves the processes of `dir` into a leaf below it: a cgroup with processes cannot hand controllers down.
Result<void> vacate(const std::string& dir) {
    const std::string processes = read_small_file(dir + "/cgroup.procs");
    if (processes.empty()) return ok();
    const std::string leaf = dir + std::string(daemon_leaf);
    TRY_VOID(make_directories(leaf));
    size_t start = 0;
    while (start < processes.size()) {
        const size_t end = std::min(processes.find('\n', start), processes.size());
        // One that has ended meanwhile is no loss.
        (void)write_small_file(leaf + "/cgroup.procs", processes.substr(start, end - start));
        start = end + 1;
    }
    return ok();
}

}  // namespace

Result<std::unique_ptr<Cgroups>> open_cgroups_v2(const CgroupMount& mount, const std::string& root) {
    // The ancestors belong to systemd, or to nobody; hand down what they have.
    for (size_t end = 0; end != std::string::npos; end = root.find('/', end + 1)) {
        const std::string ancestor = mount.mount_point + root.substr(0, end);
        if (end > 0) TRY_VOID(make_directories(ancestor));
        enable_controllers(ancestor);
    }
    const std::string dir = mount.mount_point + root;
    TRY_VOID(make_directories(dir));
    TRY_VOID(vacate(dir));
    enable_controllers(dir);
    const std::string handed = " " + read_small_file(dir + "/cgroup.subtree_control");
    for (const char* name : controllers_to_enable)
        if (handed.find(std::string(" ") + name) == std::string::npos)
            return Error(Code::unsupported,
                         fmt::format("cgroup controller {} is not available below {}; in a systemd unit it needs Delegate=yes",
                                     name, dir));
    return std::unique_ptr<Cgroups>(std::make_unique<CgroupsV2>(mount.mount_point, root));
}

}  // namespace orilla::runtime
