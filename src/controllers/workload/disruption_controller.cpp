#include "workload/disruption_controller.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "orilla/kinds/budgets.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/objects/budgets.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::controllers {
namespace {

constexpr std::string_view disruption_component = "controllermanager";

/// Budgets of more pods than this are counted once for all that happens to those in a moment. Evictions look for themselves.
constexpr int32_t pods_counted_at_once_max = 500;
constexpr int64_t crowd_delay_ms = 100;

/// Nothing that a budget counts has changed.
bool looks_the_same_to_budget(const api::Pod& a, const api::Pod& b) {
    return api::is_ready(a) == api::is_ready(b) && a.metadata.labels == b.metadata.labels &&
           !a.metadata.deletion_timestamp == !b.metadata.deletion_timestamp &&
           a.metadata.owner_references == b.metadata.owner_references && a.metadata.uid == b.metadata.uid;
}

/// The wanted number of an object with a scale.
int32_t replicas_of(const api::Object& object) {
    api::Object copy = object.clone();
    const auto [field, in] = api::find_place(copy.type_info(), copy.data(), object.kind().scale.replicas);
    const void* value = field && field->type == &api::type_info<int32_t>() ? api::field_value(*field, in) : nullptr;
    return value ? *static_cast<const int32_t*>(value) : 1;
}

}  // namespace

DisruptionController::DisruptionController(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "disruption"}) {
    objects_.feed<api::PodDisruptionBudget>().keep(objects::selector_terms<api::PodDisruptionBudget>);
    follow<api::PodDisruptionBudget>(
        [this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
}

void DisruptionController::pod_changed(const objects::FeedEvent& event) {
    if (!objects::has_budgets(objects_)) return;
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    const bool modified = event.type == objects::FeedEvent::Type::modified;
    if (modified && pod && before && looks_the_same_to_budget(*pod, *before)) return;
    for (const auto& state : event.states())
        for (const auto& budget : objects::budgets_of(objects_, state->meta())) {
            const bool is_crowd = budget->status.expected_pods > pods_counted_at_once_max;
            worker_.queue().add_after(key_of(budget->metadata), is_crowd ? crowd_delay_ms : 0);
        }
    if (pod && !event.is_deleted()) tell_of_several(*pod, objects::budgets_of(objects_, pod->metadata));
}

void DisruptionController::tell_of_several(const api::Pod& pod, const std::vector<BudgetPtr>& budgets) {
    if (budgets.size() < 2) return;
    events_.record(pod, disruption_component, "Warning", "MultiplePodDisruptionBudgets",
                   fmt::format("Pod {}/{} matches multiple PodDisruptionBudgets.  Chose {} arbitrarily.",
                               api::quote(pod.metadata.namespace_), api::quote(pod.metadata.name),
                               api::quote(budgets.front()->metadata.name)));
}

std::optional<WantedPods> DisruptionController::find_wanted(std::string_view ns, const api::OwnerReference& controller) {
    const auto* kind = objects_.kinds().find(controller.api_version, controller.kind);
    if (!kind || kind->scale.replicas.empty()) return {};
    const auto entry = objects_.store().find({std::string(kind->resource), std::string(ns), controller.name.str()});
    if (!entry) return {};
    const auto object = objects_.decode(*kind, entry);
    if (!object || (*object)->meta().uid != controller.uid) return {};
    if (const auto* deployment = api::find_controller((*object)->meta(), api::kind_of<api::Deployment>()))
        if (kind == &api::kind_of<api::ReplicaSet>()) return find_wanted(ns, *deployment);
    return WantedPods{controller.uid.str(), replicas_of(**object)};
}

void DisruptionController::tell(const api::PodDisruptionBudget& budget, const std::vector<PodPtr>& pods,
                                const BudgetPlan& plan) {
    for (const auto& one : plan.events)
        events_.record(budget, disruption_component, one.is_warning ? "Warning" : "Normal", one.reason, one.message);
    for (const auto& pod : pods)
        if (std::ranges::find(plan.not_deleted, pod->metadata.name.view()) != plan.not_deleted.end())
            events_.record(*pod, disruption_component, "Warning", "NotDeleted",
                           fmt::format("Pod was expected by PDB {}/{} to be deleted but it wasn't", budget.metadata.namespace_,
                                       budget.metadata.name));
}

loop::Task<Result<loop::Outcome>> DisruptionController::reconcile(std::string key) {
    AWAIT_VOID(objects_.feed<api::Pod>().catch_up());
    const auto [ns, name] = split_key(key);
    const auto budget = objects_.get<api::PodDisruptionBudget>(ns, name);
    if (!budget || budget->metadata.deletion_timestamp) co_return loop::Outcome{};
    const auto pods = objects::pods_of(objects_, *budget);
    const FindWanted wanted = [this, space = ns](const api::Pod&, const api::OwnerReference& controller) {
        return find_wanted(space, controller);
    };
    BudgetPlan plan = plan_budget(*budget, pods, wanted, loop_.clock().wall_s());
    const loop::Outcome outcome{plan.again_after_s < 0 ? -1 : plan.again_after_s * 1000};
    if (plan.status == budget->status) co_return outcome;
    tell(*budget, pods, plan);
    api::PodDisruptionBudget edited = *budget;
    edited.status = std::move(plan.status);
    AWAIT(auto written, objects_.update<api::PodDisruptionBudget>(std::move(edited), objects::Part::status));
    if (!written && written.error().code() != Code::not_found) co_return std::move(written).error();
    co_return outcome;
}

}  // namespace orilla::controllers
