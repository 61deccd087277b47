#include "orilla/objects/evictions.hpp"

#include "eviction_plan.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/budgets.hpp"

namespace orilla::objects {
namespace {

/// A pod that is another one by the time it is to go is looked at again so often.
constexpr int looks_max = 5;

using PodPtr = std::shared_ptr<const api::Pod>;

const api::KindInfo& pod_kind() { return api::kind_of<api::Pod>(); }

}  // namespace

/// One eviction on its way.
class Evictions::One {
  public:
    One(Evictions& all, std::string ns, std::string name, DeleteOptions options)
        : all_(all), objects_(all.objects_), ns_(std::move(ns)), name_(std::move(name)), options_(std::move(options)) {}

    Task<Result<void>> run() {
        for (int look = 1;; ++look) {
            AWAIT(auto done, look_and_evict());
            if (done || !only_as_is_ || done.error().code() != Code::conflict) co_return done;
            if (look == looks_max) co_return budget_in_work(budget_);
        }
    }

  private:
    int64_t now_s() const { return objects_.clock().wall_s(); }

    Task<Result<void>> look_and_evict() {
        only_as_is_ = false;
        // What stands against any deletion must not cost the budget an eviction.
        CO_TRY_VOID(try_removal());
        AWAIT_VOID(all_.catch_up());
        CO_TRY(const PodPtr pod, objects_.read<api::Pod>(ns_, name_));
        const auto budgets = budgets_of(objects_, pod->metadata);
        if (!budgets.empty()) budget_ = budgets.front()->metadata.name;
        const size_t healthy = budgets.size() == 1 ? count_healthy(objects_, *budgets.front(), now_s()) : 0;
        CO_CHECK(const EvictionPlan plan, plan_eviction(*pod, budgets, healthy));
        if (plan.spends) CO_TRY_VOID(spend(pod));
        only_as_is_ = plan.only_as_is && options_.resource_version.empty();
        CO_RETURN_AWAIT(mark_and_remove(pod));
    }

    Task<Result<void>> try_removal() {
        DeleteOptions dry = options_;
        dry.context.dry_run = true;
        CO_TRY(auto removed, objects_.remove(pod_kind(), ns_, name_, std::move(dry)));
        (void)removed;
        co_return ok();
    }

    /// Compare-and-swap on the budget's status: of two evictions that see the same last one the second sees it gone.
    Task<Result<void>> spend(PodPtr pod) {
        Objects::Change take = [this, pod](api::Object& object) -> Result<void> {
            auto& budget = object.as<api::PodDisruptionBudget>();
            return spend_budget(budget, *pod, count_healthy(objects_, budget, now_s()), now_s());
        };
        WriteContext own;  // whoever may evict need not be allowed to write budgets
        own.dry_run = options_.context.dry_run;
        AWAIT(auto spent, objects_.modify(api::kind_of<api::PodDisruptionBudget>(), ns_, budget_.str(), std::move(take),
                                          Part::status, own));
        if (spent || spent.error().code() == Code::not_found) co_return ok();  // a budget that is gone holds nobody
        if (spent.error().code() != Code::conflict) co_return std::move(spent).error();
        co_return budget_in_work(budget_);
    }

    /// Says of the pod that somebody takes it away, which a Job may want to know, and does so.
    Task<Result<void>> mark_and_remove(PodPtr pod) {
        DeleteOptions options = options_;
        if (!options.context.dry_run && options.resource_version.empty()) {
            Objects::Change mark = [this, pod](api::Object& object) { return mark_evicted(object.as<api::Pod>(), *pod); };
            CO_TRY(auto marked, objects_.modify(pod_kind(), ns_, name_, std::move(mark), Part::status, options.context));
            if (only_as_is_) options.resource_version = std::to_string(marked.entry->revision);
        }
        if (options.uid.empty()) options.uid = pod->metadata.uid.str();
        CO_TRY(auto removed, objects_.remove(pod_kind(), ns_, name_, std::move(options)));
        (void)removed;
        co_return ok();
    }

    Result<void> mark_evicted(api::Pod& pod, const api::Pod& seen) const {
        const bool is_as_seen = pod.status.phase == seen.status.phase && api::is_ready(pod) == api::is_ready(seen);
        if (pod.metadata.uid != seen.metadata.uid || (only_as_is_ && !is_as_seen))
            return store::conflict_error({std::string(pod_kind().resource), ns_, name_});
        if (api::is_finished(pod)) return ok();
        api::PodCondition& condition = api::ensure_pod_condition(pod, api::disruption_target_condition);
        if (condition.status == "True") return ok();
        condition.status = "True";
        condition.reason = "EvictionByEvictionAPI";
        condition.message = "Eviction API: evicting";
        condition.last_transition_time = api::Time(now_s());
        return ok();
    }

    Evictions& all_;
    Objects& objects_;
    const std::string ns_, name_;
    const DeleteOptions options_;
    api::Str budget_;
    bool only_as_is_ = false;
};

Task<void> Evictions::catch_up() {
    const auto follow = [this](std::unique_ptr<Follower>& follower, const api::KindInfo& kind) {
        if (follower) return;
        follower = std::make_unique<Follower>(objects_, kind, [](const FeedEvent&) {});
        follower->start();
    };
    follow(budgets_, api::kind_of<api::PodDisruptionBudget>());
    follow(pods_, pod_kind());
    AWAIT_VOID(budgets_->catch_up());
    AWAIT_VOID(pods_->catch_up());
}

Task<Result<void>> Evictions::evict(std::string ns, std::string pod, DeleteOptions options) {
    One one(*this, std::move(ns), std::move(pod), std::move(options));
    CO_RETURN_AWAIT(one.run());
}

}  // namespace orilla::objects
