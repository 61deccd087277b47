#include "workload/statefulset_controller.hpp"

#include <fmt/core.h>

#include "orilla/base/text.hpp"
#include "owned.hpp"
#include "workload/owned_revisions.hpp"

namespace orilla::controllers {
namespace {

constexpr std::string_view statefulset_component = "statefulset-controller";

loop::Task<Result<void>> create_stateful_pod(objects::Objects& objects, api::Pod pod) {
    AWAIT(auto created, objects.create<api::Pod>(std::move(pod)));
    if (!created) co_return std::move(created).error();
    co_return ok();
}

loop::Task<Result<void>> identify_pod(objects::Objects& objects, std::string ns, std::string name, std::string set) {
    std::function<Result<void>(api::Pod&)> change = [set](api::Pod& pod) -> Result<void> { return identify(pod, set), ok(); };
    return objects::unless_gone(objects.modify<api::Pod>(std::move(ns), std::move(name), std::move(change)));
}

loop::Task<Result<void>> set_claim_owners(objects::Objects& objects, std::string ns, SetClaimOwners wanted) {
    std::function<Result<void>(api::PersistentVolumeClaim&)> change =
        [owners = wanted.owners](api::PersistentVolumeClaim& claim) -> Result<void> {
        return claim.metadata.owner_references = owners, ok();
    };
    return objects::unless_gone(
        objects.modify<api::PersistentVolumeClaim>(std::move(ns), std::move(wanted.name), std::move(change)));
}

}  // namespace

StatefulSetController::StatefulSetController(const Surroundings& with)
    : Controller(with),
      pods_(with.objects.feed<api::Pod>()),
      revisions_(with.objects.feed<api::ControllerRevision>()),
      worker_(with.loop, *this, {.name = "statefulset", .concurrency = 2}) {
    pods_.keep(objects::owner_terms);
    revisions_.keep(objects::owner_terms);
    objects_.feed<api::StatefulSet>().keep(objects::selector_terms<api::StatefulSet>);
    follow<api::StatefulSet>([this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
    follow<api::PersistentVolumeClaim>([this](const objects::FeedEvent& event) { claim_changed(event); });
    follow<api::ControllerRevision>(
        [this](const objects::FeedEvent& event) { queue_owner(event, api::kind_of<api::StatefulSet>(), worker_.queue()); });
}

void StatefulSetController::pod_changed(const objects::FeedEvent& event) {
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    const bool modified = event.type == store::WatchEvent::Type::modified;
    if (modified && pod && before && looks_the_same_to_owner(*pod, *before)) return;
    queue_owner(event, api::kind_of<api::StatefulSet>(), worker_.queue());
    queue_adopters<api::StatefulSet>(objects_, event, worker_.queue());
}

/// A pod may wait for the end of a claim, to have another of its name.
void StatefulSetController::claim_changed(const objects::FeedEvent& event) {
    if (!event.is_deleted() || !event.object()) return;
    const api::ObjectMeta& meta = event.object()->meta();
    for (const auto& set : objects::find_selecting<api::StatefulSet>(objects_, meta.namespace_, meta.labels))
        worker_.queue().add(key_of(set->metadata));
}

loop::Task<StatefulSetObserved> StatefulSetController::observe(SetPtr set) {
    for (objects::Feed* feed : {&pods_, &revisions_}) {
        AWAIT_VOID(feed->catch_up());
    }
    StatefulSetObserved seen;
    seen.pods = objects::find_claimed<api::Pod>(objects_, set->metadata, set->spec.selector);
    seen.revisions = objects::find_claimed<api::ControllerRevision>(objects_, set->metadata, set->spec.selector);
    for (auto& name : claims_in_question(*set, seen.pods))
        if (auto claim = objects_.get<api::PersistentVolumeClaim>(set->metadata.namespace_, name))
            seen.claims[std::move(name)] = std::move(claim);
    seen.now_s = loop_.clock().wall_s();
    co_return seen;
}

loop::Task<Result<loop::Outcome>> StatefulSetController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    SetPtr set = objects_.get<api::StatefulSet>(ns, name);
    if (!set) co_return loop::Outcome{};
    AWAIT(const StatefulSetObserved seen, observe(set));
    for (const auto& claim : contested_claims(*set, seen))
        events_.record(
            *set, statefulset_component, "Warning", "ConflictingController",
            fmt::format("PersistentVolumeClaim {} has another controller, the retention policy is ignored for it", claim));
    Result<void> failed = ok();
    auto actions = plan_statefulset(*set, seen);
    for (auto& action : actions) {
        AWAIT(failed, apply(set, std::move(action)));
        if (!failed) break;
    }
    // The acts may have changed it (collisions).
    set = objects_.get<api::StatefulSet>(ns, name);
    if (!set) co_return loop::Outcome{};
    AWAIT(auto outcome, summarise(set));
    if (!failed) co_return std::move(failed).error();
    // Not every act is heard of again, and what it allows is for the next turn. Only now: a status that cannot be written
    // has to wait longer each time.
    if (outcome && !actions.empty()) worker_.queue().add(key);
    co_return outcome;
}

loop::Task<Result<void>> StatefulSetController::apply(SetPtr set, StatefulSetAction action) {
    const api::KindInfo& pod = api::kind_of<api::Pod>();
    const std::string ns = set->metadata.namespace_.str(), name = set->metadata.name.str();
    auto owner = make_controller_reference("apps/v1", "StatefulSet", set->metadata);
    loop::Task<Result<void>> task;
    if (auto* create = std::get_if<CreateStatefulPod>(&action)) {
        const std::string made = create->object.metadata.name.str();
        task = tell(set, "Create", made, create_stateful_pod(objects_, std::move(create->object)));
    } else if (const auto* remove = std::get_if<DeletePod>(&action)) {
        task = tell(set, "Delete", remove->name, objects::unless_gone(objects_.remove<api::Pod>(ns, remove->name)));
    } else if (const auto* one = std::get_if<IdentifyPod>(&action)) {
        task = tell(set, "Update", one->name, identify_pod(objects_, ns, one->name, name));
    } else if (const auto* found = std::get_if<AdoptPod>(&action)) {
        task = adopt(objects_, pod, ns, found->name, std::move(owner));
    } else if (const auto* free = std::get_if<ReleasePod>(&action)) {
        task = release(objects_, pod, ns, free->name, set->metadata.uid.str());
    } else if (auto* claim = std::get_if<CreateClaim>(&action)) {
        task = create_claim(set, std::move(*claim));
    } else if (auto* owned = std::get_if<SetClaimOwners>(&action)) {
        task = set_claim_owners(objects_, ns, std::move(*owned));
    } else if (auto* refused = std::get_if<RefusePod>(&action)) {
        task = refuse(set, std::move(*refused));
    } else {
        task = apply_revision<api::StatefulSet>(objects_, set, std::move(owner), std::move(action));
    }
    co_return co_await std::move(task);
}

loop::Task<Result<void>> StatefulSetController::tell(SetPtr set, std::string_view reason, std::string what,
                                                     loop::Task<Result<void>> doing) {
    Result<void> done = co_await std::move(doing);
    const std::string in = fmt::format("{} Pod {} in StatefulSet {}", lowered(reason), what, set->metadata.name.view());
    if (done) events_.record(*set, statefulset_component, "Normal", fmt::format("Successful{}", reason), in + " successful");
    else
        events_.record(*set, statefulset_component, "Warning", fmt::format("Failed{}", reason),
                       fmt::format("{} failed error: {}", in, done.error().message()));
    co_return done;
}

loop::Task<Result<void>> StatefulSetController::create_claim(SetPtr set, CreateClaim create) {
    const std::string claim = create.object.metadata.name.str(), name = set->metadata.name.str();
    AWAIT(auto created, objects_.create<api::PersistentVolumeClaim>(std::move(create.object)));
    if (!created) {
        events_.record(*set, statefulset_component, "Warning", "FailedCreate",
                       fmt::format("create Claim {} for Pod {} in StatefulSet {} failed error: {}", claim, create.pod, name,
                                   created.error().message()));
        co_return std::move(created).error();
    }
    events_.record(*set, statefulset_component, "Normal", "SuccessfulCreate",
                   fmt::format("create Claim {} Pod {} in StatefulSet {} success", claim, create.pod, name));
    co_return ok();
}

loop::Task<Result<void>> StatefulSetController::refuse(SetPtr set, RefusePod refused) {
    events_.record(
        *set, statefulset_component, "Warning", "FailedCreate",
        fmt::format("create Pod {} in StatefulSet {} failed error: {}", refused.name, set->metadata.name.view(), refused.why));
    co_return Error(Code::conflict, refused.why);
}

loop::Task<Result<loop::Outcome>> StatefulSetController::summarise(SetPtr set) {
    AWAIT(const StatefulSetObserved seen, observe(set));
    int64_t again_after_s = -1;
    api::StatefulSetStatus status = summarise_statefulset(*set, seen, &again_after_s);
    CO_TRY_VOID(write_status(objects_, set, std::move(status)));
    co_return loop::Outcome{again_after_s < 0 ? -1 : again_after_s * 1000};
}

}  // namespace orilla::controllers
