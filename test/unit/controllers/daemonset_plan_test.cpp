#include "workload/daemonset_plan.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/owners.hpp"
#include "rollout_world.hpp"
#include "workload/deployment_plan.hpp"

using namespace orilla;
using namespace orilla::controllers;

namespace {

using DaemonActions = std::vector<DaemonSetAction>;

api::DaemonSet daemon_set(std::string_view image = "agent:1") {
    api::DaemonSet out;
    out.metadata.name = "agent";
    out.metadata.namespace_ = "default";
    out.metadata.uid = "agent-uid";
    out.metadata.generation = 1;
    out.spec.selector.ensure().match_labels["app"] = "agent";
    out.spec.update_strategy.type = "RollingUpdate";
    out.spec.update_strategy.rolling_update.ensure().max_unavailable = api::IntOrString(1);
    out.spec.update_strategy.rolling_update->max_surge = api::IntOrString(0);
    out.spec.template_.metadata.labels["app"] = "agent";
    api::Container container;
    container.name = "main";
    container.image = api::Str(image);
    out.spec.template_.spec.containers.push_back(std::move(container));
    return out;
}

api::Node named_node(std::string_view name) {
    api::Node out;
    out.metadata.name = api::Str(name);
    return out;
}

api::Taint taint_of(const char* key, const char* effect) {
    api::Taint out;
    out.key = key;
    out.effect = effect;
    return out;
}

/// What is there, as a test says it.
struct DaemonScene {
    explicit DaemonScene(std::initializer_list<const char*> nodes) : set(daemon_set()) {
        for (const char* name : nodes) seen.nodes.push_back(std::make_shared<api::Node>(named_node(name)));
        know("agent:1");
    }
    api::ControllerRevision revision_with(std::string_view image, int64_t number) {
        const api::DaemonSet of = daemon_set(image);
        auto out = make_revision(of.metadata, api::make_controller_reference("apps/v1", "DaemonSet", of.metadata),
                                 of.spec.template_, "controller-revision-hash", hash_template(of.spec.template_, 0));
        out.revision = number;
        return out;
    }
    void know(std::string_view image) {
        const auto made = revision_with(image, static_cast<int64_t>(seen.revisions.size()) + 1);
        seen.revisions.push_back(std::make_shared<api::ControllerRevision>(made));
    }
    void change_image(std::string_view image) {
        set.spec.template_ = daemon_set(image).spec.template_;
        know(image);
    }
    api::Pod pod(std::string_view name, std::string_view node, bool ready = true, std::string_view image = "agent:1") {
        api::Pod out = test::pod_with(name, "agent");
        out.metadata.labels["controller-revision-hash"] =
            *revision_with(image, 1).metadata.labels.get("controller-revision-hash");
        auto& owner = out.metadata.owner_references.emplace_back();
        owner.uid = "agent-uid";
        owner.controller = true;
        out.spec.node_name = api::Str(node);
        out.status.phase = ready ? "Running" : "Pending";
        test::set_ready(out, ready);
        return out;
    }
    void add(api::Pod one) { seen.pods.push_back(std::make_shared<api::Pod>(std::move(one))); }
    DaemonActions plan() { return plan_daemonset(set, seen); }
    std::string told() {
        std::string out;
        for (const auto& action : plan()) {
            if (!out.empty()) out += ' ';
            if (const auto* create = std::get_if<CreateDaemonPod>(&action)) out += "+" + create->node;
            else if (const auto* remove = std::get_if<DeletePod>(&action)) out += "-" + remove->name;
            else if (const auto* ended = std::get_if<DeleteEndedPod>(&action)) out += (ended->failed ? "!" : "?") + ended->name;
            else out += "#" + std::to_string(action.index());
        }
        return out;
    }

    api::DaemonSet set;
    DaemonSetObserved seen;
};

api::Pod leaving(api::Pod pod) {
    pod.metadata.deletion_timestamp = api::Time(1);
    return pod;
}
api::Pod ended(api::Pod pod, const char* phase) {
    pod.status.phase = phase;
    return pod;
}

}  // namespace

TEST_CASE("plan_daemonset: the first act is the revision of the template") {
    DaemonScene scene({"a"});
    scene.seen.revisions.clear();
    REQUIRE(scene.plan().size() == 1);
    const auto made = std::get<CreateRevision>(scene.plan()[0]).object;
    CHECK(made.revision == 1);
    CHECK("agent-" + made.metadata.labels.get("controller-revision-hash")->str() == made.metadata.name.str());
}

TEST_CASE("plan_daemonset: a pod on every node, and no second") {
    DaemonScene scene({"a", "b"});
    CHECK(scene.told() == "+a +b");
    scene.add(scene.pod("p1", "a"));
    CHECK(scene.told() == "+b");
    scene.add(scene.pod("p2", "b", false));
    CHECK(scene.told() == "");
    scene.add(scene.pod("p3", "b"));
    CHECK(scene.told() == "-p3");
}

TEST_CASE("plan_daemonset: a pod that nobody has bound yet counts on the node that it is for") {
    DaemonScene scene({"a", "b"});
    api::Pod waiting = make_daemon_pod(scene.set, scene.seen, "a");
    waiting.metadata.name = "p1";
    CHECK(waiting.spec.node_name.empty());
    scene.add(waiting);
    CHECK(scene.told() == "+b");
    scene.seen.nodes.erase(scene.seen.nodes.begin());
    CHECK(scene.told() == "+b -p1");
}

TEST_CASE("plan_daemonset: nodes are chosen by label, affinity and taint") {
    DaemonScene scene({"a"});
    scene.set.spec.template_.spec.node_selector["disk"] = "ssd";
    scene.know("x");
    api::Node node = named_node("a");
    CHECK(judge_node(scene.set, node) == NodeVerdict{false, false});
    node.metadata.labels["disk"] = "ssd";
    CHECK(judge_node(scene.set, node) == NodeVerdict{true, true});
    node.spec.taints.push_back(taint_of("k", "NoSchedule"));
    CHECK(judge_node(scene.set, node) == NodeVerdict{false, true});
    node.spec.taints[0].effect = "NoExecute";
    CHECK(judge_node(scene.set, node) == NodeVerdict{false, false});
    for (const char* key : {"node.kubernetes.io/unschedulable", "node.kubernetes.io/memory-pressure"}) {
        node.spec.taints[0] = taint_of(key, "NoSchedule");
        CHECK(judge_node(scene.set, node) == NodeVerdict{true, true});
    }
    node.spec.taints[0] = taint_of("node.kubernetes.io/not-ready", "NoExecute");
    CHECK(judge_node(scene.set, node) == NodeVerdict{true, true});
}

TEST_CASE("plan_daemonset: a pod goes from a node that it may not be on, and stays where it only may not come") {
    DaemonScene scene({"a"});
    scene.add(scene.pod("p1", "a"));
    api::Node node = named_node("a");
    node.spec.taints.push_back(taint_of("k", "NoSchedule"));
    scene.seen.nodes[0] = std::make_shared<api::Node>(node);
    CHECK(scene.told() == "");
    int64_t again_after_s = -1;
    CHECK(summarise_daemonset(scene.set, scene.seen, &again_after_s).number_misscheduled == 1);
    node.spec.taints[0].effect = "NoExecute";
    scene.seen.nodes[0] = std::make_shared<api::Node>(node);
    CHECK(scene.told() == "-p1");
}

TEST_CASE("plan_daemonset: a pod that ended goes, one that failed after its back-off") {
    DaemonScene scene({"a", "b"});
    scene.add(ended(scene.pod("p1", "a"), "Failed"));
    scene.add(ended(scene.pod("p2", "b"), "Succeeded"));
    CHECK(scene.told() == "!p1 ?p2");
    scene.seen.backing_off = {"a", "b"};
    CHECK(scene.told() == "?p2");
}

TEST_CASE("plan_daemonset: an update takes as many as may be missing, those that are missing already first") {
    DaemonScene scene({"a", "b", "c"});
    scene.add(scene.pod("p1", "a"));
    scene.add(scene.pod("p2", "b"));
    scene.add(scene.pod("p3", "c"));
    scene.change_image("agent:2");
    CHECK(scene.told() == "-p1");
    scene.seen.pods[2] = std::make_shared<api::Pod>(scene.pod("p3", "c", false));
    CHECK(scene.told() == "-p3 -p1");
    scene.seen.pods[0] = std::make_shared<api::Pod>(leaving(scene.pod("p1", "a")));
    CHECK(scene.told() == "-p3");
    scene.seen.pods[2] = std::make_shared<api::Pod>(scene.pod("p3", "c"));
    CHECK(scene.told() == "");
    scene.set.spec.update_strategy.rolling_update->max_unavailable = api::IntOrString(api::Str("50%"));
    CHECK(scene.told() == "-p2");
}

TEST_CASE("plan_daemonset: with a surge the new pod comes first, and the old one goes when it is available") {
    DaemonScene scene({"a", "b"});
    scene.set.spec.update_strategy.rolling_update->max_unavailable = api::IntOrString(0);
    scene.set.spec.update_strategy.rolling_update->max_surge = api::IntOrString(1);
    scene.add(scene.pod("p1", "a"));
    scene.add(scene.pod("p2", "b"));
    scene.change_image("agent:2");
    CHECK(scene.told() == "+a");
    scene.add(scene.pod("n1", "a", false, "agent:2"));
    CHECK(scene.told() == "");
    scene.seen.pods[2] = std::make_shared<api::Pod>(scene.pod("n1", "a", true, "agent:2"));
    CHECK(scene.told() == "-p1");
    // An old pod that does not work is not waited for.
    scene.seen.pods[2] = std::make_shared<api::Pod>(scene.pod("n1", "a", false, "agent:2"));
    scene.seen.pods[0] = std::make_shared<api::Pod>(scene.pod("p1", "a", false));
    CHECK(scene.told() == "-p1");
}

TEST_CASE("plan_daemonset: OnDelete replaces nothing, and makes what is missing anew") {
    DaemonScene scene({"a"});
    scene.set.spec.update_strategy.type = "OnDelete";
    scene.add(scene.pod("p1", "a"));
    scene.change_image("agent:2");
    CHECK(scene.told() == "");
    scene.seen.pods.clear();
    CHECK(scene.told() == "+a");
}

TEST_CASE("plan_daemonset: adopts what it selects, releases what matches no more, and does nothing once deleted") {
    DaemonScene scene({"a"});
    api::Pod orphan = scene.pod("p1", "a"), relabelled = scene.pod("p2", "a");
    orphan.metadata.owner_references.clear();
    relabelled.metadata.labels["app"] = "debug";
    scene.add(orphan);
    scene.add(relabelled);
    CHECK(scene.plan() == DaemonActions{AdoptPod{"p1"}, ReleasePod{"p2"}});
    scene.set.metadata.deletion_timestamp = api::Time(1);
    CHECK(scene.plan().empty());
}

TEST_CASE("make_daemon_pod: is for one node, and stands its troubles") {
    DaemonScene scene({"a"});
    scene.set.metadata.annotations["deprecated.daemonset.template.generation"] = "3";
    auto& required = scene.set.spec.template_.spec.affinity.ensure()
                         .node_affinity.ensure()
                         .required_during_scheduling_ignored_during_execution.ensure();
    auto& wanted = required.node_selector_terms.emplace_back().match_expressions.emplace_back();
    wanted.key = "disk";
    wanted.operator_ = "Exists";
    const api::Pod pod = make_daemon_pod(scene.set, scene.seen, "a");
    CHECK(pod.metadata.generate_name == "agent-");
    CHECK(pod.metadata.labels.get("pod-template-generation")->view() == "3");
    const auto& terms =
        pod.spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution->node_selector_terms;
    REQUIRE(terms.size() == 1);
    CHECK(terms[0].match_expressions.size() == 1);
    REQUIRE(terms[0].match_fields.size() == 1);
    CHECK(terms[0].match_fields[0].key == "metadata.name");
    CHECK(terms[0].match_fields[0].values[0] == "a");
    CHECK(pod.spec.tolerations.size() == 6);
    scene.set.spec.template_.spec.host_network = true;
    CHECK(make_daemon_pod(scene.set, scene.seen, "a").spec.tolerations.size() == 7);
}

TEST_CASE("summarise_daemonset: counts nodes") {
    DaemonScene scene({"a", "b", "c"});
    scene.set.spec.min_ready_seconds = 10;
    scene.seen.now_s = 1'700'000'004;
    scene.add(scene.pod("p1", "a"));
    scene.add(scene.pod("p2", "b", false));
    int64_t again_after_s = -1;
    auto status = summarise_daemonset(scene.set, scene.seen, &again_after_s);
    CHECK(status.desired_number_scheduled == 3);
    CHECK(status.current_number_scheduled == 2);
    CHECK(status.number_ready == 1);
    CHECK(status.number_available == 0);
    CHECK(status.number_unavailable == 3);
    CHECK(status.updated_number_scheduled == 2);
    CHECK(again_after_s == 6);
    scene.seen.now_s = 1'700'000'010;
    status = summarise_daemonset(scene.set, scene.seen, &again_after_s);
    CHECK(status.number_available == 1);
}

// ---- with a store and a node -----------------------------------------------------------------------------------------

namespace {
struct DaemonWorld : test::RolloutWorld {
    DaemonWorld() {
        api::Node node = named_node("node");
        if (!create(std::move(node))) std::abort();
    }
    std::shared_ptr<const api::DaemonSet> state() { return get<api::DaemonSet>("agent"); }
    api::DaemonSet fresh() {
        api::DaemonSet out = daemon_set();
        out.metadata.uid = api::Str();
        return out;
    }
};
}  // namespace

TEST_CASE("daemonset: runs its pod, rolls out and counts the template's changes") {
    DaemonWorld world;
    REQUIRE(world.create(world.fresh()));
    world.run_node();
    REQUIRE(world.pods().size() == 1);
    CHECK(world.state()->status.number_available == 1);
    CHECK(world.state()->status.observed_generation == 1);
    CHECK(world.pods()[0]->metadata.labels.get("pod-template-generation")->view() == "1");
    REQUIRE(world.edit<api::DaemonSet>("agent",
                                       [](api::DaemonSet& one) { one.spec.template_.spec.containers[0].image = "agent:2"; }));
    world.run_node();
    REQUIRE(world.pods().size() == 1);
    CHECK(world.pods()[0]->spec.containers[0].image == "agent:2");
    CHECK(world.pods()[0]->metadata.labels.get("pod-template-generation")->view() == "2");
    CHECK(world.state()->status.updated_number_scheduled == 1);
    CHECK(world.objects.list<api::ControllerRevision>("default").size() == 2);
    REQUIRE(world.edit<api::DaemonSet>("agent", [](api::DaemonSet& one) { one.spec.min_ready_seconds = 1; }));
    CHECK(world.state()->metadata.annotations.get("deprecated.daemonset.template.generation")->view() == "2");
}

TEST_CASE("daemonset: pods that fail are replaced ever more slowly") {
    DaemonWorld world;
    REQUIRE(world.create(world.fresh()));
    const auto fail = [&world] {
        const std::string name = world.pods().at(0)->metadata.name.str();
        REQUIRE(world.edit_status<api::Pod>(name, [](api::Pod& pod) { pod.status.phase = "Failed"; }));
        return name;
    };
    const std::string first = fail();
    REQUIRE(world.pods().size() == 1);
    CHECK(world.pods()[0]->metadata.name.view() != first);
    const std::string second = fail();
    CHECK(world.pods()[0]->metadata.name.view() == second);
    world.pass(1'000);
    CHECK(world.pods().at(0)->metadata.name.view() != second);
    const std::string third = fail();
    world.pass(1'500);
    CHECK(world.pods().at(0)->metadata.name.view() == third);
    world.pass(600);
    CHECK(world.pods().at(0)->metadata.name.view() != third);
}

TEST_CASE("daemonset: a label that a node gets brings its pod, and takes it along") {
    DaemonWorld world;
    api::DaemonSet set = world.fresh();
    set.spec.template_.spec.node_selector["disk"] = "ssd";
    REQUIRE(world.create(set));
    world.run_node();
    CHECK(world.pods().empty());
    REQUIRE(world.edit<api::Node>(
        "node", [](api::Node& node) { node.metadata.labels["disk"] = "ssd"; }, ""));
    world.run_node();
    CHECK(world.pods().size() == 1);
    CHECK(world.state()->status.number_ready == 1);
    REQUIRE(world.edit<api::Node>(
        "node", [](api::Node& node) { node.metadata.labels.erase("disk"); }, ""));
    world.run_node();
    CHECK(world.pods().empty());
    CHECK(world.state()->status.desired_number_scheduled == 0);
}
