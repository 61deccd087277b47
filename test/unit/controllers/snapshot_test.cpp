#include <catch2/catch.hpp>

#include "orilla/kinds/well_known.hpp"
#include "storage/snapshot_plan.hpp"
#include "storage_world.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::StorageWorld;

namespace {

struct SnapshotWorld : StorageWorld {
    void snapshot(const char* name, const char* claim, std::optional<std::string_view> snapshot_class = {}) {
        api::VolumeSnapshot out;
        out.metadata.name = name;
        out.metadata.namespace_ = "default";
        out.spec.source.persistent_volume_claim_name = claim;
        if (snapshot_class) out.spec.volume_snapshot_class_name = *snapshot_class;
        REQUIRE(create(out));
    }
    void restored(const char* name, const char* kind, const char* source, int64_t bytes = 1 << 20) {
        api::PersistentVolumeClaim out;
        out.metadata.name = name;
        out.metadata.namespace_ = "default";
        out.spec.access_modes.push_back("ReadWriteOnce");
        out.spec.resources.requests["storage"] = api::Quantity::from_bytes(bytes);
        out.spec.data_source.ensure().kind = kind;
        out.spec.data_source->name = source;
        if (std::string_view(kind) == "VolumeSnapshot") out.spec.data_source->api_group = api::snapshot_group;
        REQUIRE(create(out));
    }
    std::shared_ptr<const api::VolumeSnapshot> shot(const char* name) { return get<api::VolumeSnapshot>(name); }
    std::shared_ptr<const api::VolumeSnapshotContent> content_of(const char* name) {
        return objects.get<api::VolumeSnapshotContent>(shot(name)->status.bound_volume_snapshot_content_name.value_or(""));
    }
    bool is_ready(const char* name) { return shot(name)->status.ready_to_use.value_or(false); }
};

}  // namespace

TEST_CASE("snapshots: one of a bound claim is made, told of, and goes with its data") {
    SnapshotWorld w;
    w.claim("data", 3 << 20);
    w.snapshot("s", "data");
    REQUIRE(w.is_ready("s"));
    const auto snapshot = w.shot("s");
    CHECK(snapshot->spec.volume_snapshot_class_name == "local");
    CHECK(snapshot->status.restore_size.text == "3Mi");
    CHECK(snapshot->status.creation_time == api::Time(1'700'000'000));
    CHECK(!snapshot->status.error);
    const auto content = w.content_of("s");
    REQUIRE(content);
    CHECK(content->metadata.name.view() == "snapcontent-" + snapshot->metadata.uid.str());
    CHECK(content->spec.source.volume_handle == w.volume_of("data")->metadata.name);
    const std::string handle = snapshot_handle(*content);
    REQUIRE(w.volumes.there.contains(handle));
    CHECK(w.volumes.there[handle].snapshot);
    CHECK(!w.volumes.there[handle].fresh);
    CHECK(w.was_told("CreatingSnapshot"));
    CHECK(w.was_told("SnapshotReady"));
    // The claim is free again, and may go before its snapshot.
    REQUIRE(w.remove<api::PersistentVolumeClaim>("data"));
    CHECK(!w.get<api::PersistentVolumeClaim>("data"));
    CHECK(w.volumes.there.size() == 1);
    REQUIRE(w.remove<api::VolumeSnapshot>("s"));
    CHECK(!w.shot("s"));
    CHECK(!w.objects.get<api::VolumeSnapshotContent>(content->metadata.name));
    CHECK(w.volumes.there.empty());
}

TEST_CASE("snapshots: what is to be retained stays, and is bound to another one") {
    SnapshotWorld w;
    api::VolumeSnapshotClass kept;
    kept.metadata.name = "kept";
    kept.driver = "orilla.dev/local";
    kept.deletion_policy = "Retain";
    REQUIRE(w.create(kept));
    w.claim("data");
    w.snapshot("s", "data", "kept");
    const auto content = w.content_of("s");
    REQUIRE(content);
    const std::string handle = snapshot_handle(*content);
    REQUIRE(w.remove<api::VolumeSnapshot>("s"));
    CHECK(!w.shot("s"));
    REQUIRE(w.objects.get<api::VolumeSnapshotContent>(content->metadata.name));
    REQUIRE(w.remove<api::VolumeSnapshotContent>(content->metadata.name.str(), {}, ""));
    CHECK(!w.objects.get<api::VolumeSnapshotContent>(content->metadata.name));
    REQUIRE(w.volumes.there.contains(handle));
    api::VolumeSnapshotContent given;
    given.metadata.name = "given";
    given.spec.driver = "orilla.dev/local";
    given.spec.deletion_policy = "Delete";
    given.spec.source.snapshot_handle = handle;
    given.spec.volume_snapshot_ref.name = "again";
    given.spec.volume_snapshot_ref.namespace_ = "default";
    REQUIRE(w.create(given));
    api::VolumeSnapshot again;
    again.metadata.name = "again";
    again.metadata.namespace_ = "default";
    again.spec.source.volume_snapshot_content_name = "given";
    REQUIRE(w.create(again));
    w.settle();
    CHECK(w.is_ready("again"));
    REQUIRE(w.remove<api::VolumeSnapshot>("again"));
    CHECK(!w.volumes.there.contains(handle));
}

TEST_CASE("snapshots: why there is none yet is told, and overcome") {
    SnapshotWorld w;
    w.snapshot("s", "data");
    CHECK(w.was_told("SnapshotPVCSourceMissing"));
    REQUIRE(w.shot("s")->status.error);
    CHECK(w.shot("s")->status.error->message == "PVC default/data for snapshot is missing");
    w.claim("data");
    w.pass(60'000);
    CHECK(w.is_ready("s"));
    CHECK(!w.shot("s")->status.error);
    w.snapshot("bad", "data", "none");
    CHECK(w.was_told("GetSnapshotClassFailed"));
}

TEST_CASE("snapshots: a full disk is told of by both, and leaves nothing") {
    SnapshotWorld w;
    w.claim("data");
    w.volumes.bytes_max = 1 << 20;
    w.snapshot("s", "data");
    CHECK(w.was_told("SnapshotCreationFailed"));
    REQUIRE(w.shot("s")->status.error);
    CHECK(w.shot("s")->status.error->message == "Failed to create snapshot: not enough room");
    CHECK(w.volumes.there.size() == 1);
    // Its claim waits for it.
    REQUIRE(w.remove<api::PersistentVolumeClaim>("data"));
    REQUIRE(w.get<api::PersistentVolumeClaim>("data"));
    REQUIRE(w.remove<api::VolumeSnapshot>("s"));
    w.pass(60'000);
    CHECK(!w.shot("s"));
    CHECK(!w.get<api::PersistentVolumeClaim>("data"));
    CHECK(w.volumes.there.empty());
}

TEST_CASE("copies: a claim begins with a snapshot or another claim") {
    SnapshotWorld w;
    w.claim("data", 2 << 20);
    w.snapshot("s", "data");
    w.restored("small", "VolumeSnapshot", "s", 1 << 20);
    CHECK(w.phase_of("small") == "Pending");
    CHECK(w.was_told("ProvisioningFailed"));
    w.restored("back", "VolumeSnapshot", "s", 2 << 20);
    REQUIRE(w.phase_of("back") == "Bound");
    CHECK(w.volumes.copied_from[w.volume_of("back")->metadata.name.str()] == snapshot_handle(*w.content_of("s")));
    w.restored("twin", "PersistentVolumeClaim", "data", 4 << 20);
    REQUIRE(w.phase_of("twin") == "Bound");
    CHECK(w.volumes.copied_from[w.volume_of("twin")->metadata.name.str()] == w.volume_of("data")->metadata.name.view());
    CHECK(w.volumes.there[w.volume_of("twin")->metadata.name.str()].bytes == 4 << 20);
}

TEST_CASE("copies: a claim waits for what it begins with, and a snapshot for those that begin with it") {
    SnapshotWorld w;
    w.restored("twin", "PersistentVolumeClaim", "data");
    w.restored("back", "VolumeSnapshot", "s");
    CHECK(w.phase_of("twin") == "Pending");
    w.claim("data");
    CHECK(w.phase_of("twin") == "Bound");
    w.volumes.bytes_max = 3 << 20;
    w.snapshot("s", "data");
    REQUIRE(w.is_ready("s"));
    CHECK(w.phase_of("back") == "Pending");  // no room
    REQUIRE(w.remove<api::VolumeSnapshot>("s"));
    REQUIRE(w.shot("s"));
    CHECK(w.was_told("SnapshotDeletePending"));
    REQUIRE(w.remove<api::PersistentVolumeClaim>("back"));
    CHECK(!w.shot("s"));
    CHECK(w.volumes.there.size() == 2);
}
