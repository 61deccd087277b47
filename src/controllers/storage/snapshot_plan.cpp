#include "storage/snapshot_plan.hpp"

#include <fmt/core.h>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::controllers {
namespace {

using Actions = std::vector<SnapshotAction>;

bool is_ready(const api::VolumeSnapshot& snapshot) { return snapshot.status.ready_to_use.value_or(false); }

void add_release(const SnapshotSeen& seen, Actions& actions) {
    if (seen.claim && !seen.claim_is_copied && api::has_finalizer(seen.claim->metadata, api::copied_claim_finalizer))
        actions.emplace_back(ReleaseClaim{});
}

Actions plan_end(const api::VolumeSnapshot& snapshot, const SnapshotSeen& seen) {
    if (seen.is_restored) return {TellSnapshot{"SnapshotDeletePending", "Snapshot is being used to restore a PVC"}};
    Actions actions;
    const bool has_content = seen.content && belongs_to(*seen.content, snapshot);
    if (has_content && seen.content->spec.deletion_policy == "Delete") {
        if (!seen.content->metadata.deletion_timestamp) actions.emplace_back(DropContent{});
        return actions;  // until it is gone
    }
    add_release(seen, actions);
    if (!snapshot.metadata.finalizers.empty()) actions.emplace_back(UnprotectSnapshot{});
    return actions;
}

Actions fail_with(const char* reason, std::string message) { return {FailSnapshot{reason, std::move(message)}}; }
Actions fail_content(std::string_view why) {
    return fail_with("SnapshotContentCreationFailed", fmt::format("Failed to create snapshot content with error {}", why));
}

Actions plan_class(const SnapshotSeen& seen) {
    if (seen.defaults.size() == 1) return {SetSnapshotClass{seen.defaults.front()}};
    const std::string why = seen.defaults.empty() ? std::string("cannot find default snapshot class")
                                                  : fmt::format("{} default snapshot classes were found", seen.defaults.size());
    return fail_with("SetDefaultSnapshotClassFailed", fmt::format("Failed to set default snapshot class with error {}", why));
}

/// Nothing has been made for it yet.
Actions plan_taking(const api::VolumeSnapshot& snapshot, const SnapshotSeen& seen) {
    const auto& name = *snapshot.spec.source.persistent_volume_claim_name;
    if (!seen.claim) {
        const std::string_view ns = snapshot.metadata.namespace_;
        return fail_with("SnapshotPVCSourceMissing", fmt::format("PVC {}/{} for snapshot is missing", ns, name.view()));
    }
    if (seen.claim->metadata.deletion_timestamp) return fail_content(fmt::format("the PVC {} is being deleted", name.view()));
    if (!seen.volume || !api::is_bound_to(*seen.volume, seen.claim->metadata))
        return fail_content(
            fmt::format("the PVC {} is not yet bound to a PV, will not attempt to take a snapshot", name.view()));
    if (!seen.volume->spec.csi)
        return fail_content(
            fmt::format("cannot find CSI PersistentVolumeSource for volume {}", seen.volume->metadata.name.view()));
    const auto& class_name = snapshot.spec.volume_snapshot_class_name;
    if (!class_name) return plan_class(seen);
    if (!seen.snapshot_class)
        return fail_with(
            "GetSnapshotClassFailed",
            fmt::format("Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io {} not found",
                        api::quote(*class_name)));
    const auto& parameters = seen.snapshot_class->parameters;
    if (seen.snapshot_class->driver != api::local_provisioner)
        return fail_content(fmt::format("the volume of PVC {} is of driver {}, and snapshot class {} is of {}", name.view(),
                                        api::local_provisioner, class_name->view(), seen.snapshot_class->driver.view()));
    if (!parameters.empty())
        return fail_content(
            fmt::format("unknown parameter {}: orilla.dev/local takes none", api::quote(parameters.begin()->key)));
    return {MakeContent{}};
}

Actions plan_given(const api::VolumeSnapshot& snapshot, const SnapshotSeen& seen) {
    if (!seen.content) return fail_with("SnapshotContentMissing", "VolumeSnapshotContent is missing");
    const auto& held = seen.content->spec.volume_snapshot_ref;
    if (!seen.content->spec.source.snapshot_handle)
        return fail_with("SnapshotContentMismatch",
                         "VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one");
    if (held.name != snapshot.metadata.name || held.namespace_ != snapshot.metadata.namespace_ ||
        (!held.uid.empty() && held.uid != snapshot.metadata.uid))
        return fail_with("SnapshotContentMisbound", fmt::format("VolumeSnapshotContent [{}] is bound to a different snapshot",
                                                                seen.content->metadata.name.view()));
    if (held.uid.empty()) return {BindContent{}};
    return {FollowContent{}};
}

}  // namespace

std::vector<SnapshotAction> plan_snapshot(const api::VolumeSnapshot& snapshot, const SnapshotSeen& seen) {
    if (snapshot.metadata.deletion_timestamp) return plan_end(snapshot, seen);
    if (snapshot.spec.source.volume_snapshot_content_name) return plan_given(snapshot, seen);
    if (!seen.content) {
        // What was ready once is not made again: it would be another moment.
        if (is_ready(snapshot)) return fail_with("SnapshotContentMissing", "VolumeSnapshotContent is missing");
        return plan_taking(snapshot, seen);
    }
    if (!belongs_to(*seen.content, snapshot))
        return fail_with("SnapshotContentMisbound", fmt::format("VolumeSnapshotContent [{}] is bound to a different snapshot",
                                                                seen.content->metadata.name.view()));
    Actions actions{FollowContent{}};
    if (is_ready(snapshot)) add_release(seen, actions);
    return actions;
}

ContentStep plan_content(const api::VolumeSnapshotContent& content, const api::VolumeSnapshot* snapshot) {
    if (content.spec.driver != api::local_provisioner) return ContentStep::nothing;
    const bool is_bound = !content.spec.volume_snapshot_ref.uid.empty(),
               has_snapshot = snapshot && belongs_to(content, *snapshot);
    if (content.metadata.deletion_timestamp) {
        if (has_snapshot && !snapshot->metadata.deletion_timestamp) return ContentStep::nothing;
        if (!api::has_finalizer(content.metadata, api::snapshot_content_finalizer)) return ContentStep::nothing;
        return is_bound && content.spec.deletion_policy == "Delete" ? ContentStep::remove : ContentStep::unprotect;
    }
    if (is_bound && !has_snapshot) return content.spec.deletion_policy == "Delete" ? ContentStep::go : ContentStep::nothing;
    if (content.status.ready_to_use.value_or(false)) return ContentStep::nothing;
    return content.spec.source.volume_handle ? ContentStep::take : ContentStep::find;
}

std::string content_name(const api::VolumeSnapshot& snapshot) { return "snapcontent-" + snapshot.metadata.uid.str(); }

api::VolumeSnapshotContent make_content(const api::VolumeSnapshot& snapshot, const SnapshotSeen& seen) {
    api::VolumeSnapshotContent out;
    out.metadata.name = api::Str(content_name(snapshot));
    auto& spec = out.spec;
    spec.volume_snapshot_ref = api::reference_to(api::kind_of<api::VolumeSnapshot>(), snapshot.metadata);
    spec.deletion_policy = seen.snapshot_class->deletion_policy;
    spec.driver = api::Str(api::local_provisioner);
    spec.volume_snapshot_class_name = seen.snapshot_class->metadata.name;
    spec.source.volume_handle = seen.volume->spec.csi->volume_handle;
    spec.source_volume_mode = seen.volume->spec.volume_mode.value_or("Filesystem");
    return out;
}

std::string snapshot_handle(const api::VolumeSnapshotContent& content) {
    if (const auto& told = content.status.snapshot_handle) return told->str();
    if (const auto& given = content.spec.source.snapshot_handle) return given->str();
    return "snapshot-" + content.metadata.uid.str();
}

bool belongs_to(const api::VolumeSnapshotContent& content, const api::VolumeSnapshot& snapshot) {
    const auto& held = content.spec.volume_snapshot_ref;
    return held.name == snapshot.metadata.name && held.namespace_ == snapshot.metadata.namespace_ &&
           held.uid == snapshot.metadata.uid;
}

bool is_default_snapshot_class(const api::VolumeSnapshotClass& snapshot_class) {
    const api::Str* value = snapshot_class.metadata.annotations.get(api::default_snapshot_class_annotation);
    return value && *value == "true" && snapshot_class.driver == api::local_provisioner &&
           !snapshot_class.metadata.deletion_timestamp;
}

api::VolumeSnapshotStatus summarise_snapshot(const api::VolumeSnapshot& snapshot, const api::VolumeSnapshotContent& content) {
    constexpr int64_t second_ns = 1'000'000'000;
    api::VolumeSnapshotStatus out = snapshot.status;
    const auto& from = content.status;
    out.bound_volume_snapshot_content_name = content.metadata.name;
    out.ready_to_use = from.ready_to_use.value_or(false);
    if (from.creation_time) out.creation_time = api::Time(*from.creation_time / second_ns);
    if (from.restore_size) out.restore_size = api::Quantity::from_bytes(*from.restore_size);
    out.error = from.error;
    return out;
}

bool write_snapshot_error(api::Box<api::VolumeSnapshotError>& error, std::string_view message, int64_t now_s) {
    if (error && error->message == message) return false;
    error.ensure().message = message;
    error->time = api::Time(now_s);
    return true;
}

}  // namespace orilla::controllers
