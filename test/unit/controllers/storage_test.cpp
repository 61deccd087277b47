#include <catch2/catch.hpp>

#include "storage_world.hpp"

using namespace orilla;
using orilla::test::ControllerWorld;
using orilla::test::StorageWorld;

TEST_CASE("storage: a claim gets a volume of the class local, and its end takes both") {
    StorageWorld w;
    REQUIRE(w.objects.get<api::StorageClass>("local"));
    w.claim("data");
    REQUIRE(w.phase_of("data") == "Bound");
    const auto volume = w.volume_of("data");
    REQUIRE(volume);
    CHECK(volume->status.phase == "Bound");
    CHECK(volume->spec.persistent_volume_reclaim_policy == "Delete");
    CHECK(volume->metadata.name.view().starts_with("pvc-"));
    CHECK(w.get<api::PersistentVolumeClaim>("data")->status.capacity.get("storage")->text == "1Mi");
    REQUIRE(w.volumes.there.size() == 1);
    CHECK(!w.volumes.there.begin()->second.fresh);
    REQUIRE(w.remove<api::PersistentVolumeClaim>("data"));
    CHECK(!w.get<api::PersistentVolumeClaim>("data"));
    CHECK(!w.objects.get<api::PersistentVolume>(volume->metadata.name));
    CHECK(w.volumes.there.empty());
}

TEST_CASE("storage: a claim outlives its deletion while a pod uses it") {
    StorageWorld w;
    w.claim("data");
    w.user("p", "data");
    REQUIRE(w.remove<api::PersistentVolumeClaim>("data"));
    CHECK(w.get<api::PersistentVolumeClaim>("data")->metadata.deletion_timestamp);
    CHECK(w.volumes.there.size() == 1);
    objects::DeleteOptions now;
    now.grace_period_seconds = 0;
    REQUIRE(w.remove<api::Pod>("p", now));
    CHECK(!w.get<api::PersistentVolumeClaim>("data"));
    CHECK(w.volumes.there.empty());
}

TEST_CASE("storage: a static volume is bound, and kept when its claim goes") {
    StorageWorld w;
    w.volume("disk");
    w.claim("data", 1 << 19, "");
    REQUIRE(w.volume_of("data"));
    CHECK(w.volume_of("data")->metadata.name == "disk");
    REQUIRE(w.remove<api::PersistentVolumeClaim>("data"));
    CHECK(w.objects.get<api::PersistentVolume>("disk")->status.phase == "Released");
    w.claim("data", 1 << 19, "");
    CHECK(w.phase_of("data") == "Pending");
    CHECK(w.was_told("FailedBinding"));
    REQUIRE(w.edit<api::PersistentVolume>(
        "disk", [](auto& edited) { edited.spec.claim_ref.reset(); }, ""));
    CHECK(w.phase_of("data") == "Bound");
}

TEST_CASE("storage: two claims and one volume") {
    StorageWorld w;
    w.claim("a", 1 << 19, "");
    w.claim("b", 1 << 19, "");
    w.volume("disk");
    CHECK((w.phase_of("a") == "Bound") != (w.phase_of("b") == "Bound"));
}

TEST_CASE("storage: what the disk refuses is told, tried again, and leaves nothing") {
    StorageWorld w;
    w.volumes.bytes_max = 1 << 20;
    w.claim("large", 2 << 20);
    CHECK(w.phase_of("large") == "Pending");
    CHECK(w.was_told("ProvisioningFailed"));
    CHECK(w.volumes.there.empty());
    w.volumes.bytes_max = 8 << 20;
    w.pass(60'000);
    CHECK(w.phase_of("large") == "Bound");
}

TEST_CASE("storage: a volume whose data cannot be removed has failed until it can") {
    StorageWorld w;
    w.claim("data");
    const std::string name = w.volume_of("data")->metadata.name.str();
    w.volumes.in_use.insert(name);
    REQUIRE(w.remove<api::PersistentVolumeClaim>("data"));
    REQUIRE(w.objects.get<api::PersistentVolume>(name));
    CHECK(w.objects.get<api::PersistentVolume>(name)->status.phase == "Failed");
    CHECK(w.was_told("VolumeFailedDelete"));
    w.volumes.in_use.clear();
    w.pass(120'000);
    CHECK(!w.objects.get<api::PersistentVolume>(name));
}

TEST_CASE("storage: what a crash left is removed, and what a volume names is kept") {
    StorageWorld w;
    w.claim("data");
    const std::string name = w.volume_of("data")->metadata.name.str();
    w.volumes.there[name].fresh = true;
    w.volumes.there["pvc-nobodys"] = {"pvc-nobodys", 1 << 20, true};
    w.volumes.there["pvc-retained"] = {"pvc-retained", 1 << 20, false};
    controllers::Controllers next(w.loop, w.objects, w.events, {"10.43.0.0/16", "192.0.2.10", 6443, {}, &w.disk});
    next.start();
    w.settle();
    CHECK(!w.volumes.there.contains("pvc-nobodys"));
    CHECK(w.volumes.there.contains("pvc-retained"));
    CHECK(!w.volumes.there[name].fresh);
}

TEST_CASE("storage: a claim without a class gets the default that comes later") {
    ControllerWorld w;
    api::PersistentVolumeClaim claim;
    claim.metadata.name = "early";
    claim.metadata.namespace_ = "default";
    claim.spec.access_modes.push_back("ReadWriteOnce");
    claim.spec.resources.requests["storage"] = api::Quantity::from_bytes(1);
    REQUIRE(w.create(claim));
    api::StorageClass late;
    late.metadata.name = "late";
    late.provisioner = "else.where/disk";
    late.metadata.annotations["storageclass.kubernetes.io/is-default-class"] = "true";
    REQUIRE(w.create(late));
    const auto now = w.get<api::PersistentVolumeClaim>("early");
    CHECK(now->spec.storage_class_name == "late");
    CHECK(*now->metadata.annotations.get("volume.kubernetes.io/storage-provisioner") == "else.where/disk");
}

TEST_CASE("storage: a bound claim grows, and says why it does not") {
    StorageWorld w;
    w.claim("data");
    const auto ask = [&w](int64_t bytes) {
        REQUIRE(w.edit<api::PersistentVolumeClaim>(
            "data", [bytes](auto& edited) { edited.spec.resources.requests["storage"] = api::Quantity::from_bytes(bytes); }));
    };
    ask(4 << 20);
    CHECK(w.get<api::PersistentVolumeClaim>("data")->status.capacity.get("storage")->text == "4Mi");
    CHECK(w.volume_of("data")->spec.capacity.get("storage")->text == "4Mi");
    CHECK(w.volumes.promised() == 4 << 20);
    w.volumes.bytes_max = 6 << 20;
    ask(8 << 20);
    const auto stuck = w.get<api::PersistentVolumeClaim>("data");
    CHECK(stuck->status.capacity.get("storage")->text == "4Mi");
    REQUIRE(stuck->status.conditions.size() == 1);
    CHECK(stuck->status.conditions[0].type == "ControllerResizeError");
    CHECK(stuck->status.conditions[0].message == "failed to expand pvc with not enough room");
    CHECK(*stuck->status.allocated_resource_statuses.get("storage") == "ControllerResizeInfeasible");
    CHECK(w.was_told("VolumeResizeFailed"));
    ask(5 << 20);  // gives the failed expansion up
    const auto smaller = w.get<api::PersistentVolumeClaim>("data");
    CHECK(smaller->status.capacity.get("storage")->text == "5Mi");
    CHECK(smaller->status.conditions.empty());
    CHECK(smaller->status.allocated_resource_statuses.empty());
    CHECK(smaller->status.allocated_resources.get("storage")->text == "5Mi");
}

TEST_CASE("storage: a claim that has no room grows when there is some, and its pods are told") {
    StorageWorld w;
    w.claim("data");
    w.user("p", "data");
    w.volumes.bytes_max = 2 << 20;
    REQUIRE(w.edit<api::PersistentVolumeClaim>(
        "data", [](auto& edited) { edited.spec.resources.requests["storage"] = api::Quantity::from_bytes(4 << 20); }));
    CHECK(w.get<api::PersistentVolumeClaim>("data")->status.capacity.get("storage")->text == "1Mi");
    CHECK(!w.was_told("FileSystemResizeSuccessful"));
    w.volumes.bytes_max = 8 << 20;
    w.pass(60'000);
    const auto now = w.get<api::PersistentVolumeClaim>("data");
    CHECK(now->status.capacity.get("storage")->text == "4Mi");
    CHECK(now->status.conditions.empty());
    CHECK(w.was_told("FileSystemResizeSuccessful"));
}

TEST_CASE("storage: an ephemeral volume has a claim of its own, and not somebody else's") {
    StorageWorld w;
    w.claim("q-scratch");
    w.ephemeral_user("p");
    const auto made = w.get<api::PersistentVolumeClaim>("p-scratch");
    REQUIRE(made);
    CHECK(made->metadata.owner_references[0].uid == w.get<api::Pod>("p")->metadata.uid);
    CHECK(*made->metadata.labels.get("kind") == "scratch");
    CHECK(w.phase_of("p-scratch") == "Bound");
    w.ephemeral_user("q");
    CHECK(w.was_told("FailedBinding"));
    objects::DeleteOptions now;
    now.grace_period_seconds = 0;
    REQUIRE(w.remove<api::Pod>("p", now));
    w.pass(5'000);
    CHECK(!w.get<api::PersistentVolumeClaim>("p-scratch"));
    CHECK(w.get<api::PersistentVolumeClaim>("q-scratch"));
}
