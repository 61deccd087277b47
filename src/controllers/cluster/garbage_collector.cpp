#include "cluster/garbage_collector.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::controllers {
namespace {

constexpr std::string_view component = "garbage-collector-controller";

std::string queue_key(const store::Key& key) { return fmt::format("{}/{}/{}", key.resource, key.ns, key.name); }

store::Key parse_queue_key(const std::string& text) {
    const size_t first = text.find('/'), second = text.find('/', first + 1);
    return {text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

/// Whether the collector has anything to decide about it.
bool concerns(const api::ObjectMeta& meta) {
    if (!meta.owner_references.empty()) return true;
    return meta.deletion_timestamp && !meta.finalizers.empty();
}

bool same_concern(const api::ObjectMeta& a, const api::ObjectMeta& b) {
    return a.owner_references == b.owner_references && a.finalizers == b.finalizers &&
           a.deletion_timestamp == b.deletion_timestamp;
}

/// Whether an object may have owners or be on its way out, told from its bytes: most have neither and are not decoded.
bool may_concern(const store::EntryPtr& entry) {
    if (!entry) return false;
    if (!entry->json) return true;
    return entry->json->find("\"ownerReferences\"") != std::string::npos ||
           entry->json->find("\"deletionTimestamp\"") != std::string::npos;
}

std::string describe_out_of_reach(const store::Key& dependent, const api::OwnerReference& owner) {
    return fmt::format("ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace \"{}\"",
                       owner.api_version, owner.kind, dependent.ns, owner.name, owner.uid, dependent.ns);
}

}  // namespace

GarbageCollector::GarbageCollector(const Surroundings& with)
    : Controller(with),
      listed_event_(with.loop),
      worker_(with.loop, *this, {.name = "garbage-collector", .concurrency = 4}),
      scope_(with.loop) {
    follow_all([this](const objects::FeedEvent& event) { changed(event); });
}

void GarbageCollector::start() {
    Controller::start();
    unlisted_ = every_.size();
    for (const auto& followed : every_) scope_.spawn(wait_for_list(followed));
}

/// An owner may only be told that it has no dependents by who has seen all objects.
loop::Task<void> GarbageCollector::wait_for_list(EachFollower followed) {
    AWAIT_VOID(followed.second->catch_up());
    if (--unlisted_ == 0) listed_event_.notify_all();
}

void GarbageCollector::kind_added(const EachFollower& added) {
    ++unlisted_;
    scope_.spawn(wait_for_list(added));
    // An owner of this kind was of an unknown one.
    for (const auto& [key, owners] : owners_) worker_.queue().add(queue_key(key));
}

/// Its objects, should there be any, hold nobody any more.
void GarbageCollector::kind_removed(const api::KindInfo& kind) {
    std::vector<store::Key> keys;
    for (const auto& [key, owners] : owners_)
        if (key.resource == kind.resource) keys.push_back(key);
    for (const auto& key : keys) {
        unindex(key);
        const auto entry = objects_.store().find(key);
        if (!entry || !entry->json) continue;
        if (const auto last = objects_.decode(kind, entry)) queue_owners(key, (*last)->meta());
    }
}

// ---- the index -------------------------------------------------------------------------------------------------------

void GarbageCollector::changed(const objects::FeedEvent& event) {
    if (!event.is_deleted() && !may_concern(event.entry) && !may_concern(event.previous)) return;
    if (event.is_deleted()) return gone(event);
    const auto& object = event.object();
    if (!object) return worker_.queue().add(queue_key(event.entry->key));  // too large to be in memory
    const auto& before = event.before();
    if (before && before->meta().uid == object->meta().uid && same_concern(before->meta(), object->meta())) return;
    index(event.entry->key, object->meta());
    if (concerns(object->meta())) worker_.queue().add(queue_key(event.entry->key));
    // A dependent that lost its reference may have been the last that its owner waited for.
    if (before) queue_owners(event.entry->key, before->meta());
}

void GarbageCollector::gone(const objects::FeedEvent& event) {
    unindex(event.entry->key);
    if (!event.object()) return;
    queue_owners(event.entry->key, event.object()->meta());
    queue_dependents(event.object()->meta().uid.str());
}

void GarbageCollector::index(const store::Key& key, const api::ObjectMeta& meta) {
    unindex(key);
    if (meta.owner_references.empty()) return;
    auto& uids = owners_[key];
    for (const auto& reference : meta.owner_references) {
        uids.push_back(reference.uid.str());
        Dependents& dependents = dependents_[uids.back()];
        Link& link = dependents.links[key];
        if (reference.block_owner_deletion.value_or(false) && !link.blocks) {
            link.blocks = true;
            ++dependents.blocking;
        }
        link.deleting = static_cast<bool>(meta.deletion_timestamp);
        link.waiting = link.deleting && has_finalizer(meta, api::foreground_finalizer);
    }
}

void GarbageCollector::unindex(const store::Key& key) {
    const auto found = owners_.find(key);
    if (found == owners_.end()) return;
    for (const auto& uid : found->second) {
        const auto dependents = dependents_.find(uid);
        if (dependents == dependents_.end()) continue;
        auto& links = dependents->second.links;
        const auto link = links.find(key);
        if (link == links.end()) continue;
        dependents->second.blocking -= link->second.blocks;
        links.erase(link);
        if (links.empty()) dependents_.erase(dependents);
    }
    owners_.erase(found);
}

void GarbageCollector::queue_dependents(const std::string& uid) {
    const auto dependents = dependents_.find(uid);
    if (dependents == dependents_.end()) return;
    for (const auto& [key, link] : dependents->second.links) worker_.queue().add(queue_key(key));
}

/// An owner that still waits for others has no reason to look: only the last of thousands costs it a look at all of them.
void GarbageCollector::queue_owners(const store::Key& key, const api::ObjectMeta& meta) {
    for (const auto& reference : meta.owner_references) {
        const auto dependents = dependents_.find(reference.uid.str());
        if (dependents != dependents_.end() && dependents->second.blocking > 0) continue;
        const auto* kind = objects_.kinds().find(reference.api_version, reference.kind);
        if (!kind) continue;
        worker_.queue().add(queue_key({std::string(kind->resource), kind->namespaced ? key.ns : "", reference.name.str()}));
    }
}

// ---- observe, plan, apply --------------------------------------------------------------------------------------------

loop::Task<GarbageCollector::ObjectResult> GarbageCollector::read(store::Key key) {
    const auto* kind = objects_.kinds().find_resource(key.resource);
    if (!kind) co_return Error(Code::not_found, key.resource + " is not served");
    const api::KindRef kept(*kind);
    CO_RETURN_AWAIT(objects_.read(*kind, key.ns, key.name));
}

loop::Task<Result<OwnerState>> GarbageCollector::find_owner(store::Key dependent, api::OwnerReference reference) {
    const auto* kind = objects_.kinds().find(reference.api_version, reference.kind);
    if (!kind || (kind->namespaced && dependent.ns.empty())) co_return OwnerState::unknown;
    AWAIT(const auto owner, read({std::string(kind->resource), kind->namespaced ? dependent.ns : "", reference.name.str()}));
    if (!owner && owner.error().code() == Code::not_found) co_return OwnerState::absent;
    if (!owner) co_return owner.error();
    const api::ObjectMeta& meta = owner->object->meta();
    if (!(meta.uid == reference.uid)) co_return OwnerState::absent;
    const bool waits = meta.deletion_timestamp && has_finalizer(meta, api::foreground_finalizer);
    co_return waits ? OwnerState::waiting : OwnerState::present;
}

/// Whether the owner is one that this object cannot have: of another namespace, or of any when it has none itself.
loop::Task<Result<bool>> GarbageCollector::is_out_of_reach(OwnerState state, store::Key dependent,
                                                           api::OwnerReference reference) {
    const auto* kind = objects_.kinds().find(reference.api_version, reference.kind);
    if (!kind || !kind->namespaced) co_return false;
    const api::KindRef kept(*kind);
    if (dependent.ns.empty()) co_return true;
    if (state != OwnerState::absent) co_return false;
    for (const auto& ns : objects_.store().list("namespaces", "").entries) {
        const store::Key place{std::string(kind->resource), ns->key.name, reference.name.str()};
        if (place.ns == dependent.ns || !objects_.store().find(place)) continue;
        AWAIT(const auto found, read(place));
        if (!found && found.error().code() == Code::not_found) continue;
        if (!found) co_return found.error();
        if (found->object->meta().uid == reference.uid) co_return true;
    }
    co_return false;
}

loop::Task<Result<loop::Outcome>> GarbageCollector::reconcile(std::string text) {
    while (unlisted_ > 0) co_await listed_event_.wait();
    const store::Key key = parse_queue_key(text);
    AWAIT(auto object, read(key));
    if (!object && object.error().code() == Code::not_found) co_return loop::Outcome{};
    if (!object) co_return std::move(object).error();
    const api::ObjectMeta& meta = object->object->meta();
    index(key, meta);
    GarbageObserved seen;
    bool waited_for = static_cast<bool>(meta.deletion_timestamp);
    for (const auto& reference : meta.owner_references) {
        CO_TRY(const OwnerState state, find_owner(key, reference));
        seen.owners.push_back(state);
        waited_for |= state == OwnerState::waiting;
        CO_TRY(const bool elsewhere, is_out_of_reach(state, key, reference));
        if (elsewhere)
            events_.record(*object->object, component, "Warning", "OwnerRefInvalidNamespace",
                           describe_out_of_reach(key, reference));
    }
    if (const auto dependents = dependents_.find(meta.uid.str()); waited_for && dependents != dependents_.end())
        for (const auto& [dependent, link] : dependents->second.links)
            seen.dependents.push_back({dependent, link.blocks, link.deleting, link.waiting});
    for (auto& action : plan_garbage(meta, seen)) {
        co_await loop_.breathe();
        CO_TRY_VOID(apply(*object, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> GarbageCollector::apply(objects::Stored object, GarbageAction action) {
    const store::Key key = object.entry->key;
    const std::string uid = object.object->meta().uid.str();
    if (const auto* queue = std::get_if<QueueDependent>(&action)) {
        worker_.queue().add(queue_key(queue->key));
        co_return ok();
    }
    if (const auto* remove = std::get_if<DeleteObject>(&action)) {
        objects::DeleteOptions options;
        options.propagation = remove->propagation;
        options.uid = uid;
        options.resource_version = std::to_string(object.entry->revision);  // its owners are as they were seen
        auto removing = objects_.remove(object.object->kind(), key.ns, key.name, std::move(options));
        CO_RETURN_AWAIT(objects::unless_gone(std::move(removing)));
    }
    loop::Task<Result<void>> task;
    if (const auto* release = std::get_if<ReleaseDependent>(&action))
        task = edit(release->key, "", [owner = release->owner_uid](api::ObjectMeta& meta) { remove_owner(meta, owner); });
    else if (const auto* finalizer = std::get_if<RemoveFinalizer>(&action))
        task = edit(key, uid, [name = finalizer->finalizer](api::ObjectMeta& meta) { remove_finalizer(meta, name); });
    else
        task = edit(key, uid, [uids = std::get<RemoveOwners>(action).uids](api::ObjectMeta& meta) {
            for (const auto& owner : uids) remove_owner(meta, owner);
        });
    co_return co_await std::move(task);
}

/// Of the object with this uid only, when one is given.
loop::Task<Result<void>> GarbageCollector::edit(store::Key key, std::string uid, std::function<void(api::ObjectMeta&)> change) {
    const auto* kind = objects_.kinds().find_resource(key.resource);
    if (!kind) co_return ok();
    const api::KindRef kept(*kind);
    objects::Objects::Change guarded = [uid, change = std::move(change)](api::Object& object) -> Result<void> {
        if (!uid.empty() && !(object.meta().uid == uid)) return Error(Code::not_found, "another object has its name");
        change(object.meta());
        return ok();
    };
    auto editing = objects_.modify(*kind, key.ns, key.name, std::move(guarded));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(editing)));
}

}  // namespace orilla::controllers
