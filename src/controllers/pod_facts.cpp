#include "pod_facts.hpp"

#include <algorithm>

#include "orilla/kinds/selectors.hpp"

namespace orilla::controllers {
namespace {
const api::PodCondition* find_pod_condition(const api::Pod& pod, std::string_view type) {
    for (const auto& condition : pod.status.conditions)
        if (condition.type == type) return &condition;
    return nullptr;
}
}  // namespace

bool is_active(const api::Pod& pod) {
    return pod.status.phase != "Succeeded" && pod.status.phase != "Failed" && !pod.metadata.deletion_timestamp;
}

bool is_ready(const api::Pod& pod) {
    const auto* condition = find_pod_condition(pod, "Ready");
    return condition && condition->status == "True";
}

bool is_available(const api::Pod& pod, int32_t min_ready_s, int64_t now_s, int64_t* again_after_s) {
    if (!is_ready(pod)) return false;
    if (min_ready_s <= 0) return true;
    const int64_t since_s = now_s - find_pod_condition(pod, "Ready")->last_transition_time.unix_s;
    const int64_t left_s = min_ready_s - since_s;
    // Became ready in the future: the clock was set back, and how long ago it was nobody knows. A rollout goes on.
    if (left_s <= 0 || since_s < 0) return true;
    if (again_after_s) *again_after_s = *again_after_s < 0 ? left_s : std::min(*again_after_s, left_s);
    return false;
}

const api::OwnerReference* find_controller(const api::ObjectMeta& meta) {
    for (const auto& reference : meta.owner_references)
        if (reference.controller.value_or(false)) return &reference;
    return nullptr;
}

bool is_controlled_by(const api::ObjectMeta& meta, std::string_view owner_uid) {
    const auto* controller = find_controller(meta);
    return controller && controller->uid == owner_uid;
}

api::OwnerReference make_controller_reference(std::string_view api_version, std::string_view kind,
                                              const api::ObjectMeta& owner) {
    api::OwnerReference out;
    out.api_version = api_version;
    out.kind = kind;
    out.name = owner.name;
    out.uid = owner.uid;
    out.controller = true;
    out.block_owner_deletion = true;
    return out;
}

bool selects(const api::Box<api::LabelSelector>& selector, const api::Map<api::Str>& labels) {
    auto parsed = api::selector_of(selector);
    return parsed && parsed->matches(labels);
}

}  // namespace orilla::controllers
