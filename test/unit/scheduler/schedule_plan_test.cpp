#include "schedule_plan.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::scheduler;

namespace {
api::Node small_node() {
    api::Node node;
    node.metadata.name = "box";
    node.status.allocatable["cpu"] = *api::Quantity::parse("1");
    node.status.allocatable["memory"] = *api::Quantity::parse("256Mi");
    node.status.allocatable["pods"] = *api::Quantity::parse("3");
    auto& ready = node.status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = "True";
    return node;
}
api::Pod asking(const char* cpu, const char* memory) {
    api::Pod pod;
    auto& container = pod.spec.containers.emplace_back();
    container.resources.requests["cpu"] = *api::Quantity::parse(cpu);
    container.resources.requests["memory"] = *api::Quantity::parse(memory);
    return pod;
}
ScheduleDecision decide(const api::Pod& pod, const std::vector<api::Node>& nodes, const std::vector<api::Pod>& bound,
                        std::vector<BudgetPtr> budgets = {}) {
    Neighbours others;
    others.budgets = std::move(budgets);
    for (const auto& node : nodes) others.nodes.push_back(std::make_shared<api::Node>(node));
    Placements placements;
    for (const auto& other : bound) {
        placements.put("default/" + std::to_string(&other - bound.data()), other);
        others.pods.push_back(std::make_shared<api::Pod>(other));
    }
    return plan_schedule(pod, others.nodes, placements, needs_others(pod, others.nodes, placements) ? others : Neighbours{});
}
/// Without what it says of preemption.
std::string why(const ScheduleDecision& decision) {
    const std::string& message = std::get<Unschedulable>(decision).message;
    return message.substr(0, message.find(" preemption: "));
}
api::Pod on_box(api::Pod pod, const char* name) {
    pod.metadata.name = name;
    pod.spec.node_name = "box";
    return pod;
}
}  // namespace

TEST_CASE("plan_schedule: a pod that fits is bound") {
    CHECK(decide(asking("500m", "100Mi"), {small_node()}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: what no node can help is told with what preemption says, as of any other reason") {
    const auto node = std::make_shared<api::Node>(small_node());
    VolumeNeeds volumes;
    volumes.refusal = "persistentvolumeclaim \"data\" not found";
    auto pod = asking("500m", "100Mi");
    const auto said = [&] {
        const auto decision = plan_schedule(pod, {node}, Placements(), Neighbours(), volumes);
        return std::get<Unschedulable>(decision).message;
    };
    CHECK(
        said() ==
        "0/1 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/1 nodes are available: 1 Preemption "
        "is not helpful for scheduling.");
    pod.spec.preemption_policy = "Never";
    CHECK(said() ==
          "0/1 nodes are available: persistentvolumeclaim \"data\" not found. preemption: not eligible due to "
          "preemptionPolicy=Never.");
}

TEST_CASE("plan_schedule: what is taken counts") {
    auto other = asking("600m", "200Mi");
    other.spec.node_name = "box";
    CHECK(why(decide(asking("500m", "100Mi"), {small_node()}, {other})) ==
          "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.");
    other.spec.node_name = "elsewhere";
    CHECK(decide(asking("500m", "100Mi"), {small_node()}, {other}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: selectors, taints and cordons keep pods off") {
    auto pod = asking("1m", "1Mi");
    pod.spec.node_selector["disk"] = "ssd";
    CHECK(why(decide(pod, {small_node()}, {})) ==
          "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
    auto node = small_node();
    node.metadata.labels["disk"] = "ssd";
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
    node.spec.unschedulable = true;
    CHECK(why(decide(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) were unschedulable.");
    node.spec.unschedulable = false;
    auto& taint = node.spec.taints.emplace_back();
    taint.key = "k";
    taint.value = "v";
    taint.effect = "NoSchedule";
    CHECK(why(decide(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.");
    pod.spec.tolerations.emplace_back().operator_ = "Exists";
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: a pod that tolerates it comes to a cordoned node") {
    auto pod = asking("1m", "1Mi");
    auto node = small_node();
    node.spec.unschedulable = true;
    auto& toleration = pod.spec.tolerations.emplace_back();
    toleration.key = "node.kubernetes.io/unschedulable";
    toleration.operator_ = "Exists";
    toleration.effect = "NoSchedule";
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: one host port is given once") {
    auto pod = asking("1m", "1Mi");
    auto& port = pod.spec.containers[0].ports.emplace_back();
    port.host_port = 80;
    auto other = pod;
    other.spec.node_name = "box";
    CHECK(why(decide(pod, {small_node()}, {other})) ==
          "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
    other.spec.containers[0].ports[0].protocol = "UDP";
    CHECK(decide(pod, {small_node()}, {other}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: local storage counts as memory does") {
    auto node = small_node();
    node.status.allocatable["ephemeral-storage"] = *api::Quantity::parse("10Gi");
    auto pod = asking("1m", "1Mi");
    pod.spec.containers[0].resources.requests["ephemeral-storage"] = *api::Quantity::parse("6Gi");
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
    auto other = pod;
    other.spec.node_name = "box";
    CHECK(why(decide(pod, {node}, {other})) == "0/1 nodes are available: 1 Insufficient ephemeral-storage.");
}

TEST_CASE("plan_schedule: sums that would wrap do not fit") {
    auto pod = asking("1m", "9223372036854775807");
    pod.spec.containers.push_back(pod.spec.containers[0]);
    CHECK(why(decide(pod, {small_node()}, {})) == "0/1 nodes are available: 1 Insufficient memory.");
    auto other = asking("1m", "1Mi");
    other.spec.node_name = "box";
    CHECK(why(decide(asking("1m", "9223372036854775807"), {small_node()}, {other})) ==
          "0/1 nodes are available: 1 Insufficient memory.");
}

TEST_CASE("plan_schedule: says whether another pod's end could help") {
    const auto big = asking("800m", "1Mi"), there = on_box(asking("500m", "1Mi"), "there");
    CHECK(std::get<Unschedulable>(decide(big, {small_node()}, {there})).room_would_do);
    auto picky = big;
    picky.spec.node_selector["disk"] = "ssd";
    CHECK_FALSE(std::get<Unschedulable>(decide(picky, {small_node()}, {there})).room_would_do);
    auto other = small_node();
    other.metadata.labels["disk"] = "ssd";
    CHECK(std::get<Unschedulable>(decide(picky, {other}, {there})).room_would_do);
    CHECK_FALSE(std::get<Unschedulable>(decide(asking("2", "1Mi"), {small_node()}, {})).room_would_do);
    CHECK_FALSE(std::get<Unschedulable>(decide(big, {}, {})).room_would_do);
}

TEST_CASE("Placements: a pod counts while it is on a node and has not ended, once") {
    Placements placements;
    auto pod = asking("100m", "1Mi");
    placements.put("default/a", pod);
    CHECK(placements.on("box").pods == 0);
    pod.spec.node_name = "box";
    placements.put("default/a", pod);
    placements.put("default/a", pod);
    placements.put("default/b", pod);
    CHECK(placements.on("box").pods == 2);
    CHECK(placements.on("box").requests.cpu_milli == 200);
    pod.status.phase = "Succeeded";
    placements.put("default/a", pod);
    CHECK(placements.on("box").pods == 1);
    placements.drop("default/b");
    placements.drop("default/never");
    CHECK(placements.on("box").pods == 0);
}

TEST_CASE("plan_schedule: required node affinity is a choice of terms, each of which holds as a whole") {
    auto pod = asking("1m", "1Mi");
    auto& terms = pod.spec.affinity.ensure()
                      .node_affinity.ensure()
                      .required_during_scheduling_ignored_during_execution.ensure()
                      .node_selector_terms;
    auto node = small_node();
    node.metadata.labels["disk"] = "ssd";
    node.metadata.labels["size"] = "9";
    const auto require = [](api::NodeSelectorTerm& term, const char* key, const char* op, std::vector<const char*> values) {
        auto& one = term.match_expressions.emplace_back();
        one.key = key;
        one.operator_ = op;
        for (const char* value : values) one.values.emplace_back(value);
    };
    const auto fits = [&] { return std::holds_alternative<Bind>(decide(pod, {node}, {})); };
    terms.emplace_back();
    CHECK_FALSE(fits());  // a term that asks for nothing matches nothing
    require(terms[0], "disk", "NotIn", {"ssd"});
    CHECK_FALSE(fits());
    require(terms.emplace_back(), "disk", "In", {"hdd", "ssd"});
    CHECK(fits());
    require(terms[1], "size", "Gt", {"9"});
    CHECK_FALSE(fits());
    terms[1].match_expressions[1].values[0] = "8";
    CHECK(fits());
    require(terms[1], "gpu", "Exists", {});
    CHECK_FALSE(fits());
    auto& field = terms.emplace_back().match_fields.emplace_back();
    field.key = "metadata.name";
    field.operator_ = "In";
    field.values.emplace_back("box");
    CHECK(fits());
}

TEST_CASE("plan_schedule: what is beyond processor and memory is counted as the node offers it") {
    auto node = small_node();
    auto pod = asking("1m", "1Mi");
    pod.spec.containers[0].resources.requests["example.com/gpu"] = *api::Quantity::parse("2");
    CHECK(why(decide(pod, {node}, {})) == "0/1 nodes are available: 1 Insufficient example.com/gpu.");
    node.status.allocatable["example.com/gpu"] = *api::Quantity::parse("3");
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
    CHECK(why(decide(pod, {node}, {on_box(pod, "a")})) == "0/1 nodes are available: 1 Insufficient example.com/gpu.");
}

TEST_CASE("plan_schedule: sidecars count beside what starts after them and beside the containers") {
    auto pod = asking("300m", "1Mi");
    api::Container first;
    first.resources.requests["cpu"] = *api::Quantity::parse("900m");
    pod.spec.init_containers.push_back(first);
    CHECK(count_requests(pod.spec).cpu_milli == 900);
    auto sidecar = first;
    sidecar.restart_policy = "Always";
    sidecar.resources.requests["cpu"] = *api::Quantity::parse("200m");
    pod.spec.init_containers.push_back(sidecar);
    CHECK(count_requests(pod.spec).cpu_milli == 900);
    pod.spec.init_containers.push_back(first);
    CHECK(count_requests(pod.spec).cpu_milli == 1100);
    pod.spec.init_containers.erase(pod.spec.init_containers.begin());
    pod.spec.init_containers.pop_back();
    CHECK(count_requests(pod.spec).cpu_milli == 500);
}

TEST_CASE("plan_schedule: a cordon and a node that is not ready can be tolerated") {
    auto pod = asking("1m", "1Mi");
    auto node = small_node();
    node.status.conditions[0].status = "False";
    CHECK(why(decide(pod, {node}, {})) ==
          "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.");
    node.spec.unschedulable = true;
    auto& all = pod.spec.tolerations.emplace_back();
    all.key = "node.kubernetes.io/not-ready";
    all.operator_ = "Exists";
    CHECK(why(decide(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) were unschedulable.");
    all.key = "";
    CHECK(decide(pod, {node}, {}) == ScheduleDecision(Bind{"box"}));
}

namespace {
api::PodAffinityTerm& want(api::List<api::PodAffinityTerm>& terms, const char* app, const char* topology = "zone") {
    auto& term = terms.emplace_back();
    term.topology_key = topology;
    term.label_selector.ensure().match_labels["app"] = app;
    return term;
}
api::Pod called(const char* app, const char* node = "") {
    api::Pod pod = asking("1m", "1Mi");
    pod.metadata.namespace_ = "default";
    pod.metadata.name = app;
    pod.metadata.labels["app"] = app;
    pod.spec.node_name = node;
    return pod;
}
}  // namespace

TEST_CASE("plan_schedule: pods that want the company of others, and those that do not") {
    auto node = small_node();
    node.metadata.labels["zone"] = "east";
    auto pod = called("web");
    auto& wanted =
        want(pod.spec.affinity.ensure().pod_affinity.ensure().required_during_scheduling_ignored_during_execution, "db");
    CHECK(why(decide(pod, {node}, {})) == "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.");
    CHECK(decide(pod, {node}, {called("db", "box")}) == ScheduleDecision(Bind{"box"}));
    wanted.namespaces.emplace_back("other");
    CHECK(why(decide(pod, {node}, {called("db", "box")})) ==
          "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.");
    wanted.namespaces.clear();
    wanted.topology_key = "rack";
    CHECK_FALSE(std::get<Unschedulable>(decide(pod, {node}, {called("db", "box")})).room_would_do);
    wanted.topology_key = "zone";
    wanted.label_selector.ensure().match_labels["app"] = "web";  // the first of its kind
    CHECK(decide(pod, {node}, {called("db", "box")}) == ScheduleDecision(Bind{"box"}));

    auto lonely = called("lonely");
    auto& unwanted = lonely.spec.affinity.ensure().pod_anti_affinity.ensure();
    want(unwanted.required_during_scheduling_ignored_during_execution, "db");
    CHECK(why(decide(lonely, {node}, {called("db", "box")})) ==
          "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.");
    CHECK(decide(lonely, {node}, {called("web", "box")}) == ScheduleDecision(Bind{"box"}));
    lonely.spec.node_name = "box";
    CHECK(why(decide(called("db"), {node}, {lonely})) ==
          "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.");
    CHECK(decide(called("web"), {node}, {lonely}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: topology spread counts the pods of each domain") {
    auto east = small_node(), west = small_node();
    west.metadata.name = "far";
    east.metadata.labels["zone"] = "east";
    west.metadata.labels["zone"] = "west";
    auto pod = called("web");
    auto& spread = pod.spec.topology_spread_constraints.emplace_back();
    spread.max_skew = 1;
    spread.topology_key = "zone";
    spread.when_unsatisfiable = "DoNotSchedule";
    spread.label_selector.ensure().match_labels["app"] = "web";
    CHECK(decide(pod, {east, west}, {called("web", "box")}) == ScheduleDecision(Bind{"far"}));
    west.spec.unschedulable = true;
    CHECK(why(decide(pod, {east, west}, {called("web", "box")})) ==
          "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable.");
    spread.topology_key = "rack";
    CHECK(why(decide(pod, {east}, {})) ==
          "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).");
    spread.when_unsatisfiable = "ScheduleAnyway";
    CHECK(decide(pod, {east}, {}) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("plan_schedule: a pod alone in a domain is no skew, unless there are to be more domains") {
    auto node = small_node();
    node.metadata.labels["zone"] = "east";
    auto pod = called("web");
    auto& spread = pod.spec.topology_spread_constraints.emplace_back();
    spread.max_skew = 1;
    spread.topology_key = "zone";
    spread.when_unsatisfiable = "DoNotSchedule";
    spread.label_selector.ensure().match_labels["app"] = "web";
    CHECK(decide(pod, {node}, {called("web", "box")}) == ScheduleDecision(Bind{"box"}));
    spread.min_domains = 2;
    CHECK(std::holds_alternative<Unschedulable>(decide(pod, {node}, {called("web", "box")})));
}

namespace {
api::Pod ranked(const char* name, int32_t priority, const char* cpu, const char* node = "") {
    api::Pod pod = asking(cpu, "1Mi");
    pod.metadata.name = name;
    pod.metadata.namespace_ = "default";
    pod.spec.priority = priority;
    pod.spec.node_name = node;
    return pod;
}
std::vector<std::string> victims_of(const ScheduleDecision& decision) {
    std::vector<std::string> names;
    for (const auto& pod : std::get<Preempt>(decision).victims) names.push_back(pod->metadata.name.str());
    return names;
}
std::string said_of_preemption(const ScheduleDecision& decision) {
    const std::string& message = std::get<Unschedulable>(decision).message;
    return message.substr(message.find("preemption: ") + 12);
}
}  // namespace

TEST_CASE("plan_schedule: a more important pod takes the place of as few and as unimportant ones as do") {
    const auto low = ranked("low", 1, "400m", "box"), middle = ranked("middle", 5, "400m", "box"),
               high = ranked("high", 9, "200m", "box");
    CHECK(victims_of(decide(ranked("new", 7, "300m"), {small_node()}, {low, middle, high})) == std::vector<std::string>{"low"});
    CHECK(victims_of(decide(ranked("new", 7, "800m"), {small_node()}, {low, middle, high})) ==
          std::vector<std::string>{"middle", "low"});
    CHECK(said_of_preemption(decide(ranked("new", 7, "900m"), {small_node()}, {low, middle, high})) ==
          "0/1 nodes are available: 1 No preemption victims found for incoming pod.");
    CHECK(said_of_preemption(decide(ranked("new", 1, "300m"), {small_node()}, {low, middle, high})) ==
          "0/1 nodes are available: 1 No preemption victims found for incoming pod.");
    CHECK(said_of_preemption(decide(ranked("new", 10, "2"), {small_node()}, {low, middle, high})) ==
          "0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
    auto modest = ranked("new", 7, "300m");
    modest.spec.preemption_policy = "Never";
    CHECK(said_of_preemption(decide(modest, {small_node()}, {low, middle, high})) ==
          "not eligible due to preemptionPolicy=Never.");
}

namespace {
BudgetPtr budget_of(const char* app, int32_t allowed) {
    api::PodDisruptionBudget budget;
    budget.metadata.name = budget.metadata.namespace_ = "default";
    if (*app) budget.spec.selector.ensure().match_labels["app"] = api::Str(app);
    else budget.spec.selector.ensure();
    budget.status.disruptions_allowed = allowed;
    return std::make_shared<api::PodDisruptionBudget>(std::move(budget));
}
}  // namespace

TEST_CASE("plan_schedule: whom a budget protects goes last, and goes when nothing else would do") {
    auto guarded = ranked("guarded", 1, "400m", "box"), open = ranked("open", 5, "400m", "box");
    guarded.metadata.labels["app"] = "web";
    const auto pod = ranked("new", 7, "400m");
    CHECK(victims_of(decide(pod, {small_node()}, {guarded, open})) == std::vector<std::string>{"guarded"});
    CHECK(victims_of(decide(pod, {small_node()}, {guarded, open}, {budget_of("web", 0)})) == std::vector<std::string>{"open"});
    CHECK(victims_of(decide(pod, {small_node()}, {guarded, open}, {budget_of("web", 1)})) ==
          std::vector<std::string>{"guarded"});
    CHECK(victims_of(decide(pod, {small_node()}, {guarded, open}, {budget_of("", 0)})) == std::vector<std::string>{"guarded"});
    CHECK(victims_of(decide(ranked("new", 7, "900m"), {small_node()}, {guarded, open}, {budget_of("web", 0)})) ==
          std::vector<std::string>{"open", "guarded"});
}

TEST_CASE("plan_schedule: the node with the fewest broken budgets is taken, whatever priorities go") {
    auto other_node = small_node();
    other_node.metadata.name = "other";
    auto guarded = ranked("guarded", 1, "900m", "box"), open = ranked("open", 5, "900m", "other");
    guarded.metadata.labels["app"] = "web";
    const auto decision = decide(ranked("new", 7, "400m"), {small_node(), other_node}, {guarded, open}, {budget_of("web", 0)});
    CHECK(std::get<Preempt>(decision).node == "other");
}

TEST_CASE("plan_schedule: while its victims end, a pod takes no more of them") {
    auto ending = ranked("low", 1, "800m", "box");
    ending.metadata.deletion_timestamp = api::Time(1);
    auto pod = ranked("new", 7, "800m");
    pod.status.nominated_node_name = "box";
    const auto decision = decide(pod, {small_node()}, {ending, ranked("other", 2, "200m", "box")});
    CHECK(std::get<Unschedulable>(decision).room_is_coming);
    CHECK(said_of_preemption(decision) == "not eligible due to a terminating pod on the nominated node.");
}

TEST_CASE("plan_schedule: room that is made for one is not given to a less important one") {
    Placements placements;
    const std::vector<NodePtr> nodes{std::make_shared<api::Node>(small_node())};
    placements.nominate("default/new", "box", share_of(ranked("new", 7, "800m")));
    CHECK(std::holds_alternative<Unschedulable>(plan_schedule(ranked("small", 1, "500m"), nodes, placements)));
    CHECK(plan_schedule(ranked("new", 7, "800m"), nodes, placements) == ScheduleDecision(Bind{"box"}));
    CHECK(plan_schedule(ranked("greater", 8, "500m"), nodes, placements) == ScheduleDecision(Bind{"box"}));
    placements.drop_nomination("default/new");
    CHECK(plan_schedule(ranked("small", 1, "500m"), nodes, placements) == ScheduleDecision(Bind{"box"}));
}

TEST_CASE("count_requests: what is said of the pod as a whole, and of one that grows the larger") {
    api::Pod pod = asking("100m", "16Mi");
    auto& status = pod.status.container_statuses.emplace_back();
    status.resources.ensure().requests["cpu"] = *api::Quantity::parse("700m");
    CHECK(share_of(pod).requests.cpu_milli == 700);
    CHECK(share_of(pod).requests.memory_bytes == 16 << 20);
    pod.status.container_statuses.clear();
    pod.spec.resources.ensure().requests["cpu"] = *api::Quantity::parse("900m");
    CHECK(share_of(pod).requests.cpu_milli == 900);
    CHECK(share_of(pod).requests.memory_bytes == 16 << 20);
}
