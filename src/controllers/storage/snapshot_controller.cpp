#include "storage/snapshot_controller.hpp"

#include <fmt/core.h>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/well_known.hpp"
#include "owned.hpp"
#include "storage/storage_terms.hpp"

namespace orilla::controllers {

namespace {
constexpr std::string_view snapshot_component = "snapshot-controller";
}  // namespace

SnapshotController::SnapshotController(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "volumesnapshot", .concurrency = 2, .backoff_ms_min = 200}) {
    objects_.feed<api::VolumeSnapshot>().keep(snapshot_terms);
    follow<api::VolumeSnapshot>([this](const objects::FeedEvent& event) {
        if (!event.is_deleted()) worker_.queue().add(key_of(event.entry->key));
    });
    follow<api::VolumeSnapshotContent>([this](const objects::FeedEvent& event) {
        const auto* content = event.as<api::VolumeSnapshotContent>();
        if (!content) return;
        const auto& of = content->spec.volume_snapshot_ref;
        worker_.queue().add(key_of(of.namespace_, of.name));
    });
    follow<api::PersistentVolumeClaim>([this](const objects::FeedEvent& event) { claim_changed(event); });
}

/// It may be what one waits for that is to be taken of it; and one that is being deleted waits for those that begin with it.
void SnapshotController::claim_changed(const objects::FeedEvent& event) {
    const auto& [ns, name] = std::pair(event.entry->key.ns, event.entry->key.name);
    for (const auto& snapshot : objects_.feed<api::VolumeSnapshot>().find<api::VolumeSnapshot>(taken_of(ns, name)))
        worker_.queue().add(key_of(snapshot->metadata));
    const auto* claim = event.as<api::PersistentVolumeClaim>();
    if (claim && claim->spec.data_source && claim->spec.data_source->kind == api::kind_of<api::VolumeSnapshot>().kind)
        worker_.queue().add(key_of(ns, claim->spec.data_source->name));
}

SnapshotSeen SnapshotController::observe(const api::VolumeSnapshot& snapshot) {
    SnapshotSeen seen;
    const std::string_view ns = snapshot.metadata.namespace_;
    const auto& source = snapshot.spec.source;
    const std::string content =
        source.volume_snapshot_content_name ? source.volume_snapshot_content_name->str() : content_name(snapshot);
    seen.content = objects_.get<api::VolumeSnapshotContent>(content);
    auto& claims = objects_.feed<api::PersistentVolumeClaim>();
    seen.is_restored = claims.count(beginning_with(api::kind_of<api::VolumeSnapshot>().kind, ns, snapshot.metadata.name)) > 0;
    if (const auto& name = snapshot.spec.volume_snapshot_class_name) {
        seen.snapshot_class = objects_.get<api::VolumeSnapshotClass>(*name);
    } else {
        for (const auto& one : objects_.list<api::VolumeSnapshotClass>())
            if (is_default_snapshot_class(*one)) seen.defaults.push_back(one->metadata.name.str());
    }
    const auto& claim = source.persistent_volume_claim_name;
    if (!claim) return seen;
    seen.claim = objects_.get<api::PersistentVolumeClaim>(ns, *claim);
    if (seen.claim) seen.volume = objects_.get<api::PersistentVolume>(seen.claim->spec.volume_name);
    for (const auto& other : objects_.feed<api::VolumeSnapshot>().find<api::VolumeSnapshot>(taken_of(ns, *claim)))
        seen.claim_is_copied |= other->metadata.uid != snapshot.metadata.uid && !other->metadata.deletion_timestamp;
    return seen;
}

loop::Task<Result<loop::Outcome>> SnapshotController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    AWAIT_VOID(objects_.feed<api::PersistentVolumeClaim>().catch_up());
    AWAIT_VOID(objects_.feed<api::VolumeSnapshot>().catch_up());
    const auto snapshot = objects_.get<api::VolumeSnapshot>(ns, name);
    if (!snapshot) co_return loop::Outcome{};
    const SnapshotSeen seen = observe(*snapshot);
    for (auto& action : plan_snapshot(*snapshot, seen)) {
        CO_TRY_VOID(apply(snapshot, seen, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> SnapshotController::apply(SnapshotPtr snapshot, SnapshotSeen seen, SnapshotAction action) {
    if (std::holds_alternative<MakeContent>(action)) return make(snapshot, std::move(seen));
    if (std::holds_alternative<BindContent>(action)) return bind(snapshot, seen.content);
    if (std::holds_alternative<FollowContent>(action)) return follow_content(snapshot, seen.content);
    if (auto* failed = std::get_if<FailSnapshot>(&action)) return fail(snapshot, std::move(*failed));
    if (const auto* set = std::get_if<SetSnapshotClass>(&action))
        return edit(snapshot, [name = set->name](auto& edited) {
            if (!edited.spec.volume_snapshot_class_name) edited.spec.volume_snapshot_class_name = name;
        });
    if (std::holds_alternative<DropContent>(action)) {
        objects::DeleteOptions options;
        options.uid = seen.content->metadata.uid.str();
        return objects::unless_gone(
            objects_.remove<api::VolumeSnapshotContent>("", seen.content->metadata.name.str(), options));
    }
    if (std::holds_alternative<ReleaseClaim>(action))
        return edit_claim(seen.claim,
                          [](auto& edited) { api::remove_finalizer(edited.metadata, api::copied_claim_finalizer); });
    if (std::holds_alternative<UnprotectSnapshot>(action))
        return edit(snapshot, [](auto& edited) {
            for (const auto finalizer : {api::snapshot_source_finalizer, api::snapshot_bound_finalizer})
                api::remove_finalizer(edited.metadata, finalizer);
        });
    return wait(snapshot, std::get<TellSnapshot>(std::move(action)));
}

loop::Task<Result<void>> SnapshotController::wait(SnapshotPtr snapshot, TellSnapshot why) {
    tell(*snapshot, "Warning", why.reason, why.message);
    co_return ok();
}

void SnapshotController::tell(const api::VolumeSnapshot& snapshot, const char* type, std::string_view reason,
                              const std::string& message) {
    events_.record(snapshot, snapshot_component, type, reason, message);
}

loop::Task<Result<void>> SnapshotController::edit(SnapshotPtr snapshot, std::function<void(api::VolumeSnapshot&)> change) {
    std::function<Result<void>(api::VolumeSnapshot&)> checked =
        [uid = snapshot->metadata.uid.str(), change = std::move(change)](api::VolumeSnapshot& edited) -> Result<void> {
        if (edited.metadata.uid == uid) change(edited);
        return ok();
    };
    return objects::unless_gone(objects_.modify<api::VolumeSnapshot>(snapshot->metadata.namespace_.str(),
                                                                     snapshot->metadata.name.str(), std::move(checked)));
}

loop::Task<Result<void>> SnapshotController::edit_claim(ClaimPtr claim,
                                                        std::function<void(api::PersistentVolumeClaim&)> change) {
    std::function<Result<void>(api::PersistentVolumeClaim&)> checked =
        [uid = claim->metadata.uid.str(), change = std::move(change)](api::PersistentVolumeClaim& edited) -> Result<void> {
        if (edited.metadata.uid == uid) change(edited);
        return ok();
    };
    return objects::unless_gone(objects_.modify<api::PersistentVolumeClaim>(claim->metadata.namespace_.str(),
                                                                            claim->metadata.name.str(), std::move(checked)));
}

loop::Task<Result<void>> SnapshotController::make(SnapshotPtr snapshot, SnapshotSeen seen) {
    CO_TRY_VOID(edit_claim(seen.claim, [](auto& edited) {
        if (!edited.metadata.deletion_timestamp && !api::has_finalizer(edited.metadata, api::copied_claim_finalizer))
            edited.metadata.finalizers.push_back(api::Str(api::copied_claim_finalizer));
    }));
    api::VolumeSnapshotContent content = make_content(*snapshot, seen);
    tell(*snapshot, "Normal", "CreatingSnapshot",
         fmt::format("Waiting for a snapshot {} to be created by the CSI driver.", key_of(snapshot->metadata)));
    AWAIT(auto made, objects_.create<api::VolumeSnapshotContent>(std::move(content)));
    if (!made && made.error().code() != Code::already_exists) co_return std::move(made).error();
    co_return ok();
}

loop::Task<Result<void>> SnapshotController::bind(SnapshotPtr snapshot, ContentPtr content) {
    std::function<Result<void>(api::VolumeSnapshotContent&)> take =
        [snapshot](api::VolumeSnapshotContent& edited) -> Result<void> {
        auto& held = edited.spec.volume_snapshot_ref;
        if (held.name != snapshot->metadata.name || held.namespace_ != snapshot->metadata.namespace_ || !held.uid.empty())
            return Error(Code::conflict, "the content was bound meanwhile");
        held = api::reference_to(api::kind_of<api::VolumeSnapshot>(), snapshot->metadata);
        return ok();
    };
    return objects::unless_gone(objects_.modify<api::VolumeSnapshotContent>("", content->metadata.name.str(), std::move(take)));
}

loop::Task<Result<void>> SnapshotController::follow_content(SnapshotPtr snapshot, ContentPtr content) {
    const api::VolumeSnapshotStatus now = summarise_snapshot(*snapshot, *content);
    if (now == snapshot->status) co_return ok();
    if (now.ready_to_use.value_or(false) && !snapshot->status.ready_to_use.value_or(false)) {
        const std::string key = key_of(snapshot->metadata);
        tell(*snapshot, "Normal", "SnapshotCreated",
             fmt::format("Snapshot {} was successfully created by the CSI driver.", key));
        tell(*snapshot, "Normal", "SnapshotReady", fmt::format("Snapshot {} is ready to use.", key));
    }
    CO_RETURN_AWAIT(write_status<api::VolumeSnapshot>(objects_, snapshot, now));
}

loop::Task<Result<void>> SnapshotController::fail(SnapshotPtr snapshot, FailSnapshot why) {
    tell(*snapshot, "Warning", why.reason, why.message);
    api::VolumeSnapshotStatus now = snapshot->status;
    if (write_snapshot_error(now.error, why.message, loop_.clock().wall_s())) {
        now.ready_to_use = false;
        CO_TRY_VOID(write_status<api::VolumeSnapshot>(objects_, snapshot, now));
    }
    co_return Error(Code::unavailable, why.message);
}

}  // namespace orilla::controllers
