#include "budget_clients.hpp"

#include "client_requests.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/selectors.hpp"

namespace orilla::sim {

namespace {

const char* const budget_apps[] = {"d0", "d1", "s0"};

api::PodDisruptionBudget draw_budget(Random& random, const std::string& ns, const std::string& name) {
    api::PodDisruptionBudget out;
    out.metadata.name = name;
    out.metadata.namespace_ = ns;
    out.spec.selector.ensure().match_labels["app"] = name;
    const api::IntOrString shares[] = {api::IntOrString(0), api::IntOrString(1), api::IntOrString(2),
                                       api::IntOrString(api::Str("50%"))};
    const api::IntOrString& share = shares[random.below(std::size(shares))];
    if (random.below(2) == 0) out.spec.min_available = share;
    else out.spec.max_unavailable = share;
    if (random.below(4) == 0) out.spec.unhealthy_pod_eviction_policy = "AlwaysAllow";
    return out;
}

loop::Task<Result<void>> evict(objects::Evictions& evictions, std::string ns, std::string name) {
    return evictions.evict(std::move(ns), std::move(name));
}

}  // namespace

ClientRequest act_on_budget(objects::Objects& objects, Random& random, const std::string& ns) {
    const std::string name = budget_apps[random.below(std::size(budget_apps))], what = " budget " + ns + "/" + name;
    const api::PodDisruptionBudget drawn = draw_budget(random, ns, name);
    const auto found = objects.get<api::PodDisruptionBudget>(ns, name);
    if (!found) return {"create" + what, request_create(objects, api::Object(drawn))};
    if (random.below(3) == 0)
        return {"delete" + what, request_delete(objects, api::kind_of<api::PodDisruptionBudget>(), ns, name, {})};
    std::function<void(api::PodDisruptionBudget&)> edit = [spec = drawn.spec](auto& budget) { budget.spec = spec; };
    return {"change" + what, request_edit<api::PodDisruptionBudget>(objects, ns, name, std::move(edit))};
}

ClientRequest request_eviction(Daemon& daemon, const api::ObjectMeta& pod) {
    return {"evict " + pod.namespace_.str() + "/" + pod.name.str(),
            evict(daemon.evictions(), pod.namespace_.str(), pod.name.str())};
}

void check_budgets(objects::Objects& objects, std::vector<std::string>& out) {
    for (const auto& budget : objects.list<api::PodDisruptionBudget>()) {
        const std::string name = "budget " + budget->metadata.namespace_.str() + "/" + budget->metadata.name.str();
        const api::PodDisruptionBudgetStatus& status = budget->status;
        int32_t ready = 0;
        for (const auto& pod : objects.list<api::Pod>(budget->metadata.namespace_))
            if (api::selects(budget->spec.selector, pod->metadata.labels)) ready += api::is_ready(*pod) ? 1 : 0;
        if (status.observed_generation != budget->metadata.generation) out.push_back(name + " was not looked at");
        if (!status.disrupted_pods.empty()) out.push_back(name + " waits for pods that were evicted");
        const bool is_known = !status.conditions.empty() && status.conditions[0].reason != "SyncFailed";
        if (is_known && status.current_healthy != ready)
            out.push_back(name + " counts " + std::to_string(status.current_healthy) + " of " + std::to_string(ready) +
                          " ready pods");
    }
}

}  // namespace orilla::sim
