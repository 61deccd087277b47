// The agent's inside, shared by observing (pod_agent.cpp) and acting (pod_actions.cpp, pod_stop.cpp).
#pragma once

#include <string>
#include <unordered_map>

#include "orilla/node/pod_agent.hpp"
#include "pod/pod_memory.hpp"
#include "pod/pod_plan.hpp"

namespace orilla::node {

/// One graceful stop under way.
struct StopTask {
    std::string container;
    int attempt = 0;
    int signal = 15;
    int64_t grace_s = 0;
    api::Box<api::LifecycleHandler> pre_stop;
    runtime::StopProgress progress;
    std::string id() const { return runtime::attempt_id(container, attempt); }
};

class PodAgent::Impl final : public loop::Reconciler {
  public:
    Impl(loop::Loop& loop, PodApi& api, PodPorts ports, PodAgentOptions options);
    /// The runtime outlives the agent and has nobody to tell then.
    ~Impl() { runtime_.on_change(nullptr); }

    void start();
    void wake(const std::string& uid);
    PodMemory& remember(const PodKey& key);
    void source_changed(const std::string& ns, const std::string& name);
    std::vector<std::string> images_in_use() const;
    loop::Task<Result<loop::Outcome>> reconcile(std::string uid) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    // pod_agent.cpp: observe
    PodObserved observe(PodMemory& memory, const api::Pod* pod);
    void observe_deadline(const PodMemory& memory, const api::Pod& pod, const runtime::PodState* sandbox, PodObserved& seen);
    void observe_containers(PodMemory& memory, const api::Pod& pod, const runtime::PodState* sandbox, bool init,
                            std::vector<ContainerSeen>& out);
    void account_exit(PodMemory& memory, const api::Pod& pod, const api::Container& spec, const ContainerSeen& seen);
    /// Probes what runs, and puts what is known of an adopted container into `seen`.
    void follow_probes(PodMemory& memory, const api::Pod& pod, PodObserved& seen);
    void start_prober(PodMemory& memory, const api::Pod& pod, const runtime::ContainerState& state, const std::string& ip);
    void take_probe(PodMemory& memory, const std::string& name, const ProbeReport& report);
    void follow_metadata(PodMemory& memory, const std::shared_ptr<const api::Pod>& pod);
    loop::Task<void> refresh_volumes(PodMemory& memory, std::shared_ptr<const api::Pod> pod);
    loop::Task<Result<void>> write_status(PodMemory& memory, const api::Pod& pod, const PodObserved& seen);
    std::string pod_dir(const std::string& uid) const { return options_.pods_dir + "/" + uid; }
    std::string log_dir(const PodKey& key) const;
    /// Of a pod that is gone: without what only its spec tells.
    PodPlacement placement(const PodMemory& memory, const api::Pod* pod) const;
    /// Finds what earlier daemons left of pods that are gone.
    loop::Task<void> find_left_behind();
    loop::Task<void> read_last_words(PodMemory& memory, PodObserved& seen);

    // pod_back_off.cpp: what is waited for, and what is said of it
    void follow_back_offs(PodMemory& memory, const api::Pod& pod);
    void tell_back_off(const PodMemory& memory, const api::Container& spec, bool of_pull);
    void tell_sandbox_change(PodMemory& memory, const api::Pod& pod, const PodObserved& seen);
    void tell_deadline(PodMemory& memory, const api::Pod& pod, const PodObserved& seen);
    int64_t failure_shown_until(const PodMemory& memory, int64_t otherwise) const;

    // pod_actions.cpp: apply
    loop::Task<Result<void>> apply(PodMemory& memory, std::shared_ptr<const api::Pod> pod, PodAction action);
    loop::Task<Result<void>> apply_volumes_action(PodMemory& memory, std::shared_ptr<const api::Pod> pod);
    loop::Task<void> prepare_volumes(PodMemory& memory, std::vector<VolumeWork> volumes, std::vector<std::string> directories);
    loop::Task<void> note_prepared(PodMemory& memory, std::vector<VolumeWork> volumes, std::vector<std::string> directories,
                                   std::optional<Result<void>>* made);
    void tell_hung_volume(const PodMemory& memory);
    loop::Task<Result<void>> apply_sandbox(PodMemory& memory, const api::Pod& pod);
    loop::Task<Result<network::PodLink>> connect_sandbox(const PodMemory& memory, const api::Pod& pod);
    loop::Task<void> fail_sandbox(PodMemory& memory, const api::Pod& pod, const Error& error);
    loop::Task<Result<void>> apply_start(PodMemory& memory, std::shared_ptr<const api::Pod> pod, StartContainer action);
    loop::Task<Result<void>> apply_teardown(PodMemory& memory);
    loop::Task<Result<void>> disconnect(std::string uid);
    loop::Task<Result<void>> apply_remove_files(PodMemory& memory);
    void apply_ensure_image(PodMemory& memory, const api::Pod& pod, const EnsureImage& action);
    loop::Task<void> pull_image(PodMemory& memory, std::string container, std::string image);
    /// Fails it for its specification, or for what the node could not do.
    void refuse_start(PodMemory& memory, const std::string& container, const Error& error);
    void fail_start(PodMemory& memory, const StartContainer& action, const Error& error);
    void fail_setup(PodMemory& memory, std::string_view reason, const std::string& message);
    void fail_container(PodMemory& memory, const std::string& container, std::string_view reason, const std::string& message);
    /// Fails it for its image, which `event` tells of in full.
    void refuse_image(PodMemory& memory, const std::string& container, std::string_view reason, std::string_view event,
                      const std::string& message);

    // pod_stop.cpp: graceful stops and hooks
    void apply_stop(PodMemory& memory, const api::Pod* pod, const StopContainer& action);
    loop::Task<void> stop_container(PodMemory& memory, StopTask stop);
    loop::Task<void> run_pre_stop(PodMemory& memory, StopTask stop);
    loop::Task<void> run_hook(PodMemory& memory, StopTask stop, bool* ended);
    loop::Task<void> wait_pre_stop(PodMemory& memory, StopTask stop);
    loop::Task<void> wait_stopped(PodMemory& memory, StopTask stop);
    void note_stop(const PodMemory& memory, const StopTask& stop);
    loop::Task<void> run_post_start(PodMemory& memory, std::string container, api::LifecycleHandler handler, int attempt);
    loop::Task<Result<void>> run_handler(PodMemory& memory, std::string container, int attempt, api::LifecycleHandler handler,
                                         int64_t limit_ms);
    loop::Task<Result<void>> run_hook_command(const PodMemory& memory, std::string container_id, api::ExecAction action,
                                              int64_t limit_ms);
    bool runs(const PodMemory& memory, const std::string& container, int attempt) const;
    int64_t current_grace_s(const PodMemory& memory, int64_t grace_s) const;

    loop::Loop& loop_;
    PodApi& api_;
    runtime::PodRuntime& runtime_;
    images::PodImages& images_;
    network::PodLinks& links_;
    network::ServiceRules& rules_;
    loop::Executor& files_;
    PodAgentOptions options_;
    std::unordered_map<std::string, std::unique_ptr<PodMemory>> pods_;
    loop::Worker worker_;
    loop::Scope scope_;
};

constexpr int64_t setup_backoff_ms_min = 500;
constexpr int64_t setup_backoff_ms_max = 120'000;
/// As long as the kubelet: a volume that is not made by then is told of, and waited for.
constexpr int64_t volume_answer_ms_max = 123'000;
constexpr int64_t start_backoff_ms_min = 10'000;
constexpr int64_t start_backoff_ms_max = 300'000;
/// ErrImagePull, or how a container ended, is shown for so long before it becomes ImagePullBackOff or CrashLoopBackOff.
constexpr int64_t failure_shown_ms = 1'000;
/// A container whose preStop hook has used the grace period up still gets this long for the stop signal.
constexpr int64_t after_pre_stop_ms_min = 2'000;
/// How often a preStop command of an earlier daemon, whose end nobody tells, is looked for.
constexpr int64_t pre_stop_look_ms = 200;
/// A killed container that is still there after this is asked again.
constexpr int64_t kill_repeat_ms = 2'000;
constexpr int kill_repeats_max = 30;

const api::Container* find_container(const api::Pod& pod, std::string_view name);
/// What status.containerStatuses[].imageID shows.
std::string shown_id(const images::Image& image);

}  // namespace orilla::node
