#include "pod/pod_plan.hpp"

#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"
#include "pod/pod_resize.hpp"

namespace orilla::node {
namespace {

bool runs_now(const ContainerSeen& seen) {
    return seen.current && seen.known_to_runtime && seen.current->phase != ContainerPhase::exited;
}
bool has_exited(const ContainerSeen& seen) { return seen.current && seen.current->phase == ContainerPhase::exited; }
bool succeeded(const ContainerSeen& seen) { return has_exited(seen) && seen.current->exit_code == 0; }

/// Collects actions and the earliest time to look again.
class Plan {
  public:
    void add(PodAction action) { actions_.push_back(std::move(action)); }
    void wait_until(int64_t at_ms) { earliest_ms_ = earliest_ms_ < 0 ? at_ms : std::min(earliest_ms_, at_ms); }
    bool empty() const { return actions_.empty(); }
    std::vector<PodAction> take() {
        if (actions_.empty() && earliest_ms_ >= 0) actions_.emplace_back(WaitUntil{earliest_ms_});
        return std::move(actions_);
    }

  private:
    std::vector<PodAction> actions_;
    int64_t earliest_ms_ = -1;
};

void plan_start(Plan& plan, const ContainerSeen& seen, int64_t now_ms) {
    const int64_t not_before = std::max(seen.backoff_until_ms, seen.retry_at_ms);
    if (not_before > now_ms) return plan.wait_until(not_before);
    switch (seen.image) {
        case ImagePhase::pulling: return;
        case ImagePhase::unknown:
        case ImagePhase::failed: return plan.add(EnsureImage{seen.name});
        case ImagePhase::present: return plan.add(StartContainer{seen.name, seen.current ? seen.current->attempt + 1 : 0});
    }
}

/// The pod's own, unless the probe that failed has another one.
int64_t grace_of(const api::Pod& pod, const api::Box<api::Probe>* probe) {
    int64_t grace_s = pod.spec.termination_grace_period_seconds.value_or(30);
    if (probe && *probe) grace_s = (*probe)->termination_grace_period_seconds.value_or(grace_s);
    return std::min(grace_s, stop_grace_s_max);
}

void plan_running(Plan& plan, const api::Pod& pod, const ContainerSeen& seen) {
    if (seen.stopping) return;
    const api::Container* spec = find_container(pod, seen.name);
    const runtime::StopProgress& begun = seen.current->stop;
    const std::string name = "Container " + seen.name;
    if (begun.begun_ms >= 0)  // by an earlier daemon, which has told why
        plan.add(StopContainer{seen.name, begun.grace_s >= 0 ? begun.grace_s : grace_of(pod, nullptr),
                               "Stopping container " + seen.name});
    else if (spec && !seen.started_image.empty() && spec->image != seen.started_image)
        plan.add(StopContainer{seen.name, grace_of(pod, nullptr), name + " definition changed, will be restarted"});
    else if (seen.startup == ProbeVerdict::failure)
        plan.add(StopContainer{seen.name, grace_of(pod, spec ? &spec->startup_probe : nullptr),
                               name + " failed startup probe, will be restarted"});
    else if (seen.liveness == ProbeVerdict::failure)
        plan.add(StopContainer{seen.name, grace_of(pod, spec ? &spec->liveness_probe : nullptr),
                               name + " failed liveness probe, will be restarted"});
}

void plan_container(Plan& plan, const api::Pod& pod, const api::Container& spec, const ContainerSeen& seen, bool is_init,
                    int64_t now_ms) {
    if (runs_now(seen)) return plan_running(plan, pod, seen);
    if (has_exited(seen) && !should_restart(pod.spec, spec, is_init, seen)) return;
    plan_start(plan, seen, now_ms);
}

/// The init containers, one after another; sidecars for as long as the pod lives. True when the containers may start.
bool plan_init(Plan& plan, const api::Pod& pod, const PodObserved& seen, int64_t now_ms) {
    // Once a main container was started the init containers are history, whatever is left of them.
    const bool past = std::any_of(seen.containers.begin(), seen.containers.end(),
                                  [](const auto& c) { return c.current && c.known_to_runtime; });
    for (size_t i = 0; i < seen.init.size(); ++i) {
        const ContainerSeen& init = seen.init[i];
        const api::Container& spec = pod.spec.init_containers[i];
        if (api::is_sidecar(spec)) {
            plan_container(plan, pod, spec, init, true, now_ms);
            if (!past && !has_started(spec, init)) return false;
        } else if (!past && !(succeeded(init) && init.known_to_runtime)) {
            // What only the status tells of ran in a sandbox that is gone (a reboot): others need its work once more.
            if (succeeded(init)) plan_start(plan, init, now_ms);
            else plan_container(plan, pod, spec, init, true, now_ms);
            return false;
        }
    }
    return true;
}

/// Stops what runs: a sidecar after all that was started after it. True when nothing runs any more.
bool plan_stop_all(Plan& plan, const api::PodSpec& spec, const PodObserved& seen, int64_t grace_s) {
    std::vector<std::string> running;
    const auto stop = [&](const ContainerSeen& one, bool last) {
        if (!runs_now(one)) return;
        const auto after = last ? running : std::vector<std::string>();
        if (!one.stopping) plan.add(StopContainer{one.name, grace_s, "Stopping container " + one.name, after});
        running.push_back(one.name);
    };
    for (const auto& container : seen.containers) stop(container, false);
    for (size_t i = seen.init.size(); i-- > 0;) stop(seen.init[i], api::is_sidecar(spec.init_containers[i]));
    return running.empty();
}

/// In place what can be; what its policy says is stopped, and starts again with the new limits.
void plan_resize(Plan& plan, const api::Pod& pod, const PodObserved& seen, int64_t now_ms) {
    const bool granted = seen.resize.verdict == ResizeVerdict::granted;
    if (!granted && !seen.resize.due) return;
    if (seen.resize.retry_at_ms > now_ms) return plan.wait_until(seen.resize.retry_at_ms);
    ResizePod resize;
    std::vector<StopContainer> stops;
    const auto look = [&](const api::Container& spec, const ContainerSeen& one, const api::List<api::ContainerStatus>& told) {
        const auto* has = find_given(one, told);
        if (!granted || !has || *has == spec.resources) return;
        const bool restarts = restarts_for(spec, *has);
        resize.restarts_left |= restarts;
        if (!restarts) resize.containers.push_back({one.name, runs_now(one) ? one.current->id : ""});
        else if (runs_now(one) && !one.stopping && one.current->stop.begun_ms < 0)
            stops.push_back({one.name, grace_of(pod, nullptr), "Container " + one.name + " resize requires restart"});
    };
    for (size_t i = 0; i < seen.init.size(); ++i)
        if (api::is_sidecar(pod.spec.init_containers[i]))
            look(pod.spec.init_containers[i], seen.init[i], pod.status.init_container_statuses);
    for (size_t i = 0; i < seen.containers.size(); ++i)
        look(pod.spec.containers[i], seen.containers[i], pod.status.container_statuses);
    if (!resize.containers.empty() || seen.resize.due) plan.add(std::move(resize));
    for (auto& stop : stops) plan.add(std::move(stop));
}

std::vector<PodAction> plan_termination(const api::Pod& pod, const PodObserved& seen) {
    Plan plan;
    if (!plan_stop_all(plan, pod.spec, seen, pod.metadata.deletion_grace_period_seconds.value_or(30))) return plan.take();
    if (seen.sandbox_known || seen.network) return {TearDownSandbox{}};
    if (seen.pod_dir) return {RemovePodFiles{}};
    // All is done that is ours: somebody else's finalizer holds it.
    if (!pod.metadata.finalizers.empty() && pod.metadata.deletion_grace_period_seconds == int64_t{0}) return {};
    return {FinishDelete{}};
}

}  // namespace

const api::Container* find_container(const api::Pod& pod, std::string_view name) {
    for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers})
        for (const auto& container : *list)
            if (container.name == name) return &container;
    return nullptr;
}

int64_t crash_backoff_ms(int crashes) {
    if (crashes <= 0) return 0;
    return std::min(crash_backoff_ms_first << std::min(crashes - 1, 10), crash_backoff_ms_max);
}

bool should_restart(const api::PodSpec& pod, const api::Container& spec, bool is_init, const ContainerState& ended) {
    if (is_init && api::is_sidecar(spec)) return true;
    if (is_init && ended.exit_code == 0) return false;
    const auto matches = [&ended](const api::ContainerRestartRule& rule) {
        if (!rule.exit_codes) return false;
        const bool listed = std::ranges::find(rule.exit_codes->values, ended.exit_code) != rule.exit_codes->values.end();
        return listed == (rule.exit_codes->operator_ == "In");
    };
    if (std::ranges::any_of(spec.restart_policy_rules, matches)) return true;
    const std::string_view policy = spec.restart_policy.value_or(pod.restart_policy.view());
    if (policy == "Never") return false;
    if (policy == "OnFailure" || is_init) return ended.exit_code != 0;
    return true;
}

bool should_restart(const api::PodSpec& pod, const api::Container& spec, bool is_init, const ContainerSeen& ended) {
    return ended.outdated || should_restart(pod, spec, is_init, *ended.current);
}

bool has_started(const api::Container& sidecar, const ContainerSeen& seen) {
    return runs_now(seen) && seen.post_start_done && (!sidecar.startup_probe || seen.startup == ProbeVerdict::success);
}

bool is_over(const api::PodSpec& spec, const PodObserved& seen) {
    const auto ended = [&spec](const api::Container& container, bool is_init, const ContainerSeen& one) {
        return has_exited(one) && !should_restart(spec, container, is_init, one);
    };
    for (size_t i = 0; i < seen.init.size(); ++i)
        if (ended(spec.init_containers[i], true, seen.init[i]) && !succeeded(seen.init[i])) return true;
    for (size_t i = 0; i < seen.containers.size(); ++i)
        if (!ended(spec.containers[i], false, seen.containers[i])) return false;
    return !seen.containers.empty();
}

std::vector<PodAction> plan_pod(const api::Pod* desired, const PodObserved& seen, int64_t now_ms) {
    if (!desired) {
        if (seen.sandbox_known || seen.network) return {TearDownSandbox{}};
        if (seen.pod_dir) return {RemovePodFiles{}};
        return {};
    }
    if (desired->metadata.deletion_timestamp.set) return plan_termination(*desired, seen);
    if (is_finished(*desired)) {
        if (seen.sandbox_known || seen.network) return {TearDownSandbox{}};
        return {};
    }
    if (!seen.eviction.empty()) {
        Plan plan;
        plan_stop_all(plan, desired->spec, seen, eviction_grace_s);
        return plan.take();
    }
    if (seen.deadline_exceeded) {
        Plan plan;
        plan_stop_all(plan, desired->spec, seen,
                      std::min(desired->spec.termination_grace_period_seconds.value_or(30), stop_grace_s_max));
        return plan.take();  // once all have ended the summary says Failed, and the sandbox goes
    }
    if (is_over(desired->spec, seen)) {
        Plan plan;
        plan_stop_all(plan, desired->spec, seen, grace_of(*desired, nullptr));
        return plan.take();
    }
    if (seen.network_lost) {
        Plan plan;
        if (plan_stop_all(plan, desired->spec, seen, grace_of(*desired, nullptr))) plan.add(TearDownSandbox{});
        return plan.take();
    }
    if (seen.preparing_volumes) return {};
    if (seen.setup_retry_at_ms > now_ms) return {WaitUntil{seen.setup_retry_at_ms}};
    if (!seen.volumes_ready) return {PrepareVolumes{}};
    // A sandbox whose supervisor died is removed whole: its containers died with it.
    if (seen.sandbox_known && !seen.sandbox_alive) return {TearDownSandbox{}};
    if (!seen.sandbox_alive) return {SetUpSandbox{}};
    Plan plan;
    plan_resize(plan, *desired, seen, now_ms);
    if (plan_init(plan, *desired, seen, now_ms))
        for (size_t i = 0; i < seen.containers.size(); ++i)
            plan_container(plan, *desired, desired->spec.containers[i], seen.containers[i], false, now_ms);
    return plan.take();
}

}  // namespace orilla::node
