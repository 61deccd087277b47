#include "storage/provisioner.hpp"

#include <fmt/core.h>

#include "orilla/base/log.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "storage/storage_terms.hpp"

namespace orilla::controllers {
namespace {

constexpr const char* local_class_name = "local";
constexpr int64_t tidy_again_ms = 60'000;
/// Of one disk: more of them at once would only be slower, and keep other claims waiting.
constexpr size_t copies_max = 2;
constexpr int64_t tell_progress_ms = 10'000;

api::StorageClass make_local_class() {
    api::StorageClass out;
    out.metadata.name = local_class_name;
    out.metadata.annotations[api::default_class_annotation] = "true";
    out.provisioner = api::Str(api::local_provisioner);
    out.allow_volume_expansion = true;
    return out;
}

api::VolumeSnapshotClass make_local_snapshot_class() {
    api::VolumeSnapshotClass out;
    out.metadata.name = local_class_name;
    out.metadata.annotations[api::default_snapshot_class_annotation] = "true";
    out.driver = api::Str(api::local_provisioner);
    out.deletion_policy = "Delete";
    return out;
}

}  // namespace

Provisioner::Provisioner(const Surroundings& with)
    : loop_(with.loop),
      objects_(with.objects),
      events_(with.events),
      disk_(with.options.volume_disk),
      node_name_(with.options.node_name),
      tidied_(with.loop),
      scope_(with.loop) {}

void Provisioner::tell(const api::PersistentVolumeClaim& claim, const char* type, const char* reason,
                       const std::string& message) {
    events_.record(claim, api::local_provisioner, type, reason, message);
}

loop::Task<void> Provisioner::tidy() {
    if (!disk_) co_return;
    for (;;) {
        AWAIT(auto made, make_classes());
        AWAIT(auto removed, remove_orphans());
        if (made && removed) break;
        log::warning("volumes of claims: " + (made ? removed : made).error().message());
        co_await loop_.sleep_for(tidy_again_ms);
    }
    is_tidy_ = true;
    tidied_.notify_all();
}

loop::Task<Result<void>> Provisioner::make_classes() {
    if (!objects_.get<api::StorageClass>(local_class_name)) {
        AWAIT(auto made, objects_.create<api::StorageClass>(make_local_class()));
        if (!made && made.error().code() != Code::already_exists) co_return std::move(made).error();
    }
    if (objects_.get<api::VolumeSnapshotClass>(local_class_name)) co_return ok();
    AWAIT(auto made, objects_.create<api::VolumeSnapshotClass>(make_local_snapshot_class()));
    if (!made && made.error().code() != Code::already_exists) co_return std::move(made).error();
    co_return ok();
}

/// A crash came between the data and its object.
loop::Task<Result<void>> Provisioner::remove_orphans() {
    auto& volumes = objects_.feed<api::PersistentVolume>();
    CO_TRY(const std::vector<objects::DiskVolume> found, disk_->list());
    auto& contents = objects_.feed<api::VolumeSnapshotContent>();
    AWAIT_VOID(volumes.catch_up());
    AWAIT_VOID(contents.catch_up());
    for (const auto& one : found) {
        if (!one.fresh) continue;
        const bool is_named =
            (one.snapshot ? contents.count(with_snapshot(one.name)) : volumes.count(with_handle(one.name))) > 0;
        AWAIT(auto done, is_named ? disk_->keep(one.name) : disk_->remove(one.name));
        if (!done) co_return std::move(done).error();
    }
    co_return ok();
}

loop::Task<Result<void>> Provisioner::provision(ClaimPtr claim, ClassPtr storage_class) {
    while (disk_ && !is_tidy_) co_await tidied_.wait();
    AWAIT(auto made, make(claim, storage_class));
    if (made) co_return ok();
    tell(*claim, "Warning", "ProvisioningFailed",
         "failed to provision volume with StorageClass \"" + storage_class->metadata.name.str() +
             "\": " + made.error().message());
    co_return std::move(made).error().with_context("provision " + key_of(claim->metadata));
}

loop::Task<Result<void>> Provisioner::make(ClaimPtr claim, ClassPtr storage_class) {
    if (!disk_) co_return Error(Code::unavailable, "this node has no disk for volumes");
    if (const std::string flaw = find_class_flaw(*storage_class); !flaw.empty()) co_return Error(Code::invalid, flaw);
    auto source = find_copy_source(objects_, *claim);
    if (!source) co_return std::move(source).error();
    const std::string name = provisioned_name(*claim);
    const int64_t bytes = disk_->rounded(api::requested_bytes(claim->spec));
    tell(*claim, "Normal", "Provisioning",
         "External provisioner is provisioning volume for claim \"" + key_of(claim->metadata) + "\"");
    CO_TRY_VOID(make_data(claim, bytes, std::move(*source)));
    CO_TRY_VOID(make_object(claim, make_volume(*claim, *storage_class, bytes, node_name_)));
    tell(*claim, "Normal", "ProvisioningSucceeded", "Successfully provisioned volume " + name);
    CO_RETURN_AWAIT(disk_->keep(name));
}

loop::Task<Result<void>> Provisioner::make_data(ClaimPtr claim, int64_t bytes, std::optional<CopySource> source) {
    objects::NewVolume wanted;
    wanted.name = provisioned_name(*claim);
    wanted.bytes = bytes;
    const std::string key = key_of(claim->metadata);
    if (source) {
        if (copies_.size() >= copies_max)
            co_return Error(Code::unavailable, fmt::format("{} other volumes are being copied", copies_.size()));
        const auto copy = std::make_shared<Copy>();
        copies_[key] = copy;
        wanted.source = source->handle;
        wanted.progress = copy->progress;
        scope_.spawn(tell_progress(claim, *source, copy));
    }
    AWAIT(auto made, disk_->make(std::move(wanted)));
    if (const auto copy = copies_.find(key); source && copy != copies_.end()) {
        copy->second->ended = true;
        copies_.erase(copy);
    }
    if (!made) co_return std::move(made).error();
    co_return ok();
}

loop::Task<void> Provisioner::tell_progress(ClaimPtr claim, CopySource source, std::shared_ptr<const Copy> copy) {
    for (;;) {
        co_await loop_.sleep_for(tell_progress_ms);
        if (copy->ended || copy->progress->cancelled) co_return;
        constexpr int64_t mib = int64_t{1} << 20;
        tell(*claim, "Normal", "Provisioning",
             fmt::format("copying {}: {} of at most {} MiB", source.shown, copy->progress->bytes / mib, source.bytes / mib));
    }
}

void Provisioner::give_up(const std::string& claim) {
    if (const auto copy = copies_.find(claim); copy != copies_.end()) copy->second->progress->cancelled = true;
}

/// Without an object nobody would ever find the data again.
loop::Task<Result<void>> Provisioner::make_object(ClaimPtr claim, api::PersistentVolume volume) {
    const std::string name = volume.metadata.name.str();
    // The claim may have gone while its volume was made.
    const auto now = objects_.get<api::PersistentVolumeClaim>(claim->metadata.namespace_, claim->metadata.name);
    Result<void> failed = Error(Code::not_found, "the claim is gone");
    if (now && now->metadata.uid == claim->metadata.uid && !now->metadata.deletion_timestamp) {
        AWAIT(auto made, objects_.create<api::PersistentVolume>(std::move(volume)));
        if (made || made.error().code() == Code::already_exists) co_return ok();
        failed = std::move(made).error();
    }
    AWAIT(auto removed, disk_->remove(name));
    if (!removed)
        tell(*claim, "Warning", "ProvisioningCleanupFailed",
             "Error cleaning provisioned volume for claim " + key_of(claim->metadata) + ": " + removed.error().message() +
                 ". Please delete manually.");
    co_return failed;
}

loop::Task<Result<int64_t>> Provisioner::grow(std::string handle, int64_t bytes) {
    if (!disk_) co_return Error(Code::unavailable, "this node has no disk for volumes");
    const int64_t rounded = disk_->rounded(bytes);
    CO_TRY_VOID(disk_->grow(std::move(handle), rounded));
    co_return rounded;
}

}  // namespace orilla::controllers
