#include "workload/deployment_plan.hpp"

#include <catch2/catch.hpp>

#include "rollout_world.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::deployment_with;

namespace {

api::Deployment desired(int32_t replicas, std::string_view image = "web:1") {
    api::Deployment out = deployment_with("web", replicas, image);
    out.metadata.uid = "web-uid";
    out.metadata.annotations["deployment.kubernetes.io/revision"] = "1";
    return out;
}

std::vector<std::shared_ptr<const api::ReplicaSet>> sets_of(std::initializer_list<api::ReplicaSet> sets) {
    std::vector<std::shared_ptr<const api::ReplicaSet>> out;
    for (const auto& set : sets) out.push_back(std::make_shared<const api::ReplicaSet>(set));
    return out;
}

/// The ReplicaSet that plan_deployment would make for it, with all its pods available.
api::ReplicaSet made_set(const api::Deployment& deployment) {
    const auto actions = plan_deployment(deployment, {});
    REQUIRE(actions.size() == 1);
    api::ReplicaSet set = std::get<CreateReplicaSet>(actions[0]).object;
    set.status.replicas = set.status.available_replicas = set.status.ready_replicas = *set.spec.replicas;
    return set;
}

}  // namespace

TEST_CASE("plan_deployment: creates the first ReplicaSet") {
    const api::ReplicaSet set = made_set(desired(3));
    CHECK(set.spec.replicas == 3);
    CHECK(set.metadata.name.view().starts_with("web-"));
    CHECK(set.metadata.owner_references[0].uid == "web-uid");
    CHECK(set.spec.selector->match_labels.contains("pod-template-hash"));
    CHECK(*set.metadata.annotations.get("deployment.kubernetes.io/desired-replicas") == "3");
    CHECK(*set.metadata.annotations.get("deployment.kubernetes.io/max-replicas") == "4");
}

TEST_CASE("plan_deployment: does nothing when all is as wanted, or it is being deleted") {
    const api::Deployment web = desired(3);
    CHECK(plan_deployment(web, {sets_of({made_set(web)}), {}, 0}).empty());
    api::Deployment ending = web;
    ending.metadata.deletion_timestamp = api::Time(1);
    CHECK(plan_deployment(ending, {}).empty());
}

TEST_CASE("plan_deployment: adopts an orphan first") {
    const api::Deployment web = desired(3);
    api::ReplicaSet orphan = made_set(web);
    orphan.metadata.owner_references.clear();
    CHECK(plan_deployment(web, {sets_of({orphan}), {}, 0}) ==
          std::vector<DeploymentAction>{AdoptReplicaSet{orphan.metadata.name.str()}});
}

TEST_CASE("plan_deployment: a set that was just made smaller does not count the pods that it loses") {
    // 10 wanted, 2 may be missing. The old set went from 10 to 8, its status does not show it yet; 3 new pods run.
    api::Deployment web = desired(10);
    web.spec.strategy.type = "RollingUpdate";
    auto& bounds = web.spec.strategy.rolling_update.ensure();
    bounds.max_surge = api::IntOrString(3);
    bounds.max_unavailable = api::IntOrString(2);
    api::ReplicaSet old = made_set(web);
    old.spec.replicas = 8;
    api::Deployment changed = web;
    changed.spec.template_.spec.containers[0].image = "web:2";
    auto actions = plan_deployment(changed, {sets_of({old}), {}, 0});
    REQUIRE(actions.size() == 1);
    api::ReplicaSet fresh = std::get<CreateReplicaSet>(actions[0]).object;
    CHECK(fresh.spec.replicas == 5);
    fresh.status.available_replicas = 3;
    changed.metadata.annotations["deployment.kubernetes.io/revision"] = "2";
    actions = plan_deployment(changed, {sets_of({old, fresh}), {}, 0});
    REQUIRE(actions.size() == 1);
    CHECK(std::get<UpdateReplicaSet>(actions[0]).replicas == 5);  // 8 + 3 - 5 stay 8 - 2 available
}

TEST_CASE("plan_deployment: Recreate waits for the old set's controller and for its pods") {
    api::Deployment web = desired(2);
    web.spec.strategy.type = "Recreate";
    api::ReplicaSet old = made_set(web);
    old.metadata.uid = "old-uid";
    old.spec.replicas = 0;
    old.metadata.generation = 2;
    old.status.observed_generation = 1;
    web.spec.template_.spec.containers[0].image = "web:2";
    CHECK(plan_deployment(web, {sets_of({old}), {}, 0}).empty());
    old.status.observed_generation = 2;
    api::Pod pod = test::pod_with("a", "web");
    auto& owner = pod.metadata.owner_references.emplace_back();
    owner.uid = "old-uid";
    owner.controller = true;
    CHECK(plan_deployment(web, {sets_of({old}), {std::make_shared<api::Pod>(pod)}, 0}).empty());
    CHECK(plan_deployment(web, {sets_of({old}), {}, 0}).size() == 1);
}

TEST_CASE("resolve_bounds: surge rounds up, unavailable down, and never both nothing") {
    const auto quarter = resolve_bounds(desired(3));
    CHECK(quarter.surge == 1);
    CHECK(quarter.unavailable == 0);
    api::Deployment web = desired(1);
    auto& bounds = web.spec.strategy.rolling_update.ensure();
    bounds.max_surge = api::IntOrString(0);
    bounds.max_unavailable = api::IntOrString(api::Str("25%"));
    CHECK(resolve_bounds(web).unavailable == 1);
}

TEST_CASE("hash_template: the same over releases, another after a collision") {
    const auto web = desired(1);
    CHECK(hash_template(web.spec.template_, 0) == "598f68d64d");  // names of live ReplicaSets hang on it
    CHECK(hash_template(web.spec.template_, 0) == hash_template(desired(5).spec.template_, 0));
    CHECK(hash_template(web.spec.template_, 0) != hash_template(web.spec.template_, 1));
    CHECK(hash_template(web.spec.template_, 0) != hash_template(desired(1, "web:2").spec.template_, 0));
}
