// Pods. Their STATUS is the most telling of many facts; the order in which they are looked at is kubectl's.
#include <fmt/core.h>
#include <algorithm>
#include <optional>
#include <tuple>

#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/table.hpp"
#include "pod_spec.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void default_requests(ResourceRequirements& resources) {
    for (const auto& [name, limit] : resources.limits)
        if (!resources.requests.contains(name)) resources.requests[name] = limit;
}

void default_host_ports(Container& container) {
    for (ContainerPort& port : container.ports)
        if (port.host_port == 0) port.host_port = port.container_port;
}

void complete_pod(Pod& pod) {
    PodSpec& spec = pod.spec;
    complete_pod_spec(spec);
    if (!spec.enable_service_links) spec.enable_service_links = true;
    for (List<Container>* containers : {&spec.init_containers, &spec.containers}) {
        for (Container& container : *containers) {
            default_requests(container.resources);
            if (spec.host_network) default_host_ports(container);
        }
    }
    complete_pod_resources(spec);
}

void check_pod(const Pod& pod, FieldErrors& errors) {
    const Path spec("spec");
    check_pod_spec(pod.spec, spec, errors);
    if (!pod.spec.scheduling_gates.empty() && !pod.spec.node_name.empty())
        errors.forbidden(spec / "nodeName", "cannot be set until all schedulingGates have been cleared");
}

constexpr std::string_view pod_update_rule =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

void check_deadline_update(const PodSpec& updated, const PodSpec& old, const Path& path, FieldErrors& errors) {
    if (!old.active_deadline_seconds) return;
    if (!updated.active_deadline_seconds)
        errors.invalid_json(path, "null", "must not update from a positive integer to nil value");
    else if (*updated.active_deadline_seconds > *old.active_deadline_seconds)
        errors.invalid(path, *updated.active_deadline_seconds, "must be less than or equal to previous value");
}

void check_toleration_update(const PodSpec& updated, const PodSpec& old, const Path& path, FieldErrors& errors) {
    for (const Toleration& before : old.tolerations) {
        auto same = [&before](Toleration now) {
            now.toleration_seconds = before.toleration_seconds;
            return now == before;
        };
        if (std::none_of(updated.tolerations.begin(), updated.tolerations.end(), same))
            return errors.forbidden(path, "existing toleration can not be modified except its tolerationSeconds");
    }
}

/// Gates go, they do not come. While there are any, the pod may ask for more of its node, which nobody has chosen yet.
void check_gates_update(const PodSpec& updated, const PodSpec& old, const Path& path, FieldErrors& errors) {
    for (const PodSchedulingGate& gate : updated.scheduling_gates) {
        if (std::find(old.scheduling_gates.begin(), old.scheduling_gates.end(), gate) == old.scheduling_gates.end())
            errors.forbidden(path / "schedulingGates",
                             "only deletion is allowed, but found new scheduling gate '" + gate.name.str() + "'");
    }
    if (old.scheduling_gates.empty()) return;
    for (const auto& [key, value] : old.node_selector) {
        const Str* now = updated.node_selector.get(key);
        if (!now || *now != value)
            return errors.invalid(path / "nodeSelector", key,
                                  "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
    }
}

void copy_images(List<Container>& to, const List<Container>& from) {
    for (size_t i = 0; i < to.size(); ++i) to[i].image = from[i].image;
}

void check_pod_update(const Pod& updated, const Pod& old, FieldErrors& errors) {
    const Path path("spec");
    const PodSpec& now = updated.spec;
    const PodSpec& before = old.spec;
    if (now.containers.size() != before.containers.size())
        return errors.forbidden(path / "containers", "pod updates may not add or remove containers");
    if (now.init_containers.size() != before.init_containers.size())
        return errors.forbidden(path / "initContainers", "pod updates may not add or remove containers");
    check_deadline_update(now, before, path / "activeDeadlineSeconds", errors);
    check_toleration_update(now, before, path / "tolerations", errors);
    check_gates_update(now, before, path, errors);
    // What may change is made equal; whatever still differs may not.
    PodSpec rest = now;
    copy_images(rest.containers, before.containers);
    copy_images(rest.init_containers, before.init_containers);
    rest.active_deadline_seconds = before.active_deadline_seconds;
    rest.tolerations = before.tolerations;
    rest.scheduling_gates = before.scheduling_gates;
    if (!before.scheduling_gates.empty()) rest.node_selector = before.node_selector;
    if (before.termination_grace_period_seconds.value_or(0) < 0 && now.termination_grace_period_seconds == int64_t{1})
        rest.termination_grace_period_seconds = before.termination_grace_period_seconds;
    // A pod is bound once, by the scheduler.
    if (before.node_name.empty()) rest.node_name = Str();
    if (!(rest == before)) errors.forbidden(path, pod_update_rule);
}

struct PodSummary {
    std::string reason;
    int64_t restarts = 0;
    Time last_restart;
    size_t ready = 0;
    size_t total = 0;
};

bool has_condition(const Pod& pod, std::string_view type) {
    for (const PodCondition& condition : pod.status.conditions)
        if (condition.type == type && condition.status == "True") return true;
    return false;
}

bool is_restartable(const Pod& pod, std::string_view init_container) {
    for (const Container& container : pod.spec.init_containers)
        if (container.name == init_container) return is_sidecar(container);
    return false;
}

std::string ended_text(const ContainerStateTerminated& ended) {
    if (!ended.reason.empty()) return ended.reason.str();
    if (ended.signal != 0) return "Signal:" + std::to_string(ended.signal);
    return "ExitCode:" + std::to_string(ended.exit_code);
}

void count_restarts(PodSummary& summary, const ContainerStatus& status) {
    summary.restarts += status.restart_count;
    if (!status.last_state.terminated) return;
    Time finished = status.last_state.terminated->finished_at;
    if (finished && (!summary.last_restart || summary.last_restart < finished)) summary.last_restart = finished;
}

/// "" when this init container holds nothing up.
std::string init_reason(const Pod& pod, const ContainerStatus& status, size_t index) {
    const ContainerState& state = status.state;
    if (state.terminated && state.terminated->exit_code == 0) return {};
    if (is_restartable(pod, status.name) && status.started.value_or(false)) return {};
    if (state.terminated) return "Init:" + ended_text(*state.terminated);
    if (state.waiting && !state.waiting->reason.empty() && state.waiting->reason != "PodInitializing")
        return "Init:" + state.waiting->reason.str();
    return fmt::format("Init:{}/{}", index, pod.spec.init_containers.size());
}

/// True while an init container is not through.
bool summarise_init(const Pod& pod, PodSummary& summary, PodSummary& sidecars) {
    const auto& statuses = pod.status.init_container_statuses;
    for (size_t i = 0; i < statuses.size(); ++i) {
        count_restarts(summary, statuses[i]);
        bool sidecar = is_restartable(pod, statuses[i].name);
        if (sidecar) count_restarts(sidecars, statuses[i]);
        std::string reason = init_reason(pod, statuses[i], i);
        if (reason.empty()) {
            if (sidecar && statuses[i].ready) ++summary.ready;
            continue;
        }
        summary.reason = std::move(reason);
        return true;
    }
    return false;
}

void summarise_containers(const Pod& pod, PodSummary& summary) {
    bool running = false;
    for (size_t i = pod.status.container_statuses.size(); i-- > 0;) {
        const ContainerStatus& status = pod.status.container_statuses[i];
        count_restarts(summary, status);
        if (status.state.waiting && !status.state.waiting->reason.empty()) {
            summary.reason = status.state.waiting->reason.str();
        } else if (status.state.terminated) {
            summary.reason = ended_text(*status.state.terminated);
        } else if (status.ready && status.state.running) {
            running = true;
            ++summary.ready;
        }
    }
    if (summary.reason == "Completed" && running) summary.reason = has_condition(pod, "Ready") ? "Running" : "NotReady";
}

PodSummary summarise(const Pod& pod) {
    PodSummary summary, sidecars;
    summary.reason = (pod.status.reason.empty() ? pod.status.phase : pod.status.reason).str();
    for (const PodCondition& condition : pod.status.conditions)
        if (condition.type == "PodScheduled" && condition.reason == "SchedulingGated") summary.reason = "SchedulingGated";
    summary.total = pod.spec.containers.size();
    for (const Container& container : pod.spec.init_containers) summary.total += is_restartable(pod, container.name);
    bool initializing = summarise_init(pod, summary, sidecars);
    if (!initializing || has_condition(pod, "Initialized")) {
        summary.restarts = sidecars.restarts;
        summary.last_restart = sidecars.last_restart;
        summarise_containers(pod, summary);
    }
    bool ended = is_finished(pod);
    if (pod.metadata.deletion_timestamp && pod.status.reason == "NodeLost") summary.reason = "Unknown";
    else if (pod.metadata.deletion_timestamp && !ended) summary.reason = "Terminating";
    return summary;
}

std::string gates_text(const Pod& pod) {
    if (pod.spec.readiness_gates.empty()) return std::string(nothing_text);
    size_t passed = 0;
    for (const PodReadinessGate& gate : pod.spec.readiness_gates) passed += has_condition(pod, gate.condition_type);
    return fmt::format("{}/{}", passed, pod.spec.readiness_gates.size());
}

Row render_pod(const Pod& pod, int64_t now) {
    PodSummary summary = summarise(pod);
    std::string restarts = std::to_string(summary.restarts);
    if (summary.restarts != 0 && summary.last_restart)
        restarts += fmt::format(" ({} ago)", render_age(summary.last_restart, now));
    std::string_view ip = pod.status.pod_ips.empty() ? pod.status.pod_ip.view() : pod.status.pod_ips[0].ip.view();
    return {pod.metadata.name.view(),
            fmt::format("{}/{}", summary.ready, summary.total),
            summary.reason,
            restarts,
            render_age(pod.metadata.creation_timestamp, now),
            or_none(ip),
            or_none(pod.spec.node_name),
            or_none(pod.status.nominated_node_name),
            gates_text(pod)};
}

bool asks_for(const api::Map<api::Quantity>& amounts, std::string_view resource) {
    const api::Quantity* amount = amounts.get(resource);
    return amount && amount->milli_value() > 0;
}

bool pod_has_ended(const Object& object) { return is_finished(object.as<Pod>()); }

std::optional<int64_t> pod_grace_s(const Object& object) {
    constexpr int64_t default_grace_s = 30;
    const Pod& pod = object.as<Pod>();
    if (pod.spec.node_name.empty() || pod_has_ended(object)) return std::nullopt;
    return pod.spec.termination_grace_period_seconds.value_or(default_grace_s);
}

void prepare_pod(Object& object) {
    Pod& pod = object.as<Pod>();
    pod.status.phase = "Pending";
    pod.status.qos_class = Str(qos_class(pod.spec));
    if (pod.spec.scheduling_gates.empty()) return;
    PodCondition& gated = ensure_pod_condition(pod, "PodScheduled");
    gated.status = "False";
    gated.reason = "SchedulingGated";
    gated.message = "Scheduling is blocked due to non-empty scheduling gates";
}

/// That its node ends it: the next daemon has to go on with that, although nothing may exceed a limit by then.
bool notes_eviction(const Object& updated, const Object& old) {
    const auto is_evicted = [](const Object& object) {
        const PodCondition* condition = find_pod_condition(object.as<Pod>(), "DisruptionTarget");
        return condition && condition->reason == "TerminationByKubelet";
    };
    return is_evicted(updated) && !is_evicted(old);
}

std::string_view pod_row_conditions(const Object& object) {
    const std::string_view phase = object.as<Pod>().status.phase;
    if (phase == "Succeeded") {
        return R"([{"type":"Completed","status":"True","reason":"Succeeded","message":"The pod has completed successfully."}])";
    }
    if (phase == "Failed") {
        return R"([{"type":"Completed","status":"True","reason":"Failed","message":"The pod failed."}])";
    }
    return {};
}

}  // namespace

std::string_view qos_class(const PodSpec& spec) {
    bool any = false, guaranteed = true;
    auto look = [&any, &guaranteed](const ResourceRequirements& resources) {
        for (std::string_view resource : {"cpu", "memory"}) {
            const auto& [limits, requests] = std::tie(resources.limits, resources.requests);
            const bool limited = asks_for(limits, resource), requested = asks_for(requests, resource);
            any = any || limited || requested;
            if (!limited) guaranteed = false;
            else if (requested && limits.get(resource)->compare(*requests.get(resource)) != 0) guaranteed = false;
        }
    };
    // What is said of the whole counts alone.
    if (spec.resources) {
        look(*spec.resources);
    } else {
        for (const Container& container : spec.init_containers) look(container.resources);
        for (const Container& container : spec.containers) look(container.resources);
    }
    return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

std::string summarise_pod_status(const Pod& pod) { return summarise(pod).reason; }

const KindRules pod_rules = {
    .complete = completed<Pod, complete_pod>,
    .check = checked<Pod, check_pod>,
    .check_update = checked_update<Pod, check_pod_update>,
    .prepare_create = prepare_pod,
    .resize = take_pod_resize,
    .check_resize = checked_update<Pod, check_pod_resize>,
    .status_is_record = notes_eviction,
    .has_ended = pod_has_ended,
    .grace_s = pod_grace_s,
    .shows_deleted = true,
    .row = rendered<Pod, render_pod>,
    .row_conditions = pod_row_conditions,
};

}  // namespace orilla::api
