// Rollouts step by step: both controllers over a store in memory, and a node that the test drives.
#include <catch2/catch.hpp>

#include "rollout_world.hpp"
#include "workload/deployment_plan.hpp"

using namespace orilla;
using orilla::test::deployment_with;
using orilla::test::PodWatch;
using orilla::test::RolloutWorld;

namespace {

api::Deployment rolling(int32_t replicas, api::IntOrString surge, api::IntOrString unavailable) {
    api::Deployment out = deployment_with("web", replicas);
    out.spec.strategy.type = "RollingUpdate";
    auto& bounds = out.spec.strategy.rolling_update.ensure();
    bounds.max_surge = surge;
    bounds.max_unavailable = unavailable;
    return out;
}

api::Deployment recreate(int32_t replicas) {
    api::Deployment out = deployment_with("web", replicas);
    out.spec.strategy.type = "Recreate";
    return out;
}

/// The node does one thing with one pod at a time, in an order that the seed gives, until there is nothing to do.
void run_node_randomly(RolloutWorld& world, test::SeededRandom& random) {
    constexpr int steps_max = 5000;
    for (int step = 0; step < steps_max; ++step) {
        auto pods = world.pods();
        bool any = false;
        for (size_t tries = pods.size(); tries-- > 0 && !any;) {
            const size_t pick = random.below(tries + 1);
            any = world.step_pod(*pods[pick]);
            pods[pick] = pods[tries];
        }
        if (!any) return;
    }
    FAIL("the rollout does not end");
}

}  // namespace

TEST_CASE("rollout: a new Deployment runs its pods") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 3));
    const auto web = world.web();
    CHECK(world.pods().size() == 3);
    CHECK(world.sets().size() == 1);
    CHECK(web->status.replicas == 3);
    CHECK(web->status.updated_replicas == 3);
    CHECK(web->status.available_replicas == 3);
    CHECK(web->status.observed_generation == web->metadata.generation);
    CHECK(world.revision_of(web->metadata) == "1");
    REQUIRE(world.condition("Available"));
    CHECK(world.condition("Available")->status == "True");
    CHECK(world.condition("Progressing")->reason == "NewReplicaSetAvailable");
    const auto set = world.sets()[0];
    const auto* hash = set->metadata.labels.get("pod-template-hash");
    REQUIRE(hash);
    CHECK(set->metadata.name == "web-" + hash->str());
    CHECK(*world.pods()[0]->metadata.labels.get("pod-template-hash") == *hash);
}

TEST_CASE("rollout: a settled Deployment writes nothing") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 3));
    world.pass(700'000);
    const uint64_t before = world.store->revision();
    world.pass(1'800'000);
    CHECK(world.store->revision() == before);
}

TEST_CASE("rollout: a pod that goes is replaced") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 2));
    REQUIRE(world.remove<api::Pod>(world.pods()[0]->metadata.name.str()));
    world.run_node();
    CHECK(world.pods().size() == 2);
    CHECK(world.web()->status.available_replicas == 2);
}

TEST_CASE("rollout: a change of the image replaces every pod and keeps the old ReplicaSet") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 3));
    world.set_image("web:2");
    world.run_node();
    CHECK(world.size_of("web:1") == 0);
    CHECK(world.size_of("web:2") == 3);
    CHECK(world.pods().size() == 3);
    CHECK(world.revision_of(world.web()->metadata) == "2");
    CHECK(world.revision_of(world.set_of("web:2")->metadata) == "2");
    CHECK(world.web()->status.updated_replicas == 3);
    CHECK(world.condition("Progressing")->reason == "NewReplicaSetAvailable");
}

TEST_CASE("rollout: a change of replicas alone is no new revision") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 3));
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.replicas = 5; }));
    world.run_node();
    CHECK(world.sets().size() == 1);
    CHECK(world.pods().size() == 5);
    CHECK(world.revision_of(world.web()->metadata) == "1");
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.replicas = 0; }));
    world.run_node();
    CHECK(world.pods().empty());
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.replicas = 1; }));
    world.run_node();
    CHECK(world.pods().size() == 1);
}

TEST_CASE("rollout: maxSurge and maxUnavailable hold at every step, whatever the node does first") {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        RolloutWorld world;
        test::SeededRandom random(seed);
        const auto replicas = static_cast<int32_t>(1 + random.below(10));
        api::IntOrString surge(static_cast<int32_t>(random.below(4))), unavailable(static_cast<int32_t>(random.below(4)));
        if (random.below(2)) surge = api::IntOrString(api::Str("25%"));
        if (random.below(2)) unavailable = api::IntOrString(api::Str("25%"));
        if (!surge.is_string && surge.number == 0 && !unavailable.is_string && unavailable.number == 0) surge.number = 1;
        const api::Deployment web = rolling(replicas, surge, unavailable);
        world.roll_out(web);
        const auto bounds = controllers::resolve_bounds(web);
        PodWatch watch(world);
        for (const char* image : {"web:2", "web:3", "web:1"}) {
            world.set_image(image);
            // Sometimes the next change comes in the middle.
            if (random.below(3) == 0)
                for (int i = 0; i < 5; ++i) {
                    const auto pods = world.pods();
                    world.step_pod(*pods[random.below(pods.size())]);
                }
            else run_node_randomly(world, random);
        }
        run_node_randomly(world, random);
        CHECK(watch.active_max <= replicas + bounds.surge);
        CHECK(watch.available_min >= replicas - bounds.unavailable);
        CHECK(world.size_of("web:1") == replicas);
        CHECK(static_cast<int32_t>(world.pods().size()) == replicas);
        CHECK(world.web()->status.available_replicas == replicas);
    }
}

TEST_CASE("rollout: an image that never starts leaves the old pods within maxUnavailable") {
    RolloutWorld world;
    world.roll_out(rolling(4, 1, 1));
    world.set_image("broken:1");
    for (int i = 0; i < 20; ++i)
        for (const auto& pod : world.pods())
            if (pod->metadata.deletion_timestamp || !(pod->spec.containers[0].image == "broken:1")) world.step_pod(*pod);
    CHECK(world.size_of("web:1") == 3);
    CHECK(world.size_of("broken:1") == 2);
    CHECK(world.web()->status.available_replicas == 3);
}

TEST_CASE("rollout: undo takes the old ReplicaSet again, as a new revision") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 2));
    const std::string first = world.set_of("web:1")->metadata.name.str();
    world.set_image("web:2");
    world.run_node();
    world.set_image("web:1");
    world.run_node();
    CHECK(world.sets().size() == 2);
    CHECK(world.set_of("web:1")->metadata.name == first);
    CHECK(world.size_of("web:1") == 2);
    CHECK(world.size_of("web:2") == 0);
    CHECK(world.revision_of(world.set_of("web:1")->metadata) == "3");
    CHECK(world.revision_of(world.web()->metadata) == "3");
    CHECK(*world.set_of("web:1")->metadata.annotations.get("deployment.kubernetes.io/revision-history") == "1");
}

TEST_CASE("rollout: paused, a change of the image waits; resumed, it goes on") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 3));
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.paused = true; }));
    world.set_image("web:2");
    world.run_node();
    CHECK(world.sets().size() == 1);
    CHECK(world.condition("Progressing")->reason == "DeploymentPaused");
    CHECK(world.web()->status.observed_generation == world.web()->metadata.generation);
    // Scaling works meanwhile.
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.replicas = 4; }));
    world.run_node();
    CHECK(world.size_of("web:1") == 4);
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.paused = false; }));
    world.run_node();
    CHECK(world.size_of("web:1") == 0);
    CHECK(world.size_of("web:2") == 4);
    CHECK(world.condition("Progressing")->reason == "NewReplicaSetAvailable");
}

TEST_CASE("rollout: paused in the middle, it stays there") {
    RolloutWorld world;
    world.roll_out(rolling(4, 1, 0));
    world.set_image("web:2");
    REQUIRE(world.size_of("web:2") == 1);
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.paused = true; }));
    world.run_node();
    CHECK(world.size_of("web:1") == 4);
    CHECK(world.size_of("web:2") == 1);
}

TEST_CASE("rollout: Recreate never runs two versions at a time") {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        RolloutWorld world;
        test::SeededRandom random(seed);
        world.roll_out(recreate(3));
        PodWatch watch(world);
        for (const char* image : {"web:2", "web:3"}) {
            world.set_image(image);
            run_node_randomly(world, random);
        }
        CHECK(watch.images_max == 1);
        CHECK(world.size_of("web:3") == 3);
        CHECK(world.pods().size() == 3);
        CHECK(world.web()->status.available_replicas == 3);
    }
}

TEST_CASE("rollout: Recreate, changed again before its pods started, does not mix either") {
    RolloutWorld world;
    REQUIRE(world.run(world.objects.create(recreate(5))));
    PodWatch watch(world);
    for (int i = 2; i < 6; ++i) {
        // Between any two turns of the loop.
        for (int turn = 0; turn < i; ++turn) world.loop.turn(false);
        std::function<Result<void>(api::Deployment&)> change = [i](api::Deployment& web) -> Result<void> {
            web.spec.template_.spec.containers[0].image = api::Str("web:" + std::to_string(i));
            return ok();
        };
        REQUIRE(world.run(world.objects.modify<api::Deployment>("default", "web", change)));
    }
    world.settle();
    world.run_node();
    CHECK(watch.images_max == 1);
    CHECK(world.size_of("web:5") == 5);
    CHECK(world.pods().size() == 5);
}

TEST_CASE("rollout: scaled in the middle, both ReplicaSets grow by their share") {
    RolloutWorld world;
    world.roll_out(rolling(10, 3, 2));
    world.set_image("broken:1");
    for (int i = 0; i < 30; ++i)
        for (const auto& pod : world.pods())
            if (pod->metadata.deletion_timestamp) world.step_pod(*pod);
    REQUIRE(world.size_of("web:1") == 8);
    REQUIRE(world.size_of("broken:1") == 5);
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.replicas = 15; }));
    CHECK(world.size_of("web:1") == 11);
    CHECK(world.size_of("broken:1") == 7);
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& web) { web.spec.replicas = 0; }));
    CHECK(world.size_of("web:1") == 0);
    CHECK(world.size_of("broken:1") == 0);
    world.run_node();
    CHECK(world.pods().empty());
}

TEST_CASE("rollout: scaled at any time, it ends with what was asked for") {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        RolloutWorld world;
        test::SeededRandom random(seed);
        world.roll_out(rolling(4, static_cast<int32_t>(1 + random.below(3)), static_cast<int32_t>(random.below(3))));
        PodWatch watch(world);
        world.set_image("web:2");
        int32_t replicas = 4;
        for (int change = 0; change < 4; ++change) {
            for (uint64_t i = random.below(12); i > 0 && !world.pods().empty(); --i) {
                const auto pods = world.pods();
                world.step_pod(*pods[random.below(pods.size())]);
            }
            replicas = static_cast<int32_t>(random.below(9));
            REQUIRE(world.edit<api::Deployment>("web", [replicas](api::Deployment& web) { web.spec.replicas = replicas; }));
        }
        run_node_randomly(world, random);
        CHECK(watch.active_max <= 8 + 3);
        CHECK(static_cast<int32_t>(world.pods().size()) == replicas);
        CHECK(std::max(world.size_of("web:1"), 0) == 0);
        CHECK(world.size_of("web:2") == replicas);
        CHECK(world.web()->status.updated_replicas == replicas);
    }
}

TEST_CASE("rollout: the progress deadline is told, and taken back") {
    RolloutWorld world;
    api::Deployment web = deployment_with("web", 1);
    web.spec.progress_deadline_seconds = 60;
    REQUIRE(world.create(web));
    world.pass(59'000);
    CHECK(world.condition("Progressing")->status == "True");
    world.pass(3'000);
    CHECK(world.condition("Progressing")->status == "False");
    CHECK(world.condition("Progressing")->reason == "ProgressDeadlineExceeded");
    CHECK(world.condition("Progressing")->message ==
          "ReplicaSet \"" + world.sets()[0]->metadata.name.str() + "\" has timed out progressing.");
    const uint64_t before = world.store->revision();
    world.pass(1'800'000);
    CHECK(world.store->revision() == before);
    world.run_node();
    CHECK(world.condition("Progressing")->reason == "NewReplicaSetAvailable");
}

TEST_CASE("rollout: a finished rollout that is scaled to what cannot start has no deadline") {
    RolloutWorld world;
    api::Deployment web = deployment_with("web", 1);
    web.spec.progress_deadline_seconds = 60;
    world.roll_out(web);
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& edited) { edited.spec.replicas = 3; }));
    world.pass(600'000);
    CHECK(world.condition("Progressing")->reason == "NewReplicaSetAvailable");
    CHECK(world.condition("Available")->status == "False");
}

TEST_CASE("rollout: minReadySeconds holds the rollout back") {
    RolloutWorld world;
    api::Deployment web = rolling(2, 1, 0);
    web.spec.min_ready_seconds = 10;
    world.roll_out(web);
    CHECK(world.web()->status.available_replicas == 0);
    world.pass(11'000);
    REQUIRE(world.web()->status.available_replicas == 2);
    world.set_image("web:2");
    world.run_node();
    CHECK(world.size_of("web:1") == 2);
    world.pass(11'000);
    CHECK(world.size_of("web:1") == 1);
    for (int i = 0; i < 5; ++i) world.run_node(), world.pass(11'000);
    CHECK(world.size_of("web:1") == 0);
    CHECK(world.web()->status.available_replicas == 2);
}

TEST_CASE("rollout: revisionHistoryLimit keeps the latest old ReplicaSets") {
    RolloutWorld world;
    api::Deployment web = deployment_with("web", 1);
    web.spec.revision_history_limit = 2;
    world.roll_out(web);
    for (int i = 2; i <= 6; ++i) {
        world.set_image("web:" + std::to_string(i));
        world.run_node();
    }
    CHECK(world.sets().size() == 3);
    CHECK(world.set_of("web:6"));
    CHECK(world.set_of("web:5"));
    CHECK(world.set_of("web:4"));
    REQUIRE(world.edit<api::Deployment>("web", [](api::Deployment& edited) { edited.spec.revision_history_limit = 0; }));
    CHECK(world.sets().size() == 1);
}

TEST_CASE("rollout: a ReplicaSet of somebody else with our name makes us take the next name") {
    RolloutWorld world;
    api::Deployment web = deployment_with("web", 1);
    // The name that web's ReplicaSet would have: learned from another world.
    std::string name;
    {
        RolloutWorld other;
        other.roll_out(web);
        name = other.sets()[0]->metadata.name.str();
    }
    api::ReplicaSet squatter;
    squatter.metadata.name = api::Str(name);
    squatter.metadata.namespace_ = "default";
    squatter.spec.replicas = 0;
    squatter.spec.selector.ensure().match_labels["app"] = "other";
    squatter.spec.template_ = web.spec.template_;
    squatter.spec.template_.metadata.labels["app"] = "other";
    REQUIRE(world.create(squatter));
    world.roll_out(web);
    CHECK(world.sets().size() == 2);
    CHECK(world.pods().size() == 1);
    CHECK(world.web()->status.collision_count == 1);
    CHECK(world.web()->status.available_replicas == 1);
}

TEST_CASE("rollout: deleted in the background, nothing is left") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 3));
    REQUIRE(world.remove<api::Deployment>("web"));
    world.run_node();
    CHECK(world.sets().empty());
    CHECK(world.pods().empty());
}

TEST_CASE("rollout: deleted in the foreground, it goes after its pods") {
    RolloutWorld world;
    world.roll_out(deployment_with("web", 2));
    objects::DeleteOptions foreground;
    foreground.propagation = objects::Propagation::foreground;
    REQUIRE(world.remove<api::Deployment>("web", foreground));
    REQUIRE(world.web());
    CHECK(world.sets().size() == 1);
    for (const auto& pod : world.pods()) CHECK(pod->metadata.deletion_timestamp);
    world.run_node();
    world.pass(1000);
    CHECK_FALSE(world.web());
    CHECK(world.sets().empty());
}

TEST_CASE("rollout: orphaned, the pods run on, and a new Deployment of the name takes them") {
    RolloutWorld world;
    const api::Deployment web = deployment_with("web", 2);
    world.roll_out(web);
    objects::DeleteOptions orphan;
    orphan.propagation = objects::Propagation::orphan;
    REQUIRE(world.remove<api::Deployment>("web", orphan));
    CHECK_FALSE(world.web());
    REQUIRE(world.sets().size() == 1);
    CHECK(world.sets()[0]->metadata.owner_references.empty());
    const std::string pod = world.pods()[0]->metadata.uid.str();
    world.roll_out(web);
    CHECK(world.sets().size() == 1);
    CHECK(world.sets()[0]->metadata.owner_references.size() == 1);
    CHECK(world.pods().size() == 2);
    CHECK(world.pods()[0]->metadata.uid == pod);
}
