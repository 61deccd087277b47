#include "orilla/kinds/pod_facts.hpp"

#include <algorithm>

namespace orilla::api {

bool is_finished(std::string_view phase) { return phase == "Succeeded" || phase == "Failed"; }
bool is_finished(const Pod& pod) { return is_finished(pod.status.phase); }
bool is_active(const Pod& pod) { return !is_finished(pod) && !pod.metadata.deletion_timestamp; }

const PodCondition* find_pod_condition(const Pod& pod, std::string_view type) {
    for (const auto& condition : pod.status.conditions)
        if (condition.type == type) return &condition;
    return nullptr;
}

PodCondition& ensure_pod_condition(Pod& pod, std::string_view type) {
    for (auto& condition : pod.status.conditions)
        if (condition.type == type) return condition;
    PodCondition& added = pod.status.conditions.emplace_back();
    added.type = Str(type);
    return added;
}

bool is_ready(const Pod& pod) {
    const auto* condition = find_pod_condition(pod, "Ready");
    return condition && condition->status == "True";
}

namespace {
/// What the status says that this container has; null where it does not tell.
const ResourceRequirements* find_granted(const List<ContainerStatus>& statuses, const List<Container>& containers, size_t i) {
    if (i >= statuses.size() || statuses[i].name != containers[i].name || !statuses[i].resources) return nullptr;
    return &*statuses[i].resources;
}

bool differs(const List<ContainerStatus>& statuses, const List<Container>& containers) {
    for (size_t i = 0; i < containers.size(); ++i)
        if (const auto* granted = find_granted(statuses, containers, i); granted && !(*granted == containers[i].resources))
            return true;
    return false;
}

template <class Take>
void take_granted(const Pod& pod, PodSpec& spec, const Take& take) {
    for (size_t i = 0; i < spec.containers.size(); ++i)
        if (const auto* granted = find_granted(pod.status.container_statuses, spec.containers, i))
            take(spec.containers[i].resources, *granted);
    for (size_t i = 0; i < spec.init_containers.size(); ++i)
        if (const auto* granted = find_granted(pod.status.init_container_statuses, spec.init_containers, i))
            take(spec.init_containers[i].resources, *granted);
}
}  // namespace

bool is_resizing(const Pod& pod) {
    return differs(pod.status.container_statuses, pod.spec.containers) ||
           differs(pod.status.init_container_statuses, pod.spec.init_containers);
}

PodSpec granted_spec(const Pod& pod) {
    PodSpec spec = pod.spec;
    const auto take = [](ResourceRequirements& of, const ResourceRequirements& granted) { of = granted; };
    take_granted(pod, spec, take);
    return spec;
}

PodSpec held_spec(const Pod& pod) {
    const PodCondition* pending = find_pod_condition(pod, resize_pending);
    if (pending && pending->status == "True" && pending->reason == resize_infeasible) return granted_spec(pod);
    PodSpec spec = pod.spec;
    const auto raise = [](ResourceRequirements& of, const ResourceRequirements& granted) {
        for (const auto& [name, amount] : granted.requests) {
            Quantity& high = of.requests[name];
            if (high.empty() || high.compare(amount) < 0) high = amount;
        }
    };
    take_granted(pod, spec, raise);
    return spec;
}

bool is_sidecar(const Container& init_container) { return init_container.restart_policy == std::string_view("Always"); }

bool is_available(const Pod& pod, int32_t min_ready_s, int64_t now_s, int64_t* again_after_s) {
    if (!is_ready(pod)) return false;
    if (min_ready_s <= 0) return true;
    const int64_t since_s = now_s - find_pod_condition(pod, "Ready")->last_transition_time.unix_s;
    const int64_t left_s = min_ready_s - since_s;
    // Became ready in the future: the clock was set back, and how long ago it was nobody knows. A rollout goes on.
    if (left_s <= 0 || since_s < 0) return true;
    if (again_after_s) *again_after_s = *again_after_s < 0 ? left_s : std::min(*again_after_s, left_s);
    return false;
}

namespace {
constexpr int template_depth_max = 4;  ///< a CronJob's is at spec.jobTemplate.spec.template

bool holds_template(const TypeInfo& type, int depth) {
    if (&type == &type_info<PodTemplateSpec>()) return true;
    return depth > 0 &&
           std::ranges::any_of(type.fields, [depth](const FieldInfo& field) { return holds_template(*field.type, depth - 1); });
}
}  // namespace

bool makes_pods(const KindInfo& kind) {
    const FieldInfo* spec = kind.type->find_field("spec");
    return spec && holds_template(*spec->type, template_depth_max);
}

}  // namespace orilla::api
