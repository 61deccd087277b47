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
