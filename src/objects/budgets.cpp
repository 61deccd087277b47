#include "orilla/objects/budgets.hpp"

#include "orilla/kinds/budgets.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/objects/terms.hpp"

namespace orilla::objects {

bool has_budgets(Objects& objects) { return objects.store().count(api::kind_of<api::PodDisruptionBudget>().resource) > 0; }

std::vector<std::shared_ptr<const api::PodDisruptionBudget>> budgets_of(Objects& objects, const api::ObjectMeta& pod) {
    return find_selecting<api::PodDisruptionBudget>(objects, pod.namespace_, pod.labels);
}

std::vector<std::shared_ptr<const api::Pod>> pods_of(Objects& objects, const api::PodDisruptionBudget& budget) {
    std::vector<std::shared_ptr<const api::Pod>> out;
    if (!budget.spec.selector) return out;
    const auto selector = api::selector_of(*budget.spec.selector);
    if (!selector) return out;
    const api::Str& ns = budget.metadata.namespace_;
    const auto& labels = budget.spec.selector->match_labels;
    const Term term = labels.empty() ? in_namespace(ns) : labelled(ns, labels.begin()->key, labels.begin()->value);
    for (auto& pod : objects.feed<api::Pod>().find<api::Pod>(term))
        if (selector->matches(pod->metadata.labels)) out.push_back(std::move(pod));
    return out;
}

size_t count_healthy(Objects& objects, const api::PodDisruptionBudget& budget, int64_t now_s) {
    size_t healthy = 0;
    for (const auto& pod : pods_of(objects, budget)) healthy += api::counts_as_healthy(budget.status, *pod, now_s) ? 1 : 0;
    return healthy;
}

}  // namespace orilla::objects
