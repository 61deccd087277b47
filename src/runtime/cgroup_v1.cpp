// cgroup v1: the same path in every controller's hierarchy. Killing for sure means freezing first, so that nothing
// forks away while we count.
#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "cgroup.hpp"
#include "cgroup_files.hpp"
#include "orilla/base/clock.hpp"

namespace orilla::runtime {

namespace {

constexpr const char* used_controllers[] = {"cpu", "cpuacct", "memory", "pids", "freezer", "devices"};
constexpr const char* needed_controllers[] = {"cpu", "memory", "pids", "freezer", "devices"};

struct Hierarchy {
    std::string mount_point;
    std::vector<std::string> controllers;
};

class CgroupsV1 final : public Cgroups {
  public:
    CgroupsV1(std::vector<Hierarchy> hierarchies, std::string root)
        : hierarchies_(std::move(hierarchies)), root_(std::move(root)) {}

    Result<void> create(const std::string& path, const CgroupSettings& settings) override {
        for (const auto& hierarchy : hierarchies_) TRY_VOID(make_directories(hierarchy.mount_point + root_ + path));
        for (const auto& write : plan_v1_writes(settings)) {
            const Hierarchy* hierarchy = find(write.controller);
            if (!hierarchy) continue;
            auto written = write_small_file(hierarchy->mount_point + root_ + path + "/" + write.file, write.value);
            if (!written && !write.best_effort) return std::move(written).error();
        }
        return ok();
    }

    Result<void> update(const std::string& path, const Resources& resources) override {
        for (const auto& write : plan_v1_update(resources)) {
            const Hierarchy* hierarchy = find(write.controller);
            if (!hierarchy) continue;
            auto written = write_small_file(hierarchy->mount_point + root_ + path + "/" + write.file, write.value);
            if (!written && !write.best_effort) return std::move(written).error();
        }
        return ok();
    }

    std::vector<std::string> join_files(const std::string& path) const override {
        std::vector<std::string> files;
        for (const auto& hierarchy : hierarchies_) files.push_back(hierarchy.mount_point + root_ + path + "/cgroup.procs");
        return files;
    }

    std::string birth_directory(const std::string&) const override { return {}; }

    Result<void> kill(const std::string& path) override {
        const std::string dir = directory("freezer", path);
        if (access(dir.c_str(), F_OK) != 0) return ok();
        const std::string state = dir + "/freezer.state";
        // Asked for, not waited for: what is not frozen yet when the signals go out has them pending.
        if (auto frozen = write_small_file(state, "FROZEN"); !frozen) return frozen;
        for (int pid : read_processes(dir)) ::kill(pid, SIGKILL);
        return write_small_file(state, "THAWED");
    }

    void thaw(const std::string& path) override {
        const std::string dir = directory("freezer", path);
        (void)write_small_file(dir + "/freezer.state", "THAWED");
        for (const auto& name : list_directories(dir)) (void)write_small_file(dir + "/" + name + "/freezer.state", "THAWED");
    }

    Result<bool> remove(const std::string& path) override {
        bool all = true;
        for (const auto& hierarchy : hierarchies_) {
            TRY(const bool removed, remove_cgroup_tree(hierarchy.mount_point + root_ + path));
            all = all && removed;
        }
        return all;
    }

    bool has_processes(const std::string& path) const override { return !processes(path).empty(); }
    std::vector<int> processes(const std::string& path) const override { return read_processes(directory("freezer", path)); }

    uint64_t read_oom_kills(const std::string& path) const override {
        return find_counter(read_small_file(directory("memory", path) + "/memory.oom_control"), "oom_kill");
    }

    std::optional<UsageSample> read_usage(const std::string& path) const override {
        const std::string memory = directory("memory", path);
        const auto cpu_ns = find_number_in(directory("cpuacct", path) + "/cpuacct.usage");
        const int64_t taken_ns = SystemClock().monotonic_ns();
        const auto bytes = find_number_in(memory + "/memory.usage_in_bytes");
        if (!cpu_ns || !bytes) return std::nullopt;
        return UsageSample{taken_ns, *cpu_ns, working_set(*bytes, memory + "/memory.stat", "total_inactive_file")};
    }

    std::optional<UsageSample> read_node_usage() const override {
        const Hierarchy* hierarchy = find("cpuacct");
        const auto cpu_ns = hierarchy ? find_number_in(hierarchy->mount_point + "/cpuacct.usage") : std::nullopt;
        if (!cpu_ns) return std::nullopt;
        return UsageSample{SystemClock().monotonic_ns(), *cpu_ns, read_node_memory()};
    }

    std::vector<std::string> list(const std::string& path) const override {
        std::set<std::string> names;
        for (const auto& hierarchy : hierarchies_)
            for (auto& name : list_directories(hierarchy.mount_point + root_ + path)) names.insert(std::move(name));
        return {names.begin(), names.end()};
    }

    bool unified() const override { return false; }
    const std::string& root() const override { return root_; }
    std::vector<std::string> controllers() const override {
        std::vector<std::string> names;
        for (const auto& hierarchy : hierarchies_) {
            if (hierarchy.controllers.front() == "freezer" || hierarchy.controllers.front() == "devices") continue;
            std::string name;
            for (const auto& controller : hierarchy.controllers) name += (name.empty() ? "" : ",") + controller;
            names.push_back(std::move(name));
        }
        return names;
    }

  private:
    const Hierarchy* find(std::string_view controller) const {
        for (const auto& hierarchy : hierarchies_)
            if (std::find(hierarchy.controllers.begin(), hierarchy.controllers.end(), controller) !=
                hierarchy.controllers.end())
                return &hierarchy;
        return nullptr;
    }
    std::string directory(std::string_view controller, const std::string& path) const {
        const Hierarchy* hierarchy = find(controller);
        return hierarchy ? hierarchy->mount_point + root_ + path : std::string();
    }

    std::vector<Hierarchy> hierarchies_;
    std::string root_;
};

}  // namespace

Result<std::unique_ptr<Cgroups>> open_cgroups_v1(const std::vector<CgroupMount>& mounts, const std::string& root) {
    std::vector<Hierarchy> hierarchies;
    std::set<std::string> seen;
    for (const auto& mount : mounts) {
        if (mount.unified) continue;
        const bool used = std::any_of(std::begin(used_controllers), std::end(used_controllers), [&](const char* name) {
            return std::find(mount.controllers.begin(), mount.controllers.end(), name) != mount.controllers.end() &&
                   !seen.contains(name);
        });
        if (!used) continue;
        seen.insert(mount.controllers.begin(), mount.controllers.end());
        hierarchies.push_back({mount.mount_point, mount.controllers});
    }
    for (const char* name : needed_controllers)
        if (!seen.contains(name)) return Error(Code::unsupported, fmt::format("cgroup controller {} is not mounted", name));
    for (const auto& hierarchy : hierarchies) TRY_VOID(make_directories(hierarchy.mount_point + root));
    return std::unique_ptr<Cgroups>(std::make_unique<CgroupsV1>(std::move(hierarchies), root));
}

}  // namespace orilla::runtime
