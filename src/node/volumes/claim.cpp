// persistentVolumeClaim: the volume that the claim is bound to. POD_DIR/volumes/NAME leads there as a symbolic link, so that
// whoever mounts it, also after the claim's objects have changed, and whoever takes it away need to know nothing else.
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <cerrno>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/field_errors.hpp"
#include "storage/local_volumes.hpp"
#include "volumes/driver.hpp"
#include "volumes/fs_group.hpp"
#include "volumes/place.hpp"

namespace orilla::node {
namespace {

bool matches_claim(const api::Volume& volume) { return bool(volume.persistent_volume_claim); }
bool matches_ephemeral(const api::Volume& volume) { return bool(volume.ephemeral); }
void find_claim_source(const api::Volume& volume, SourceNames& names) {
    names.claims.insert(volume.persistent_volume_claim->claim_name.str());
}
void find_ephemeral_source(const api::Volume& volume, SourceNames& names) { names.ephemeral.insert(volume.name.str()); }

Result<const ClaimSource*> find_bound(const VolumeContext& context) {
    const bool is_ephemeral = bool(context.volume.ephemeral);
    const std::string name = is_ephemeral ? api::ephemeral_claim_name(context.pod, context.volume)
                                          : context.volume.persistent_volume_claim->claim_name.str();
    const auto found = context.sources.claims.find(name);
    if (found == context.sources.claims.end())
        return Error(Code::not_found, "persistentvolumeclaim " + api::quote(name) + " not found");
    const auto& [claim, volume] = found->second;
    if (is_ephemeral && !api::is_controlled_by(claim->metadata, context.pod.metadata.uid))
        return Error(Code::invalid, "PVC " + name + " was not created for the pod (pod is not owner)");
    if (claim->metadata.deletion_timestamp)
        return Error(Code::invalid, "persistentvolumeclaim " + api::quote(name) + " is being deleted");
    if (claim->status.phase == "Lost" || (!claim->spec.volume_name.empty() && !volume))
        return Error(Code::not_found, "persistentvolumeclaim " + api::quote(name) + " bound to non-existent persistentvolume " +
                                          api::quote(claim->spec.volume_name));
    if (!volume || !api::is_bound_to(*volume, claim->metadata)) return Error(Code::invalid, "PVC is not bound");
    return &found->second;
}

Result<void> check_claim_volume(const VolumeContext& context, VolumeWork& work) {
    TRY(const ClaimSource* bound, find_bound(context));
    const api::PersistentVolumeSpec& spec = bound->volume->spec;
    work.volumes_dir = context.placement.volumes_dir;
    work.owner = context.pod.metadata.uid.str();
    if (spec.nfs) {
        work.variant = "nfs";
        work.source = fmt::format("{}:{}", spec.nfs->server.view(), spec.nfs->path.view());
        work.read_only = spec.nfs->read_only;
        work.remote = true;
        for (const auto& option : spec.mount_options)
            work.mount_options.append(work.mount_options.empty() ? "" : ",").append(option.view());
        return ok();
    }
    if (!spec.mount_options.empty()) return Error(Code::invalid, "Mount options are not supported for this volume type");
    if (spec.csi) {
        work.variant = "csi";
        work.source = spec.csi->volume_handle.str();
    } else if (spec.local) {
        work.variant = "local";
        work.source = spec.local->path.str();
    } else if (spec.host_path) {
        work.variant = "hostPath";
        work.source = spec.host_path->path.str();
        work.source_type = std::string(spec.host_path->type.value_or(""));
    } else {
        return Error(Code::unsupported, "this node cannot mount this kind of volume");
    }
    const auto& security = context.pod.spec.security_context;
    work.only_on_mismatch = security && security->fs_group_change_policy == "OnRootMismatch";
    return ok();
}

/// The link comes before what it leads to is made ready: whoever ends a pod finds it, wherever a crash came.
Result<void> lead_to(const std::string& place, const std::string& link) {
    const std::string fresh = link + ".new";
    if (unlink(fresh.c_str()) != 0 && errno != ENOENT) return Error::from_errno("remove " + fresh, errno);
    if (symlink(place.c_str(), fresh.c_str()) != 0) return Error::from_errno("make link " + link, errno);
    if (rename(fresh.c_str(), link.c_str()) != 0) return Error::from_errno("make link " + link, errno);
    return ok();
}

Result<void> prepare_claim(const VolumeWork& work) {
    if (work.variant == "csi") {
        const LocalVolumes volumes(work.volumes_dir);
        TRY_VOID(lead_to(volumes.place(work.source), work.path));
        return volumes.publish(work.source, work.owner);
    }
    if (work.variant == "nfs") return nfs_driver.prepare(work);
    TRY_VOID(lead_to(work.source, work.path));
    if (work.variant == "hostPath") {
        VolumeWork host;
        host.path = work.source;
        host.variant = work.source_type;
        return host_path_driver.prepare(host);
    }
    struct stat found {};
    if (stat(work.source.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
        return Error(Code::not_found, "path " + api::quote(work.source) + " does not exist");
    return ok();
}

Result<void> publish_claim(const VolumeWork& work) {
    if (work.gid < 0 || work.variant == "hostPath" || work.variant == "nfs") return ok();
    return apply_fs_group(work.variant == "csi" ? LocalVolumes(work.volumes_dir).place(work.source) : work.source, work.gid,
                          work.only_on_mismatch);
}

/// POD_DIR/volumes/NAME, of the pod whose directory it is.
Result<void> unpublish_claim(const std::string& path) {
    std::string target(4096, '\0');
    const ssize_t length = readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return ok();
    target.resize(static_cast<size_t>(length));
    const size_t of_pod = path.rfind("/volumes/");
    if (of_pod == std::string::npos) return ok();
    const std::string pod_dir = path.substr(0, of_pod);
    if (const auto found = find_local_volume(target))
        TRY_VOID(LocalVolumes(found->dir).release(found->name, pod_dir.substr(pod_dir.rfind('/') + 1)));
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return Error::from_errno("remove link " + path, errno);
    return ok();
}

}  // namespace

constinit const VolumeDriver claim_driver{.field = "persistentVolumeClaim",
                                          .matches = matches_claim,
                                          .find_sources = find_claim_source,
                                          .check = check_claim_volume,
                                          .prepare = prepare_claim,
                                          .publish = publish_claim,
                                          .unpublish = unpublish_claim};

constinit const VolumeDriver ephemeral_driver{.field = "ephemeral",
                                              .matches = matches_ephemeral,
                                              .find_sources = find_ephemeral_source,
                                              .check = check_claim_volume,
                                              .prepare = prepare_claim,
                                              .publish = publish_claim};

}  // namespace orilla::node
