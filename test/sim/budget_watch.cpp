#include "budget_watch.hpp"

#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/objects/budgets.hpp"

namespace orilla::sim {

namespace {

/// The watch hears of a pod some turns after whoever evicts has counted it.
constexpr int64_t lately_ms = 1'000;

bool counts(const api::Pod& pod) { return api::is_ready(pod) && !pod.metadata.deletion_timestamp; }

bool is_evicted(const api::Pod& pod) {
    const auto* mark = api::find_pod_condition(pod, "DisruptionTarget");
    return pod.metadata.deletion_timestamp && mark && mark->status == "True" && mark->reason == "EvictionByEvictionAPI";
}

std::string pod_label(const api::ObjectMeta& meta) { return meta.namespace_.str() + "/" + meta.name.str(); }

}  // namespace

BudgetWatch::BudgetWatch(loop::Loop& loop, objects::Objects& objects, Host& host)
    : loop_(loop),
      objects_(objects),
      host_(host),
      budgets_(objects, api::kind_of<api::PodDisruptionBudget>(),
               [this](const objects::FeedEvent& event) { budget_changed(event); }),
      pods_(objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) { pod_changed(event); }) {}

void BudgetWatch::start() {
    pods_.start();
    budgets_.start();
}

bool BudgetWatch::was_ready_lately(const api::Pod& pod) {
    if (counts(pod)) return true;
    const auto found = ready_ms_.find(pod.metadata.uid.str());
    return found != ready_ms_.end() && loop_.now_ms() - found->second <= lately_ms;
}

/// `pod` has just been given away.
void BudgetWatch::check_spent(const api::PodDisruptionBudget& budget, const std::string& pod) {
    int32_t ready = 0;
    for (const auto& one : objects_.list<api::Pod>(budget.metadata.namespace_)) {
        const bool is_given = budget.status.disrupted_pods.contains(one->metadata.name);
        if (!is_given && api::selects(budget.spec.selector, one->metadata.labels)) ready += was_ready_lately(*one) ? 1 : 0;
    }
    if (ready < budget.status.desired_healthy)
        host_.trace().fail("the budget " + pod_label(budget.metadata) + " gives " + pod + " away: " + std::to_string(ready) +
                           " pods are ready, it wants " + std::to_string(budget.status.desired_healthy));
}

void BudgetWatch::budget_changed(const objects::FeedEvent& event) {
    const auto *now = event.as<api::PodDisruptionBudget>(), *before = event.before_as<api::PodDisruptionBudget>();
    if (!before || !now || event.is_deleted() || before->metadata.generation != now->metadata.generation)
        budgets_ms_[event.entry->key.ns] = loop_.now_ms();
    if (!now || !before || event.is_deleted()) return;
    for (const auto& [pod, since] : now->status.disrupted_pods) {
        if (before->status.disrupted_pods.contains(pod)) continue;
        given_.insert(now->metadata.namespace_.str() + "/" + pod.str());
        if (before->status.disruptions_allowed <= 0)
            host_.trace().fail("the budget " + pod_label(now->metadata) + " gives " + pod.str() + " away and allows nothing");
        check_spent(*now, pod.str());
    }
}

void BudgetWatch::pod_changed(const objects::FeedEvent& event) {
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    if (event.is_deleted()) {
        ready_ms_.erase(pod ? pod->metadata.uid.str() : "");
        given_.erase(event.entry->key.ns + "/" + event.entry->key.name);
        return;
    }
    if (!pod) return;
    const std::string ns = pod->metadata.namespace_.str();
    if ((before && counts(*before)) || counts(*pod)) ready_ms_[pod->metadata.uid.str()] = loop_.now_ms();
    if (!before || before->metadata.labels != pod->metadata.labels) budgets_ms_[ns] = loop_.now_ms();
    const bool goes_now = before && !before->metadata.deletion_timestamp && is_evicted(*pod);
    if (!goes_now || !counts(*before) || pod->status.phase != "Running" || given_.contains(pod_label(pod->metadata))) return;
    // A budget, or a pod's labels, that have just changed may have been others when it was decided.
    if (loop_.now_ms() - budgets_ms_[ns] <= 60 * lately_ms || objects::budgets_of(objects_, pod->metadata).size() != 1) return;
    host_.trace().fail("pod " + pod_label(pod->metadata) + " is evicted, and its budget does not know");
}

}  // namespace orilla::sim
