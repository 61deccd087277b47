#include "workload/statefulset_plan.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/owners.hpp"
#include "rollout_world.hpp"
#include "workload/deployment_plan.hpp"

using namespace orilla;
using namespace orilla::controllers;

namespace {

using StatefulActions = std::vector<StatefulSetAction>;

api::StatefulSet set_of(int32_t replicas, std::string_view image = "web:1") {
    api::StatefulSet out;
    out.metadata.name = "web";
    out.metadata.namespace_ = "default";
    out.metadata.uid = "web-uid";
    out.metadata.generation = 1;
    out.spec.replicas = replicas;
    out.spec.service_name = "web";
    out.spec.selector.ensure().match_labels["app"] = "web";
    out.spec.pod_management_policy = "OrderedReady";
    out.spec.update_strategy.type = "RollingUpdate";
    out.spec.update_strategy.rolling_update.ensure().partition = 0;
    out.spec.template_.metadata.labels["app"] = "web";
    api::Container container;
    container.name = "main";
    container.image = api::Str(image);
    out.spec.template_.spec.containers.push_back(std::move(container));
    return out;
}

api::ControllerRevision revision_for(const api::StatefulSet& set, int64_t number, int32_t collisions = 0) {
    api::ControllerRevision out =
        make_revision(set.metadata, api::make_controller_reference("apps/v1", "StatefulSet", set.metadata), set.spec.template_,
                      "controller.kubernetes.io/hash", hash_template(set.spec.template_, collisions));
    out.revision = number;
    return out;
}

/// What is there, as a test says it pod by pod.
struct Scene {
    explicit Scene(int32_t replicas) : set(set_of(replicas)) { know("web:1"); }

    /// The template of that image has a revision.
    void know(std::string_view image) {
        const api::ControllerRevision made = revision_for(set_of(0, image), static_cast<int64_t>(seen.revisions.size()) + 1);
        seen.revisions.push_back(std::make_shared<api::ControllerRevision>(made));
        if (set.status.current_revision.empty()) set.status.current_revision = made.metadata.name;
    }
    std::string name_of(std::string_view image) { return revision_for(set_of(0, image), 1).metadata.name.str(); }
    void change_image(std::string_view image) {
        set.spec.template_ = set_of(0, image).spec.template_;
        know(image);
    }
    api::Pod pod(int32_t ordinal, bool ready = true, std::string_view image = "web:1") {
        api::Pod out = test::pod_with("web-" + std::to_string(ordinal), "web");
        identify(out, "web");
        out.metadata.labels["controller-revision-hash"] = name_of(image);
        auto& owner = out.metadata.owner_references.emplace_back();
        owner.uid = "web-uid";
        owner.controller = true;
        out.status.phase = ready ? "Running" : "Pending";
        test::set_ready(out, ready);
        return out;
    }
    void add(api::Pod one) { seen.pods.push_back(std::make_shared<api::Pod>(std::move(one))); }
    StatefulActions plan() { return plan_statefulset(set, seen); }
    /// Names of pods that are made (+) and stopped (-), and other actions by their number.
    std::string told() {
        std::string out;
        for (const auto& action : plan()) {
            if (!out.empty()) out += ' ';
            if (const auto* create = std::get_if<CreateStatefulPod>(&action)) out += "+" + create->object.metadata.name.str();
            else if (const auto* remove = std::get_if<DeletePod>(&action)) out += "-" + remove->name;
            else out += "#" + std::to_string(action.index());
        }
        return out;
    }

    api::StatefulSet set;
    StatefulSetObserved seen;
};

api::Pod ending_pod(api::Pod pod) {
    pod.metadata.deletion_timestamp = api::Time(1);
    return pod;
}
api::Pod failed(api::Pod pod) {
    pod.status.phase = "Failed";
    return pod;
}

}  // namespace

TEST_CASE("plan_statefulset: the first act is the revision of the template") {
    Scene scene(2);
    scene.seen.revisions.clear();
    scene.set.metadata.annotations["kubernetes.io/change-cause"] = "first";
    const StatefulActions actions = scene.plan();
    REQUIRE(actions.size() == 1);
    const auto& made = std::get<CreateRevision>(actions[0]).object;
    CHECK(made.revision == 1);
    CHECK(made.metadata.name.view().starts_with("web-"));
    CHECK(made.metadata.labels.get("app")->view() == "web");
    CHECK("web-" + made.metadata.labels.get("controller.kubernetes.io/hash")->str() == made.metadata.name.str());
    CHECK(made.metadata.annotations.get("kubernetes.io/change-cause")->view() == "first");
    CHECK(made.data.text.view().starts_with(R"({"spec":{"template":{"$patch":"replace","metadata":{)"));
    REQUIRE(template_of(made));
    CHECK(*template_of(made) == scene.set.spec.template_);
}

TEST_CASE("plan_statefulset: a pod is told which one it is") {
    Scene scene(1);
    const StatefulActions actions = scene.plan();
    REQUIRE(actions.size() == 1);
    const api::Pod& pod = std::get<CreateStatefulPod>(actions[0]).object;
    CHECK(pod.metadata.name == "web-0");
    CHECK(pod.metadata.labels.get("statefulset.kubernetes.io/pod-name")->view() == "web-0");
    CHECK(pod.metadata.labels.get("apps.kubernetes.io/pod-index")->view() == "0");
    CHECK(pod.metadata.labels.get("controller-revision-hash")->view() == scene.name_of("web:1"));
    CHECK(pod.spec.hostname == "web-0");
    CHECK(pod.spec.subdomain == "web");
    CHECK(api::is_controlled_by(pod.metadata, "web-uid"));
}

TEST_CASE("plan_statefulset: in order, the next pod waits for the one before") {
    Scene scene(3);
    CHECK(scene.told() == "+web-0");
    scene.add(scene.pod(0, false));
    CHECK(scene.told() == "");
    scene.seen.pods.clear();
    scene.add(scene.pod(0));
    CHECK(scene.told() == "+web-1");
    scene.add(ending_pod(scene.pod(1)));
    CHECK(scene.told() == "");
}

TEST_CASE("plan_statefulset: in order, a pod that is not available yet holds up the next") {
    Scene scene(2);
    scene.set.spec.min_ready_seconds = 10;
    scene.add(scene.pod(0));
    scene.seen.now_s = 1'700'000'005;
    CHECK(scene.told() == "");
    int64_t again_after_s = -1;
    const auto status = summarise_statefulset(scene.set, scene.seen, &again_after_s);
    CHECK(status.ready_replicas == 1);
    CHECK(status.available_replicas == 0);
    CHECK(again_after_s == 5);
    scene.seen.now_s = 1'700'000'010;
    CHECK(scene.told() == "+web-1");
}

TEST_CASE("plan_statefulset: in parallel, all at once") {
    Scene scene(3);
    scene.set.spec.pod_management_policy = "Parallel";
    scene.add(scene.pod(1, false));
    CHECK(scene.told() == "+web-0 +web-2");
    scene.set.spec.replicas = 0;
    scene.add(scene.pod(2));
    CHECK(scene.told() == "-web-2 -web-1");
}

TEST_CASE("plan_statefulset: many are made in portions, however many are wanted") {
    Scene scene(2'000'000'000);
    scene.set.spec.pod_management_policy = "Parallel";
    CHECK(scene.plan().size() == statefulset_burst_max);
}

TEST_CASE("plan_statefulset: pods are counted from the first ordinal") {
    Scene scene(2);
    scene.set.spec.ordinals.ensure().start = 5;
    CHECK(scene.told() == "+web-5");
    scene.add(scene.pod(5));
    scene.add(scene.pod(6));
    scene.add(scene.pod(0));
    CHECK(scene.told() == "-web-0");
}

TEST_CASE("plan_statefulset: scales down from the top, one at a time") {
    Scene scene(1);
    for (int ordinal : {0, 1, 2}) scene.add(scene.pod(ordinal));
    CHECK(scene.told() == "-web-2");
    scene.seen.pods[2] = std::make_shared<api::Pod>(ending_pod(scene.pod(2)));
    CHECK(scene.told() == "");
    scene.seen.pods.pop_back();
    CHECK(scene.told() == "-web-1");
}

TEST_CASE("plan_statefulset: in order, nothing goes while one that stays is not well") {
    Scene scene(1);
    scene.add(scene.pod(0, false));
    scene.add(scene.pod(1));
    CHECK(scene.told() == "");
}

TEST_CASE("plan_statefulset: of those that go only the first that is not well may go unwell") {
    Scene scene(1);
    for (int ordinal : {0, 1}) scene.add(scene.pod(ordinal, ordinal == 0));
    CHECK(scene.told() == "-web-1");
    scene.add(scene.pod(2, false));
    CHECK(scene.told() == "");
}

TEST_CASE("plan_statefulset: a pod that ended is made again") {
    Scene scene(2);
    scene.add(failed(scene.pod(0)));
    CHECK(scene.told() == "-web-0");
}

TEST_CASE("plan_statefulset: updates from the top, each when the one above is available") {
    Scene scene(3);
    for (int ordinal : {0, 1, 2}) scene.add(scene.pod(ordinal));
    scene.change_image("web:2");
    CHECK(scene.told() == "-web-2");
    scene.seen.pods[2] = std::make_shared<api::Pod>(scene.pod(2, false, "web:2"));
    CHECK(scene.told() == "");
    scene.seen.pods[2] = std::make_shared<api::Pod>(scene.pod(2, true, "web:2"));
    CHECK(scene.told() == "-web-1");
}

TEST_CASE("plan_statefulset: below the partition the old template stays, also for new pods") {
    Scene scene(3);
    scene.set.spec.update_strategy.rolling_update->partition = 2;
    for (int ordinal : {0, 2}) scene.add(scene.pod(ordinal));
    scene.change_image("web:2");
    const StatefulActions actions = scene.plan();
    REQUIRE(actions.size() == 1);
    const api::Pod& made = std::get<CreateStatefulPod>(actions[0]).object;
    CHECK(made.metadata.name == "web-1");
    CHECK(made.spec.containers[0].image == "web:1");
    CHECK(made.metadata.labels.get("controller-revision-hash")->view() == scene.name_of("web:1"));
    scene.add(scene.pod(1));
    CHECK(scene.told() == "-web-2");
    scene.seen.pods[1] = std::make_shared<api::Pod>(scene.pod(2, true, "web:2"));
    CHECK(scene.told() == "");
}

TEST_CASE("plan_statefulset: maxUnavailable updates several at a time") {
    Scene scene(5);
    scene.set.spec.update_strategy.rolling_update->max_unavailable = api::IntOrString(api::Str("50%"));
    for (int ordinal : {0, 1, 2, 3, 4}) scene.add(scene.pod(ordinal));
    scene.change_image("web:2");
    CHECK(scene.told() == "-web-4 -web-3");
    // In order, it waits for both.
    scene.seen.pods[4] = std::make_shared<api::Pod>(scene.pod(4, false, "web:2"));
    CHECK(scene.told() == "");
    scene.set.spec.pod_management_policy = "Parallel";
    CHECK(scene.told() == "-web-3");
}

TEST_CASE("plan_statefulset: OnDelete replaces nothing, and makes what is missing anew") {
    Scene scene(2);
    scene.set.spec.update_strategy.type = "OnDelete";
    scene.set.spec.update_strategy.rolling_update.reset();
    scene.add(scene.pod(0));
    scene.add(scene.pod(1));
    scene.change_image("web:2");
    CHECK(scene.told() == "");
    scene.seen.pods.erase(scene.seen.pods.begin());
    REQUIRE(scene.plan().size() == 1);
    CHECK(std::get<CreateStatefulPod>(scene.plan()[0]).object.spec.containers[0].image == "web:2");
}

TEST_CASE("plan_statefulset: in order, a broken update stays until somebody deletes the pod") {
    Scene scene(2);
    scene.add(scene.pod(0));
    scene.add(scene.pod(1, false, "broken:1"));
    scene.know("broken:1");
    // The template is put right again: still it waits.
    scene.seen.revisions[0] = std::make_shared<api::ControllerRevision>(revision_for(set_of(0), 3));
    CHECK(scene.told() == "");
    scene.set.spec.pod_management_policy = "Parallel";
    CHECK(scene.told() == "-web-1");
}

TEST_CASE("plan_statefulset: an old template that comes back becomes the newest revision") {
    Scene scene(0);
    scene.know("web:2");
    CHECK(scene.plan() == StatefulActions{RenumberRevision{scene.name_of("web:1"), 3}});
}

TEST_CASE("plan_statefulset: forgets revisions beyond the limit that no pod has") {
    Scene scene(1);
    for (const char* image : {"web:2", "web:3", "web:4"}) scene.know(image);
    scene.change_image("web:5");
    scene.set.status.current_revision = api::Str(scene.name_of("web:5"));
    scene.set.spec.revision_history_limit = 1;
    scene.set.spec.update_strategy.type = "OnDelete";
    scene.add(scene.pod(0, true, "web:2"));
    CHECK(scene.plan() == StatefulActions{DeleteRevision{scene.name_of("web:1")}, DeleteRevision{scene.name_of("web:3")}});
}

TEST_CASE("plan_statefulset: adopts what it selects and has its name, releases what matches no more") {
    Scene scene(3);
    api::Pod orphan = scene.pod(0), other = test::pod_with("else-0", "web"), relabelled = scene.pod(1);
    orphan.metadata.owner_references.clear();
    relabelled.metadata.labels["app"] = "debug";
    for (const auto& pod : {orphan, other, relabelled}) scene.add(pod);
    api::ControllerRevision loose = *scene.seen.revisions[0];
    loose.metadata.owner_references.clear();
    scene.seen.revisions[0] = std::make_shared<api::ControllerRevision>(loose);
    CHECK(scene.plan() == StatefulActions{AdoptPod{"web-0"}, ReleasePod{"web-1"}, AdoptRevision{scene.name_of("web:1")}});
}

TEST_CASE("plan_statefulset: puts labels back that say which pod it is") {
    Scene scene(1);
    api::Pod pod = scene.pod(0);
    pod.metadata.labels.erase("apps.kubernetes.io/pod-index");
    scene.add(pod);
    CHECK(scene.plan() == StatefulActions{IdentifyPod{"web-0"}});
}

TEST_CASE("plan_statefulset: one that is being deleted does nothing") {
    Scene scene(3);
    scene.set.metadata.deletion_timestamp = api::Time(1);
    CHECK(scene.told() == "");
}

TEST_CASE("ordinal_of: the number behind the name, as a number is written") {
    CHECK(ordinal_of("web", "web-12") == 12);
    for (const char* name : {"web", "web-", "web-x", "web-01", "web--1", "web-1x", "wep-1", "web1", "web-99999999999"})
        CHECK_FALSE(ordinal_of("web", name).has_value());
}

TEST_CASE("summarise_statefulset: counts, and moves on when all have the new revision") {
    Scene scene(2);
    scene.change_image("web:2");
    scene.add(scene.pod(0));
    scene.add(scene.pod(1, true, "web:2"));
    scene.add(ending_pod(scene.pod(2)));
    int64_t again_after_s = -1;
    auto status = summarise_statefulset(scene.set, scene.seen, &again_after_s);
    CHECK(status.replicas == 3);
    CHECK(status.ready_replicas == 3);
    CHECK(status.current_replicas == 1);
    CHECK(status.updated_replicas == 1);
    CHECK(status.current_revision.view() == scene.name_of("web:1"));
    CHECK(status.update_revision.view() == scene.name_of("web:2"));
    CHECK(status.collision_count == 0);
    scene.seen.pods.pop_back();
    scene.seen.pods[0] = std::make_shared<api::Pod>(scene.pod(0, true, "web:2"));
    status = summarise_statefulset(scene.set, scene.seen, &again_after_s);
    CHECK(status.current_revision.view() == scene.name_of("web:2"));
    CHECK(status.current_replicas == 2);
    CHECK(again_after_s == -1);
}

// ---- claims ----------------------------------------------------------------------------------------------------------

namespace {
/// A scene whose pods have a claim each.
struct ClaimScene : Scene {
    explicit ClaimScene(int32_t replicas, const char* deleted = "Retain", const char* scaled = "Retain") : Scene(replicas) {
        auto& wanted = set.spec.volume_claim_templates.emplace_back();
        wanted.metadata.name = "data";
        wanted.metadata.labels["disk"] = "fast";
        auto& policy = set.spec.persistent_volume_claim_retention_policy.ensure();
        policy.when_deleted = deleted;
        policy.when_scaled = scaled;
        seen.revisions.clear();
        know_template();
    }
    /// The claims are no part of the template, and so of no revision.
    void know_template() { know("web:1"); }
    api::PersistentVolumeClaim& claim(int32_t ordinal, const char* owner_kind = nullptr, const char* owner_uid = "") {
        auto made = std::make_shared<api::PersistentVolumeClaim>();
        made->metadata.name = api::Str("data-web-" + std::to_string(ordinal));
        if (owner_kind) {
            api::ObjectMeta meta;
            const bool of_pod = std::string_view(owner_kind) == "Pod";
            meta.name = of_pod ? api::Str("web-" + std::to_string(ordinal)) : api::Str("web");
            meta.uid = owner_uid;
            made->metadata.owner_references.push_back(
                api::make_controller_reference(of_pod ? "v1" : "apps/v1", owner_kind, meta));
        }
        seen.claims[made->metadata.name.str()] = made;
        return *made;
    }
    std::string owner_after(const StatefulSetAction& action) {
        const auto& owners = std::get<SetClaimOwners>(action).owners;
        return owners.empty() ? "" : owners[0].kind.str() + "/" + owners[0].uid.str();
    }
    api::Pod known_pod(int32_t ordinal, bool ready = true) {
        api::Pod out = pod(ordinal, ready);
        out.metadata.uid = api::Str("pod-" + std::to_string(ordinal));
        return out;
    }
};
}  // namespace

TEST_CASE("plan_statefulset: a pod's claims are made before it, and it mounts them") {
    ClaimScene scene(1);
    api::Volume of_template;
    of_template.name = "data";
    of_template.empty_dir.ensure();
    scene.set.spec.template_.spec.volumes.push_back(of_template);
    scene.seen.revisions.push_back(std::make_shared<api::ControllerRevision>(revision_for(scene.set, 2)));
    const StatefulActions actions = scene.plan();
    REQUIRE(actions.size() == 2);
    const auto& claim = std::get<CreateClaim>(actions[0]).object;
    CHECK(claim.metadata.name == "data-web-0");
    CHECK(claim.metadata.labels.get("app")->view() == "web");
    CHECK(claim.metadata.labels.get("disk")->view() == "fast");
    CHECK(claim.metadata.owner_references.empty());
    const api::Pod& pod = std::get<CreateStatefulPod>(actions[1]).object;
    REQUIRE(pod.spec.volumes.size() == 1);
    REQUIRE(pod.spec.volumes[0].persistent_volume_claim);
    CHECK(pod.spec.volumes[0].persistent_volume_claim->claim_name == "data-web-0");
    CHECK_FALSE(pod.spec.volumes[0].empty_dir);
}

TEST_CASE("plan_statefulset: a claim that is there is used as it is, and made again for a pod that waits for it") {
    ClaimScene scene(1);
    scene.claim(0);
    CHECK(scene.told() == "+web-0");
    scene.seen.claims.clear();
    scene.add(scene.known_pod(0, false));
    REQUIRE(scene.plan().size() == 1);
    CHECK(std::get<CreateClaim>(scene.plan()[0]).object.metadata.name == "data-web-0");
}

TEST_CASE("plan_statefulset: a pod waits for the end of a claim that goes") {
    ClaimScene scene(1);
    scene.claim(0).metadata.deletion_timestamp = api::Time(1);
    CHECK(scene.plan() == StatefulActions{RefusePod{"web-0", "pvc data-web-0 is being deleted"}});
    scene.claim(0, "Pod", "earlier");
    CHECK(std::holds_alternative<RefusePod>(scene.plan().at(0)));
    scene.claim(0, "StatefulSet", "earlier");
    CHECK(std::holds_alternative<RefusePod>(scene.plan().at(0)));
}

TEST_CASE("plan_statefulset: the retention policy says whose a claim is") {
    const auto owner_of = [](const char* deleted, const char* scaled, int32_t replicas) {
        ClaimScene scene(replicas, deleted, scaled);
        scene.add(scene.known_pod(0));
        scene.claim(0);
        const StatefulActions actions = scene.plan();
        return actions.empty() || !std::holds_alternative<SetClaimOwners>(actions[0]) ? "" : scene.owner_after(actions[0]);
    };
    CHECK(owner_of("Retain", "Retain", 1) == "");
    CHECK(owner_of("Delete", "Retain", 1) == "StatefulSet/web-uid");
    CHECK(owner_of("Retain", "Delete", 1) == "");
    CHECK(owner_of("Delete", "Delete", 1) == "StatefulSet/web-uid");
    CHECK(owner_of("Retain", "Retain", 0) == "");
    CHECK(owner_of("Delete", "Retain", 0) == "StatefulSet/web-uid");
    CHECK(owner_of("Retain", "Delete", 0) == "Pod/pod-0");
    CHECK(owner_of("Delete", "Delete", 0) == "Pod/pod-0");
}

TEST_CASE("plan_statefulset: a claim is given to its pod before that goes, and back when it stays") {
    ClaimScene scene(0, "Retain", "Delete");
    scene.add(scene.known_pod(0));
    scene.claim(0);
    StatefulActions actions = scene.plan();
    REQUIRE(actions.size() == 2);
    CHECK(std::get<SetClaimOwners>(actions[0]).name == "data-web-0");
    CHECK(actions[1] == StatefulSetAction(DeletePod{"web-0"}));
    scene.set.spec.replicas = 1;
    scene.claim(0, "Pod", "pod-0");
    actions = scene.plan();
    REQUIRE(actions.size() == 1);
    CHECK(scene.owner_after(actions[0]) == "");
}

TEST_CASE("plan_statefulset: a claim that another controls stays with it, and is told of") {
    ClaimScene scene(1, "Delete", "Retain");
    scene.add(scene.known_pod(0));
    api::ObjectMeta other;
    other.name = "somebody";
    other.uid = "other";
    scene.claim(0).metadata.owner_references.push_back(api::make_controller_reference("v1", "Robot", other));
    CHECK(scene.plan().empty());
    CHECK(contested_claims(scene.set, scene.seen) == std::vector<std::string>{"data-web-0"});
}

TEST_CASE("claims_in_question: of the pods that there are, and of the next") {
    ClaimScene scene(3);
    scene.add(scene.known_pod(0));
    scene.add(scene.known_pod(7));
    CHECK(claims_in_question(scene.set, scene.seen.pods) == std::vector<std::string>{"data-web-0", "data-web-7", "data-web-1"});
    scene.set.spec.pod_management_policy = "Parallel";
    CHECK(claims_in_question(scene.set, scene.seen.pods).size() == 4);
}

// ---- with a store and a node -----------------------------------------------------------------------------------------

namespace {
struct StatefulWorld : test::RolloutWorld {
    std::shared_ptr<const api::StatefulSet> state() { return get<api::StatefulSet>("web"); }
    std::vector<std::shared_ptr<const api::ControllerRevision>> revisions() {
        return objects.list<api::ControllerRevision>("default");
    }
    std::string images() {
        std::string out;
        for (const auto& pod : pods()) out += pod->metadata.name.str() + "=" + pod->spec.containers[0].image.str() + " ";
        return out;
    }
    api::StatefulSet fresh(int32_t replicas) {
        api::StatefulSet out = ::set_of(replicas);
        out.metadata.uid = api::Str();
        return out;
    }
    void change_image(std::string_view image) {
        REQUIRE(edit<api::StatefulSet>(
            "web", [image](api::StatefulSet& one) { one.spec.template_.spec.containers[0].image = api::Str(image); }));
    }
};
}  // namespace

TEST_CASE("statefulset: runs its pods, rolls out and back, and forgets nothing") {
    StatefulWorld world;
    REQUIRE(world.create(world.fresh(3)));
    CHECK(world.pods().size() == 1);
    world.run_node();
    CHECK(world.images() == "web-0=web:1 web-1=web:1 web-2=web:1 ");
    CHECK(world.state()->status.available_replicas == 3);
    CHECK(world.state()->status.observed_generation == 1);
    const std::string first = world.state()->status.current_revision.str();
    world.change_image("web:2");
    world.run_node();
    CHECK(world.images() == "web-0=web:2 web-1=web:2 web-2=web:2 ");
    CHECK(world.state()->status.current_revision == world.state()->status.update_revision);
    CHECK(world.state()->status.current_revision.view() != first);
    CHECK(world.revisions().size() == 2);
    world.change_image("web:1");
    world.run_node();
    CHECK(world.images() == "web-0=web:1 web-1=web:1 web-2=web:1 ");
    CHECK(world.state()->status.current_revision.view() == first);
    CHECK(world.revisions().size() == 2);
    CHECK(world.get<api::ControllerRevision>(first)->revision == 3);
}

TEST_CASE("statefulset: a revision's name that is taken is a collision, counted") {
    StatefulWorld world;
    const api::StatefulSet set = world.fresh(1);
    api::ControllerRevision taken = revision_for(set, 1);
    taken.metadata.labels.clear();
    taken.metadata.owner_references.clear();
    taken.data.text = "{}";
    REQUIRE(world.create(taken));
    // The server fills in the template, which gives the hash: so it is one that was filled in already.
    REQUIRE(world.create(set));
    world.run_node();
    const std::string name = world.state()->status.update_revision.str();
    REQUIRE(world.remove<api::StatefulSet>("web"));
    world.run_node();
    api::ControllerRevision other = taken;
    other.metadata.name = api::Str(name);
    REQUIRE(world.create(other));
    REQUIRE(world.create(set));
    world.run_node();
    CHECK(world.state()->status.collision_count == 1);
    CHECK(world.state()->status.update_revision.view() != name);
    CHECK(world.state()->status.ready_replicas == 1);
}

TEST_CASE("statefulset: a pod of another's that has the name is left alone, and told of") {
    StatefulWorld world;
    REQUIRE(world.create(test::pod_with("web-0", "other")));
    REQUIRE(world.create(world.fresh(1)));
    CHECK(world.pods().size() == 1);
    world.pass(1'000);
    bool told = false;
    for (const auto& event : world.objects.list<api::Event>("default"))
        told |= event->reason == "FailedCreate" &&
                event->message.view().starts_with("create Pod web-0 in StatefulSet web failed error: ");
    CHECK(told);
    REQUIRE(world.remove<api::Pod>("web-0"));
    world.pass(60'000);
    REQUIRE(world.pods().size() == 1);
    CHECK(api::is_controlled_by(world.pods()[0]->metadata, world.state()->metadata.uid));
}
