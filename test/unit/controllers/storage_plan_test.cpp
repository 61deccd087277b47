#include <catch2/catch.hpp>

#include "orilla/kinds/storage_facts.hpp"
#include "storage/claim_growth.hpp"
#include "storage/claim_plan.hpp"
#include "storage/volume_plan.hpp"

using namespace orilla;
using namespace orilla::controllers;

namespace {

constexpr int64_t gib = int64_t{1} << 30;

api::PersistentVolumeClaim planned_claim(int64_t bytes = gib, const char* storage_class = "") {
    api::PersistentVolumeClaim out;
    out.metadata.name = "data";
    out.metadata.namespace_ = "default";
    out.metadata.uid = "u1";
    out.spec.access_modes.push_back("ReadWriteOnce");
    out.spec.resources.requests["storage"] = api::Quantity::from_bytes(bytes);
    out.spec.storage_class_name = storage_class;
    out.status.phase = "Pending";
    return out;
}

std::shared_ptr<api::PersistentVolume> planned_volume(const char* name, int64_t bytes,
                                                      std::vector<const char*> modes = {"ReadWriteOnce"}) {
    auto out = std::make_shared<api::PersistentVolume>();
    out->metadata.name = name;
    for (const char* mode : modes) out->spec.access_modes.push_back(mode);
    out->spec.capacity["storage"] = api::Quantity::from_bytes(bytes);
    out->spec.persistent_volume_reclaim_policy = "Retain";
    out->status.phase = "Available";
    return out;
}

void give_to(api::PersistentVolume& volume, const char* claim, const char* uid) {
    volume.spec.claim_ref.ensure().name = claim;
    volume.spec.claim_ref->namespace_ = "default";
    volume.spec.claim_ref->uid = uid;
}

std::shared_ptr<api::StorageClass> planned_class(const char* provisioner, const char* mode = "Immediate") {
    auto out = std::make_shared<api::StorageClass>();
    out->metadata.name = "fast";
    out->provisioner = provisioner;
    out->volume_binding_mode = mode;
    return out;
}

using Claims = std::vector<ClaimAction>;
using Volumes = std::vector<VolumeAction>;

std::string told(const Claims& actions) {
    REQUIRE(actions.size() == 1);
    const auto& one = std::get<TellClaim>(actions.front());
    return one.type + " " + one.reason + ": " + one.message;
}

}  // namespace

TEST_CASE("plan_claim: the smallest volume that fits is taken, of fewest modes") {
    ClaimSeen seen;
    seen.free = {planned_volume("large", 5 * gib), planned_volume("small", gib / 2), planned_volume("right", 2 * gib),
                 planned_volume("many", gib, {"ReadWriteOnce", "ReadWriteMany"})};
    CHECK(plan_claim(planned_claim(), seen) == Claims{BindClaim{"right"}});
}

TEST_CASE("plan_claim: modes, selector, phase and deletion keep a volume off") {
    ClaimSeen seen;
    auto only_read = planned_volume("a", gib, {"ReadOnlyMany"});
    auto released = planned_volume("b", gib);
    released->status.phase = "Released";
    auto going = planned_volume("c", gib);
    going->metadata.deletion_timestamp = api::Time(1);
    auto labelled = planned_volume("d", gib);
    labelled->metadata.labels["disk"] = "ssd";
    seen.free = {only_read, released, going, planned_volume("e", gib), labelled};
    auto claim = planned_claim();
    claim.spec.selector.ensure().match_labels["disk"] = "ssd";
    CHECK(plan_claim(claim, seen) == Claims{BindClaim{"d"}});
    claim.spec.selector->match_labels["disk"] = "tape";
    CHECK(told(plan_claim(claim, seen)) ==
          "Normal FailedBinding: no persistent volumes available for this claim and no storage class is set");
}

TEST_CASE("plan_claim: a volume that is kept for the claim comes first, one of another of its name does not") {
    ClaimSeen seen;
    seen.free = {planned_volume("free", gib)};
    auto kept = planned_volume("kept", 9 * gib);
    give_to(*kept, "data", "");
    seen.kept = {kept};
    CHECK(plan_claim(planned_claim(), seen) == Claims{BindClaim{"kept"}});
    kept->spec.claim_ref->uid = "of-an-earlier-one";
    CHECK(plan_claim(planned_claim(), seen) == Claims{BindClaim{"free"}});
}

TEST_CASE("plan_claim: a named volume is taken, waited for, or told about") {
    auto claim = planned_claim();
    claim.spec.volume_name = "v";
    ClaimSeen seen;
    CHECK(plan_claim(claim, seen).empty());
    auto volume = planned_volume("v", gib / 2);
    seen.named = volume;
    CHECK(told(plan_claim(claim, seen)) ==
          "Warning VolumeMismatch: Cannot bind to requested volume \"v\": requested PV is too small");
    volume->spec.capacity["storage"] = api::Quantity::from_bytes(gib);
    volume->spec.storage_class_name = "fast";
    CHECK(told(plan_claim(claim, seen)).ends_with("storageClassName does not match"));
    volume->spec.storage_class_name = "";
    CHECK(plan_claim(claim, seen) == Claims{BindClaim{"v"}});
    give_to(*volume, "other", "u2");
    CHECK(told(plan_claim(claim, seen)) == "Warning FailedBinding: volume \"v\" already bound to a different claim.");
}

TEST_CASE("plan_claim: a class makes volumes, at once or for the first pod") {
    ClaimSeen seen;
    const auto claim = planned_claim(gib, "fast");
    CHECK(told(plan_claim(claim, seen)) == "Warning ProvisioningFailed: storageclass.storage.k8s.io \"fast\" not found");
    seen.storage_class = planned_class("orilla.dev/local");
    CHECK(plan_claim(claim, seen) == Claims{ProvisionVolume{}});
    seen.storage_class = planned_class("ebs.csi.aws.com");
    CHECK(plan_claim(claim, seen) == Claims{AskProvisioner{"ebs.csi.aws.com"}});
    seen.storage_class = planned_class("orilla.dev/local", "WaitForFirstConsumer");
    CHECK(told(plan_claim(claim, seen)) ==
          "Normal WaitForFirstConsumer: waiting for first consumer to be created before binding");
    seen.waiting_pods = {"a", "b"};
    CHECK(told(plan_claim(claim, seen)) == "Normal WaitForPodScheduled: waiting for pods a,b to be scheduled");
    auto selected = claim;
    selected.metadata.annotations["volume.kubernetes.io/selected-node"] = "box";
    CHECK(plan_claim(selected, seen) == Claims{ProvisionVolume{}});
}

TEST_CASE("plan_claim: one without a class gets the default that came later") {
    auto claim = planned_claim();
    claim.spec.storage_class_name.reset();
    ClaimSeen seen;
    seen.free = {planned_volume("v", gib)};
    CHECK(plan_claim(claim, seen) == Claims{BindClaim{"v"}});
    seen.default_class = "fast";
    CHECK(plan_claim(claim, seen) == Claims{AssignClass{"fast"}});
}

TEST_CASE("plan_claim: a bound claim without its volume is lost") {
    auto claim = planned_claim();
    claim.metadata.annotations["pv.kubernetes.io/bind-completed"] = "yes";
    claim.spec.volume_name = "v";
    ClaimSeen seen;
    CHECK(plan_claim(claim, seen) ==
          Claims{LoseClaim{"ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"}});
    auto volume = planned_volume("v", gib);
    give_to(*volume, "data", "u9");
    seen.named = volume;
    CHECK(std::get<LoseClaim>(plan_claim(claim, seen).front()).reason == "ClaimMisbound");
    give_to(*volume, "data", "u1");
    CHECK(plan_claim(claim, seen) == Claims{BindClaim{"v"}});
}

TEST_CASE("plan_claim: it stays while a pod uses it") {
    auto claim = planned_claim();
    claim.metadata.deletion_timestamp = api::Time(1);
    claim.metadata.finalizers.push_back("kubernetes.io/pvc-protection");
    ClaimSeen seen;
    seen.used = true;
    CHECK(plan_claim(claim, seen).empty());
    seen.used = false;
    CHECK(plan_claim(claim, seen) == Claims{UnprotectClaim{}});
}

TEST_CASE("growth: what is under way is written once, and nothing stays of it") {
    auto claim = planned_claim();
    claim.spec.resources.requests["storage"] = api::Quantity::from_bytes(2 * gib);
    claim.status.capacity["storage"] = api::Quantity::from_bytes(gib);
    CHECK(write_growth_begun(claim, 5));
    REQUIRE(claim.status.conditions.size() == 1);
    CHECK(claim.status.conditions[0].type == "Resizing");
    CHECK(claim.status.allocated_resources.get("storage")->value() == 2 * gib);
    CHECK(*claim.status.allocated_resource_statuses.get("storage") == "ControllerResizeInProgress");
    CHECK(!write_growth_begun(claim, 6));
    write_growth_failure(claim, "no room", 7);
    write_growth_failure(claim, "less room", 8);
    REQUIRE(claim.status.conditions.size() == 1);
    CHECK(claim.status.conditions[0].message == "failed to expand pvc with no room");
    CHECK(!write_growth_begun(claim, 9));  // the next try of the same
    claim.spec.resources.requests["storage"] = api::Quantity::from_bytes(3 * gib);
    CHECK(write_growth_begun(claim, 10));
    write_grown(claim, api::Quantity::from_bytes(3 * gib));
    CHECK(claim.status.conditions.empty());
    CHECK(claim.status.capacity.get("storage")->value() == 3 * gib);
}

TEST_CASE("plan_volume: phases follow the claim") {
    auto volume = planned_volume("v", gib);
    volume->status.phase = "Pending";
    CHECK(plan_volume(*volume, nullptr) == Volumes{SetVolumePhase{"Available"}});
    give_to(*volume, "data", "u1");
    auto claim = planned_claim();
    CHECK(plan_volume(*volume, &claim).empty());  // the claim is about to take it
    claim.spec.volume_name = "v";
    CHECK(plan_volume(*volume, &claim) == Volumes{SetVolumePhase{"Bound"}});
    CHECK(plan_volume(*volume, nullptr) == Volumes{SetVolumePhase{"Released"}});
    claim.spec.volume_name = "w";
    CHECK(plan_volume(*volume, &claim) == Volumes{UnbindVolume{}});
}

TEST_CASE("plan_volume: what is deleted with its claim, what stays, and what cannot be") {
    auto volume = planned_volume("v", gib);
    volume->status.phase = "Bound";
    give_to(*volume, "data", "u1");
    volume->spec.persistent_volume_reclaim_policy = "Delete";
    volume->spec.csi.ensure().volume_handle = "pvc-u1";
    CHECK(plan_volume(*volume, nullptr) == Volumes{SetVolumePhase{"Released"}, DeleteVolume{"pvc-u1"}});
    volume->status.phase = "Failed";
    CHECK(plan_volume(*volume, nullptr) == Volumes{DeleteVolume{"pvc-u1"}});
    volume->spec.csi.reset();
    volume->status.phase = "Bound";
    CHECK(std::get<FailVolume>(plan_volume(*volume, nullptr).front()).message ==
          "error getting deleter volume plugin for volume \"v\": no deletable volume plugin matched");
    volume->spec.persistent_volume_reclaim_policy = "Retain";
    volume->metadata.deletion_timestamp = api::Time(1);
    volume->metadata.finalizers.push_back("kubernetes.io/pv-protection");
    CHECK(plan_volume(*volume, nullptr) == Volumes{SetVolumePhase{"Released"}, UnprotectVolume{}});
    auto claim = planned_claim();
    claim.spec.volume_name = "v";
    CHECK(plan_volume(*volume, &claim).empty());  // bound: it stays
}
