// The runtime's insides: one entry a pod, kept in step with what its supervisor says. Split over pods.cpp (life of a
// pod), containers.cpp, exec.cpp and adopt.cpp.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cgroup.hpp"
#include "container_plan.hpp"
#include "orilla/runtime/runtime.hpp"
#include "pod_dir.hpp"
#include "seccomp_profile.hpp"
#include "supervisor_client.hpp"
#include "supervisor_process.hpp"

namespace orilla::runtime {

struct ContainerEntry {
    ContainerState state;
    uint32_t handle = 0;
    std::string scratch_dir;
};

struct Exit {
    int exit_code = 0;
    int signal = 0;
    int64_t wall_ns = 0;
};

struct PodEntry {
    PodEntry(loop::Loop& loop, std::string pod_id) : id(std::move(pod_id)), changed(loop) {}

    std::string id;
    PodRecord record;
    pid_t supervisor_pid = 0;
    UniqueFd supervisor_pidfd;
    bool recorded = true;  ///< false: its file in the run directory is lost or damaged
    bool alive = false;
    bool removing = false;
    bool recovering = false;  ///< the connection was lost; looking for the supervisor
    std::shared_ptr<SupervisorClient> client;
    std::vector<ContainerEntry> containers;
    /// Exits of handles that nobody knows yet: the answer to their start is still on its way to the waiting task.
    std::set<std::string> starting;  ///< scratch directories of containers on their way
    std::map<uint32_t, Exit> early_exits;
    loop::Event changed;  ///< some process has exited, or the supervisor is gone

    /// For one that does not go when asked to, or cannot be asked.
    void kill_supervisor() const;

    const std::string& dir() const { return record.facts.dir; }
    std::string container_cgroup(const std::string& container_id) const { return record.cgroup + "/" + container_id; }
    ContainerEntry* find(const std::string& container_id);
    ContainerEntry* find(uint32_t handle);
    PodState state() const;
};
using PodPtr = std::shared_ptr<PodEntry>;

class RuntimeImpl final : public Runtime {
  public:
    RuntimeImpl(loop::Loop& loop, RuntimeOptions options, std::unique_ptr<Cgroups> cgroups, UniqueFd image);

    std::vector<PodState> pods() const override;
    std::optional<PodState> find_pod(const std::string& pod_id) const override;
    void on_change(std::function<void(const std::string&)> listener) override { listener_ = std::move(listener); }
    loop::Task<Result<std::string>> make_namespaces(std::string pod_id) override;
    loop::Task<Result<void>> create_pod(PodSandboxSpec spec) override;
    loop::Task<Result<ContainerState>> start_container(std::string pod_id, ContainerSpec spec) override;
    loop::Task<Result<void>> signal_container(std::string pod_id, std::string container_id, int signal) override;
    Result<void> note_stop(const std::string& pod_id, const std::string& container_id, const StopProgress& stop) override;
    bool has_exec(const std::string& pod_id, const std::string& container_id) const override;
    loop::Task<Result<ExecOutcome>> exec(std::string pod_id, std::string container_id, std::vector<std::string> args,
                                         int64_t timeout_ms, size_t output_bytes_max) override;
    loop::Task<Result<void>> remove_container(std::string pod_id, std::string container_id) override;
    loop::Task<Result<void>> remove_pod(std::string pod_id) override;
    loop::Task<Result<void>> collect_garbage(std::vector<std::string> known_pod_ids) override;
    Result<Usage> read_usage(const std::string& pod_id, const std::string& container_id) const override;
    Result<Usage> read_pod_usage(const std::string& pod_id) const override;
    loop::Task<Result<void>> remove_tree(std::string path) override;

    /// Reconnects to everything below the run directory.
    loop::Task<Result<void>> adopt();

  private:
    std::string pod_dir(const std::string& pod_id) const { return options_.run_dir + "/" + pod_id; }
    PodPtr find(const std::string& pod_id) const;
    Result<PodPtr> find_alive(const std::string& pod_id) const;

    // pods.cpp
    loop::Task<Result<void>> start_supervisor(PodPtr pod, PodSandboxSpec spec);
    loop::Task<Result<void>> remove_pod_entry(PodPtr pod);
    loop::Task<Result<void>> take_down(PodPtr pod);
    bool is_wanted_cgroup(const std::string& path) const;
    loop::Task<Result<void>> collect_cgroup(std::string path);
    loop::Task<Result<void>> remove_dir(std::string dir);
    loop::Task<Result<void>> remove_cgroup(std::string path);
    void connect(const PodPtr& pod, UniqueFd socket);
    loop::Task<void> recover_supervisor(PodPtr pod);
    void lose_supervisor(const PodPtr& pod);
    void note_exit(PodEntry& pod, const supervisor::Message& message);
    void settle_exit(PodEntry& pod, ContainerEntry& container, const Exit& exit);
    void tell(const std::string& pod_id);

    // containers.cpp
    Result<StartPlan> prepare_container(const PodEntry& pod, const ContainerSpec& spec);
    ContainerState note_start(PodEntry& pod, const ContainerSpec& spec, const supervisor::Message& started);
    loop::Task<bool> wait_for_change(PodPtr pod);
    loop::Task<Result<ContainerState>> launch_container(PodPtr pod, ContainerSpec spec);
    loop::Task<void> discard_container(PodPtr pod, std::string container_id, std::string scratch_dir);

    // exec.cpp
    Result<StartPlan> load_exec_plan(const PodEntry& pod, const ContainerEntry& container, std::vector<std::string> args) const;
    loop::Task<void> finish_exec(PodPtr pod, uint32_t handle, int64_t timeout_ms, ExecOutcome* outcome);

    // adopt.cpp
    PodPtr read_pod(const std::string& pod_id);
    loop::Task<void> adopt_pod(PodPtr pod);
    loop::Task<bool> reach_supervisor(PodPtr pod);
    void end_strange_supervisors();
    void read_records(PodEntry& pod);
    loop::Task<void> collect_scratch();

    loop::Loop& loop_;
    RuntimeOptions options_;
    std::unique_ptr<Cgroups> cgroups_;
    UniqueFd image_;
    UniqueFd fast_moves_ = favor_fast_moves();
    KernelFacts kernel_;
    SeccompProfiles seccomp_;
    std::map<std::string, PodPtr> pods_;
    std::map<std::string, uint32_t> first_ids_;  ///< of pods that are about to be created
    std::function<void(const std::string&)> listener_;
    loop::Scope scope_;
};

/// Below the cgroup root, for all supervisors; each pod's containers have one of their own below pods_cgroup.
inline constexpr const char* supervisors_cgroup = "/supervisors";

KernelFacts find_kernel_facts(const Cgroups& cgroups);
/// "start container web: mount /proc: operation not permitted", from what the supervisor reports.
Error start_error(const StartPlan& plan, const supervisor::Message& failed);

}  // namespace orilla::runtime
