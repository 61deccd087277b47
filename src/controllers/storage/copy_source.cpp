#include "storage/copy_source.hpp"

#include <fmt/core.h>

#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "storage/snapshot_plan.hpp"

namespace orilla::controllers {
namespace {

using Found = Result<std::optional<CopySource>>;

Found find_claim(objects::Objects& objects, const api::PersistentVolumeClaim& claim, std::string_view name) {
    const std::string_view ns = claim.metadata.namespace_;
    const auto source = objects.get<api::PersistentVolumeClaim>(ns, name);
    if (!source)
        return Error(Code::not_found, fmt::format("error getting PVC {} (namespace \"{}\") from api server: "
                                                  "persistentvolumeclaims \"{}\" not found",
                                                  name, ns, name));
    if (source->metadata.deletion_timestamp)
        return Error(Code::conflict, fmt::format("the PVC {} is being deleted and cannot be cloned", name));
    const auto volume = objects.get<api::PersistentVolume>(source->spec.volume_name);
    if (source->status.phase != "Bound" || !volume || !api::is_bound_to(*volume, source->metadata))
        return Error(Code::conflict, "claim in dataSource not bound or invalid");
    if (!volume->spec.csi)
        return Error(Code::unsupported,
                     fmt::format("the volume of PVC {} was not made by orilla.dev/local, which copies its own alone", name));
    const int64_t bytes = api::capacity_bytes(*volume), wanted = api::requested_bytes(claim.spec);
    if (wanted < bytes)
        return Error(Code::invalid, fmt::format("error, new PVC request must be greater than or equal in size to the specified "
                                                "PVC data source, requested {} but source is {}",
                                                wanted, bytes));
    return std::optional(CopySource{volume->spec.csi->volume_handle.str(), fmt::format("claim {}/{}", ns, name), bytes});
}

Found find_snapshot(objects::Objects& objects, const api::PersistentVolumeClaim& claim, std::string_view name) {
    const std::string_view ns = claim.metadata.namespace_;
    const auto snapshot = objects.get<api::VolumeSnapshot>(ns, name);
    if (!snapshot)
        return Error(Code::not_found, fmt::format("error getting snapshot {} from api server: "
                                                  "volumesnapshots.snapshot.storage.k8s.io \"{}\" not found",
                                                  name, name));
    if (snapshot->metadata.deletion_timestamp)
        return Error(Code::conflict, fmt::format("snapshot {} is currently being deleted", name));
    const auto content =
        objects.get<api::VolumeSnapshotContent>(snapshot->status.bound_volume_snapshot_content_name.value_or(""));
    if (!content || !belongs_to(*content, *snapshot)) return Error(Code::conflict, fmt::format("snapshot {} not bound", name));
    if (!snapshot->status.ready_to_use.value_or(false))
        return Error(Code::conflict, fmt::format("snapshot {} is not Ready", name));
    if (content->spec.driver != api::local_provisioner)
        return Error(Code::unsupported, fmt::format("snapshot {} was made by {}, and orilla.dev/local copies its own alone",
                                                    name, content->spec.driver.view()));
    const int64_t bytes = content->status.restore_size.value_or(0), wanted = api::requested_bytes(claim.spec);
    if (wanted < bytes)
        return Error(Code::invalid, fmt::format("requested volume size {} is less than the size {} for the source snapshot {}",
                                                wanted, bytes, name));
    return std::optional(CopySource{snapshot_handle(*content), fmt::format("snapshot {}/{}", ns, name), bytes});
}

}  // namespace

Found find_copy_source(objects::Objects& objects, const api::PersistentVolumeClaim& claim) {
    const auto& source = claim.spec.data_source;
    if (!source) return std::optional<CopySource>();
    if (source->kind == api::kind_of<api::VolumeSnapshot>().kind) return find_snapshot(objects, claim, source->name);
    return find_claim(objects, claim, source->name);
}

}  // namespace orilla::controllers
