#include <catch2/catch.hpp>

#include "cluster/disruption_marks.hpp"
#include "orilla/kinds/budgets.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "rollout_world.hpp"
#include "workload/disruption_plan.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::deployment_with;
using orilla::test::pod_with;
using orilla::test::RolloutWorld;

namespace {

constexpr int64_t now_s = 1'700'000'000;

api::PodDisruptionBudget budget_with(std::optional<api::IntOrString> least, std::optional<api::IntOrString> most_away = {}) {
    api::PodDisruptionBudget budget;
    budget.metadata.name = "web";
    budget.metadata.namespace_ = "default";
    budget.spec.selector.ensure().match_labels["app"] = "web";
    if (least) budget.spec.min_available = *least;
    if (most_away) budget.spec.max_unavailable = *most_away;
    return budget;
}

PodPtr make_pod(const std::string& name, bool ready = true, const char* owner = "set") {
    api::Pod pod = pod_with(name, "web");
    test::set_ready(pod, ready);
    if (owner != nullptr) {
        api::ObjectMeta meta;
        meta.name = meta.uid = api::Str(owner);
        pod.metadata.owner_references.push_back(api::make_controller_reference("apps/v1", "ReplicaSet", meta));
    }
    return std::make_shared<api::Pod>(std::move(pod));
}

std::vector<PodPtr> make_pods(int count, const char* owner = "set") {
    std::vector<PodPtr> pods;
    for (int i = 0; i < count; ++i) pods.push_back(make_pod("p" + std::to_string(i), true, owner));
    return pods;
}

FindWanted wanting(int32_t replicas) {
    return [replicas](const api::Pod&, const api::OwnerReference& owner) -> std::optional<WantedPods> {
        if (owner.uid == "nobody") return {};
        return WantedPods{owner.uid.str(), replicas};
    };
}

/// "allowed current/desired of expected"
std::string numbers(const BudgetPlan& plan) {
    const auto& status = plan.status;
    return std::to_string(status.disruptions_allowed) + " " + std::to_string(status.current_healthy) + "/" +
           std::to_string(status.desired_healthy) + " of " + std::to_string(status.expected_pods);
}
std::string condition(const BudgetPlan& plan) {
    const auto* found = api::find_disruption_allowed(plan.status);
    return found ? found->status.str() + " " + found->reason.str() : "";
}

api::IntOrString percent(const char* text) { return api::IntOrString(api::Str(text)); }

}  // namespace

TEST_CASE("plan_budget: a number counts the pods there are, a percentage those that are wanted") {
    const auto pods = make_pods(3);
    CHECK(numbers(plan_budget(budget_with(api::IntOrString(2)), pods, wanting(5), now_s)) == "1 3/2 of 3");
    CHECK(numbers(plan_budget(budget_with(percent("50%")), pods, wanting(5), now_s)) == "0 3/3 of 5");
    CHECK(numbers(plan_budget(budget_with({}, api::IntOrString(1)), pods, wanting(3), now_s)) == "1 3/2 of 3");
    CHECK(numbers(plan_budget(budget_with({}, percent("30%")), pods, wanting(5), now_s)) == "0 3/3 of 5");
    CHECK(numbers(plan_budget(budget_with({}, api::IntOrString(9)), pods, wanting(3), now_s)) == "3 3/0 of 3");
    CHECK(numbers(plan_budget(budget_with({}), pods, wanting(3), now_s)) == "0 3/0 of 0");
    CHECK(condition(plan_budget(budget_with(api::IntOrString(2)), pods, wanting(5), now_s)) == "True SufficientPods");
    CHECK(condition(plan_budget(budget_with(api::IntOrString(3)), pods, wanting(5), now_s)) == "False InsufficientPods");
}

TEST_CASE("plan_budget: what is not ready, ends or was evicted is not healthy") {
    auto pods = make_pods(3);
    pods.push_back(make_pod("unready", false));
    auto ending = std::make_shared<api::Pod>(*make_pod("ending"));
    ending->metadata.deletion_timestamp = api::Time(now_s);
    pods.push_back(ending);
    api::PodDisruptionBudget budget = budget_with(api::IntOrString(1));
    budget.status.disrupted_pods["p0"] = api::Time(now_s - 100);
    budget.status.disrupted_pods["ending"] = api::Time(now_s - 1);
    budget.status.disrupted_pods["gone"] = api::Time(now_s - 1);
    const BudgetPlan plan = plan_budget(budget, pods, wanting(5), now_s);
    CHECK(numbers(plan) == "1 2/1 of 5");
    REQUIRE(plan.status.disrupted_pods.size() == 1);
    CHECK(plan.status.disrupted_pods.contains("p0"));
    CHECK(plan.again_after_s == 20);
    CHECK(plan.not_deleted.empty());
}

TEST_CASE("plan_budget: an evicted pod that stays counts again after two minutes, however the clock jumps") {
    const auto pods = make_pods(1);
    api::PodDisruptionBudget budget = budget_with(api::IntOrString(0));
    budget.status.disrupted_pods["p0"] = api::Time(now_s - 120);
    BudgetPlan plan = plan_budget(budget, pods, wanting(1), now_s);
    CHECK(numbers(plan) == "1 1/0 of 1");
    CHECK(plan.status.disrupted_pods.empty());
    CHECK(plan.not_deleted == std::vector<std::string>{"p0"});
    CHECK(plan.again_after_s == -1);
    // Set back by a year: it is waited for from now on.
    plan = plan_budget(budget, pods, wanting(1), now_s - 365 * 86400);
    CHECK(plan.again_after_s == 120);
    CHECK(plan.status.disrupted_pods.begin()->value == api::Time(now_s - 365 * 86400));
}

TEST_CASE("plan_budget: pods of several controllers are summed, each controller once") {
    auto pods = make_pods(2, "a");
    for (const auto& pod : make_pods(2, "b")) pods.push_back(pod);
    CHECK(numbers(plan_budget(budget_with({}, api::IntOrString(1)), pods, wanting(3), now_s)) == "0 4/5 of 6");
}

TEST_CASE("plan_budget: pods that nobody controls are told of, and those of a controller without a number fail") {
    BudgetPlan plan = plan_budget(budget_with({}, api::IntOrString(1)), {make_pod("bare", true, nullptr)}, wanting(3), now_s);
    CHECK(numbers(plan) == "0 1/0 of 0");
    REQUIRE(plan.events.size() == 1);
    CHECK(plan.events[0].reason == "UnmanagedPods");
    CHECK(plan.events[0].message.find("(selector: &LabelSelector{MatchLabels:map[string]string{app: web,},"
                                      "MatchExpressions:[]LabelSelectorRequirement{},})") != std::string::npos);
    plan = plan_budget(budget_with({}, api::IntOrString(1)), {make_pod("odd", true, "nobody")}, wanting(3), now_s);
    CHECK(plan.status.disruptions_allowed == 0);
    CHECK(condition(plan) == "False SyncFailed");
    CHECK(api::find_disruption_allowed(plan.status)->message == "found no controllers for pod \"odd\"");
    CHECK(plan.events.back() == BudgetEvent{"CalculateExpectedPodCountFailed", true,
                                            "Failed to calculate the number of expected pods: found no controllers for pod "
                                            "\"odd\""});
    // A number asks for no controllers.
    CHECK(numbers(plan_budget(budget_with(api::IntOrString(0)), {make_pod("odd", true, "nobody")}, wanting(3), now_s)) ==
          "1 1/0 of 1");
}

TEST_CASE("plan_budget: nothing is allowed without pods") {
    const BudgetPlan plan = plan_budget(budget_with(api::IntOrString(0)), {}, wanting(3), now_s);
    CHECK(numbers(plan) == "0 0/0 of 0");
    CHECK(plan.events == std::vector<BudgetEvent>{{"NoPods", false, "No matching pods found"}});
}

TEST_CASE("disruption: the status follows a Deployment's pods, by what the Deployment wants") {
    RolloutWorld world;
    REQUIRE(world.create(budget_with({}, percent("50%"))));
    world.roll_out(deployment_with("web", 3));
    const auto status = [&world] { return world.get<api::PodDisruptionBudget>("web")->status; };
    CHECK(status().observed_generation == 1);
    CHECK(status().expected_pods == 3);
    CHECK(status().desired_healthy == 1);
    CHECK(status().disruptions_allowed == 2);
    const std::string first = world.pods()[0]->metadata.name.str();
    REQUIRE(world.edit_status<api::Pod>(first, [](api::Pod& pod) { test::set_ready(pod, false); }));
    CHECK(status().disruptions_allowed == 1);
    REQUIRE(world.edit<api::PodDisruptionBudget>(
        "web", [](api::PodDisruptionBudget& budget) { budget.spec.max_unavailable = percent("0%"); }));
    CHECK(status().observed_generation == 2);
    CHECK(status().disruptions_allowed == 0);
}

TEST_CASE("disruption: an empty selector is the namespace, none is nobody") {
    RolloutWorld world;
    api::PodDisruptionBudget all = budget_with(api::IntOrString(1)), none = all;
    all.spec.selector.ensure().match_labels.clear();
    none.metadata.name = "none";
    none.spec.selector = {};
    REQUIRE(world.create(all));
    REQUIRE(world.create(none));
    world.roll_out(deployment_with("web", 2));
    CHECK(world.get<api::PodDisruptionBudget>("web")->status.disruptions_allowed == 1);
    CHECK(world.get<api::PodDisruptionBudget>("none")->status.expected_pods == 0);
}

TEST_CASE("disruption: a pod under two budgets is told of") {
    RolloutWorld world;
    api::PodDisruptionBudget one = budget_with(api::IntOrString(1)), two = one;
    two.metadata.name = "two";
    REQUIRE(world.create(one));
    REQUIRE(world.create(two));
    world.roll_out(deployment_with("web", 1));
    const auto events = world.objects.list<api::Event>("default");
    const auto found = std::ranges::find_if(
        events, [](const auto& event) { return event->reason == std::string_view("MultiplePodDisruptionBudgets"); });
    REQUIRE(found != events.end());
    CHECK((*found)->message.view().ends_with("matches multiple PodDisruptionBudgets.  Chose \"two\" arbitrarily."));
}

TEST_CASE("disruption marks: a condition that no deletion followed is taken back after two minutes") {
    RolloutWorld world;
    api::Node node;
    node.metadata.name = "node";
    REQUIRE(world.create(node));
    world.roll_out(deployment_with("web", 1));
    const std::string name = world.pods()[0]->metadata.name.str();
    const int64_t marked_s = world.clock.wall_s();
    REQUIRE(world.edit_status<api::Pod>(name, [marked_s](api::Pod& pod) {
        auto& mark = api::ensure_pod_condition(pod, "DisruptionTarget");
        mark.status = "True";
        mark.reason = "EvictionByEvictionAPI";
        mark.last_transition_time = api::Time(marked_s);
    }));
    world.pass(110'000);
    CHECK(api::find_pod_condition(*world.get<api::Pod>(name), "DisruptionTarget")->status == "True");
    world.pass(11'000);
    CHECK(api::find_pod_condition(*world.get<api::Pod>(name), "DisruptionTarget")->status == "False");
    CHECK(api::find_pod_condition(*world.get<api::Pod>(name), "DisruptionTarget")->reason.empty());
    CHECK(plan_stale_mark(*world.get<api::Pod>(name), world.clock.wall_s()) == -1);
}
