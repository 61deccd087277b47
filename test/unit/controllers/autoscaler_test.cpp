// What an autoscaler decides: the numbers that metrics ask for, what of them is allowed, what it says about it, and the
// controller over a store with a meter that the test plays.
#include <catch2/catch.hpp>

#include "controller_world.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "workload/autoscaler_plan.hpp"

using namespace orilla;
using namespace orilla::controllers;
using namespace orilla::test;

namespace {

constexpr int64_t metered_at_s = 1'700'000'000;

/// Requests 100m; ran and was ready for an hour.
MeteredPod metered(std::optional<int64_t> used_milli, const char* name = "p") {
    api::Pod pod = pod_with(name, "web");
    pod.spec.containers[0].resources.requests["cpu"] = api::Quantity::from_milli(100);
    pod.spec.containers[0].resources.requests["memory"] = api::Quantity::from_bytes(100);
    pod.status.phase = "Running";
    pod.status.start_time = api::Time(metered_at_s - 3600);
    set_ready(pod, true, metered_at_s - 3590);
    MeteredPod one{std::make_shared<const api::Pod>(std::move(pod)), std::nullopt};
    if (!used_milli) return one;
    one.usage.emplace();
    one.usage->taken_wall_s = metered_at_s;
    one.usage->window_ms = 15'000;
    one.usage->containers.push_back({"main", {*used_milli * 1'000'000, *used_milli}});
    return one;
}

template <class Edit>
MeteredPod changed(MeteredPod one, const Edit& edit) {
    api::Pod pod = *one.pod;
    edit(pod);
    one.pod = std::make_shared<const api::Pod>(std::move(pod));
    return one;
}

MeteredPod unready(std::optional<int64_t> used_milli) {
    return changed(metered(used_milli), [](api::Pod& pod) {
        pod.status.start_time = api::Time(metered_at_s - 60);
        set_ready(pod, false, metered_at_s - 60);
    });
}

const UsageTarget half{.resource = "cpu", .utilization = 50};
const UsageTarget forty{.resource = "cpu", .average_milli = 40};

int32_t ask(const UsageTarget& target, const std::vector<MeteredPod>& pods, int32_t current) {
    const auto proposal = propose_replicas(target, pods, current, {}, metered_at_s);
    INFO((proposal ? "" : proposal.error().message()));
    REQUIRE(proposal);
    return proposal->replicas;
}

std::string why_not(const UsageTarget& target, const std::vector<MeteredPod>& pods) {
    const auto proposal = propose_replicas(target, pods, 1, {}, metered_at_s);
    return proposal ? "" : proposal.error().message();
}

}  // namespace

TEST_CASE("propose_replicas: as many as bring what is used to what is wanted") {
    CHECK(ask(half, {metered(100), metered(100)}, 2) == 4);
    CHECK(ask(half, {metered(25), metered(25), metered(25), metered(25)}, 4) == 2);
    CHECK(ask(half, {metered(10), metered(70)}, 2) == 2);
    CHECK(ask(forty, {metered(80), metered(60)}, 2) == 4);
    CHECK(ask(forty, {metered(20), metered(20), metered(20)}, 3) == 2);
    const auto proposal = propose_replicas(half, {metered(33), metered(100)}, 2, {}, metered_at_s);
    CHECK(*proposal == Proposal{3, 66, 66});
}

TEST_CASE("propose_replicas: a tenth off is near enough, or what the behaviour says") {
    CHECK(ask(half, {metered(55), metered(55)}, 2) == 2);
    CHECK(ask(half, {metered(56), metered(56)}, 2) == 3);
    CHECK(ask(half, {metered(45), metered(45), metered(45), metered(45), metered(45)}, 5) == 5);
    CHECK(ask(half, {metered(44), metered(44), metered(44), metered(44), metered(44), metered(44), metered(44), metered(44)},
              8) == 8);
    CHECK(ask(half, {metered(40), metered(40), metered(40), metered(40), metered(40)}, 5) == 4);
    CHECK(propose_replicas(half, {metered(55)}, 1, {.up = 0.05}, metered_at_s)->replicas == 2);
    CHECK(propose_replicas(half, {metered(20), metered(20), metered(20)}, 3, {.down = 0.7}, metered_at_s)->replicas == 3);
}

TEST_CASE("part_of: who counts") {
    CHECK(part_of(metered(1), "cpu", metered_at_s) == PodPart::ready);
    CHECK(part_of(metered(std::nullopt), "cpu", metered_at_s) == PodPart::missing);
    const auto ends = [](api::Pod& pod) { pod.metadata.deletion_timestamp = api::Time(metered_at_s); };
    CHECK(part_of(changed(metered(1), ends), "cpu", metered_at_s) == PodPart::ignored);
    const auto phase = [](const char* name) { return [name](api::Pod& pod) { pod.status.phase = name; }; };
    CHECK(part_of(changed(metered(1), phase("Failed")), "cpu", metered_at_s) == PodPart::ignored);
    CHECK(part_of(changed(metered(1), phase("Pending")), "memory", metered_at_s) == PodPart::unready);
    const auto nameless = [](api::Pod& pod) { pod.status.conditions.clear(); };
    CHECK(part_of(changed(metered(1), nameless), "cpu", metered_at_s) == PodPart::unready);
    CHECK(part_of(changed(metered(1), nameless), "memory", metered_at_s) == PodPart::ready);
    const auto startless = [](api::Pod& pod) { pod.status.start_time = api::Time(); };
    CHECK(part_of(changed(metered(1), startless), "cpu", metered_at_s) == PodPart::unready);
}

TEST_CASE("part_of: the cpu of a start is not that of a load") {
    const auto young = [](int64_t age_s, bool ready, int64_t ready_age_s) {
        return changed(metered(1), [=](api::Pod& pod) {
            pod.status.start_time = api::Time(metered_at_s - age_s);
            set_ready(pod, ready, metered_at_s - ready_age_s);
        });
    };
    CHECK(part_of(young(299, false, 290), "cpu", metered_at_s) == PodPart::unready);
    CHECK(part_of(young(299, true, 290), "cpu", metered_at_s) == PodPart::ready);
    CHECK(part_of(young(299, true, 14), "cpu", metered_at_s) == PodPart::unready);
    CHECK(part_of(young(299, true, 15), "cpu", metered_at_s) == PodPart::ready);
    // Older ones: who never was ready, and who lost it.
    CHECK(part_of(young(301, false, 280), "cpu", metered_at_s) == PodPart::unready);
    CHECK(part_of(young(301, false, 200), "cpu", metered_at_s) == PodPart::ready);
    // A clock that was set back.
    CHECK(part_of(young(-1000, true, -990), "cpu", metered_at_s) == PodPart::ready);
    CHECK(part_of(young(-1000, false, -990), "cpu", metered_at_s) == PodPart::unready);
}

TEST_CASE("propose_replicas: the pods of which nothing is known hold back both ways") {
    // 200 of 100 on two, one is missing: taken for idle, 200 on 300 is still more than a half.
    CHECK(ask(half, {metered(100), metered(100), metered(std::nullopt)}, 3) == 4);
    CHECK(ask(half, {metered(60), metered(60), metered(std::nullopt)}, 3) == 3);
    // Downwards it is taken to use all that it requested.
    CHECK(ask(half, {metered(10), metered(10), metered(std::nullopt), metered(10), metered(10), metered(10)}, 6) == 3);
    CHECK(ask(half, {metered(10), metered(std::nullopt)}, 2) == 2);
    CHECK(ask(forty, {metered(10), metered(10), metered(std::nullopt), metered(std::nullopt)}, 4) == 3);
    // Those that are not ready do not count downwards, and as idle upwards.
    CHECK(ask(half, {metered(10), metered(10), unready(100)}, 3) == 1);
    CHECK(ask(half, {metered(100), metered(100), unready(100), unready(100)}, 4) == 4);
    CHECK(ask(half, {metered(200), metered(200), unready(1)}, 3) == 8);
}

TEST_CASE("propose_replicas: says why it cannot") {
    CHECK(why_not(half, {metered(std::nullopt)}) ==
          "unable to get metrics for resource cpu: no metrics returned from resource metrics API");
    CHECK(why_not(half, {unready(100)}) == "did not receive metrics for targeted pods (pods might be unready)");
    const auto plain = changed(metered(1), [](api::Pod& pod) { pod.spec.containers[0].resources.requests.clear(); });
    CHECK(why_not(half, {plain}) == "missing request for cpu in container main of Pod p");
    CHECK(why_not(forty, {plain}).empty());
    UsageTarget of_helper = half;
    of_helper.container = "helper";
    CHECK(why_not(of_helper, {metered(1)}) ==
          "unable to get metrics for resource cpu: container helper not present in metrics for pod default/p");
    of_helper.container = "main";
    CHECK(ask(of_helper, {metered(100)}, 1) == 2);
}

namespace {

api::HorizontalPodAutoscaler autoscaler(int32_t least = 1, int32_t most = 10) {
    api::HorizontalPodAutoscaler hpa;
    hpa.metadata.name = "web";
    hpa.metadata.namespace_ = "default";
    hpa.metadata.uid = "u";
    hpa.spec.scale_target_ref.kind = "Deployment";
    hpa.spec.scale_target_ref.name = "web";
    hpa.spec.scale_target_ref.api_version = "apps/v1";
    hpa.spec.min_replicas = least;
    hpa.spec.max_replicas = most;
    api::MetricSpec metric;
    metric.type = "Resource";
    metric.resource.ensure().name = "cpu";
    metric.resource->target.type = "Utilization";
    metric.resource->target.average_utilization = 50;
    hpa.spec.metrics.push_back(std::move(metric));
    return hpa;
}

AutoscalerSeen seen_with(int32_t replicas, std::vector<MeteredPod> pods = {}, int64_t now_ms = 1'000'000) {
    return {AutoscalerTarget{replicas, replicas, "app=web", "t"}, std::move(pods), {"default/web"}, now_ms, metered_at_s};
}

/// STATUS REASON of a condition.
std::string said_of(const AutoscalerPlan& plan, std::string_view type) {
    for (const auto& one : plan.status.conditions)
        if (one.type == type) return one.status.str() + " " + one.reason.str();
    return "";
}

std::string message(const AutoscalerPlan& plan, std::string_view type) {
    for (const auto& one : plan.status.conditions)
        if (one.type == type) return one.message.str();
    return "";
}

int32_t normal(const api::HorizontalPodAutoscaler& hpa, int32_t current, int32_t wanted, AutoscalerMemory& memory,
               int64_t at_s) {
    return normalise_replicas(hpa, current, wanted, at_s * 1000, memory).replicas;
}

api::HPAScalingPolicy policy(const char* type, int32_t value, int32_t period_s) {
    api::HPAScalingPolicy one;
    one.type = type;
    one.value = value;
    one.period_seconds = period_s;
    return one;
}

}  // namespace

TEST_CASE("normalise_replicas: without a behaviour, to the double at once and down after five minutes") {
    const auto hpa = autoscaler(2, 30);
    AutoscalerMemory memory;
    CHECK(normal(hpa, 1, 9, memory, 0) == 4);
    const auto up = normalise_replicas(hpa, 4, 9, 15'000, memory);
    CHECK(up.replicas == 8);
    CHECK(up.limit_reason == "ScaleUpLimit");
    CHECK(normal(hpa, 8, 9, memory, 30) == 9);
    const auto held = normalise_replicas(hpa, 9, 3, 45'000, memory);
    CHECK(held.replicas == 9);
    CHECK(held.able_reason == "ScaleDownStabilized");
    CHECK_FALSE(held.limited);
    CHECK(normal(hpa, 9, 3, memory, 329) == 9);
    CHECK(normal(hpa, 9, 3, memory, 331) == 3);
    const auto low = normalise_replicas(hpa, 3, 1, 1'000'000, memory);
    CHECK(low.replicas == 2);
    CHECK(low.limit_reason == "TooFewReplicas");
    const auto high = normalise_replicas(hpa, 20, 50, 2'000'000, memory);
    CHECK(high.replicas == 30);
    CHECK(high.limit_reason == "TooManyReplicas");
    CHECK(high.limited);
}

TEST_CASE("normalise_replicas: the windows of a behaviour") {
    auto hpa = autoscaler(1, 30);
    hpa.spec.behavior.ensure().scale_up.ensure().stabilization_window_seconds = 60;
    hpa.spec.behavior->scale_up->policies.push_back(policy("Percent", 1000, 15));
    hpa.spec.behavior->scale_down.ensure().stabilization_window_seconds = 60;
    hpa.spec.behavior->scale_down->policies.push_back(policy("Percent", 100, 15));
    AutoscalerMemory memory;
    memory.recommendations.push_back({0, 5});
    const auto held = normalise_replicas(hpa, 5, 9, 30'000, memory);
    CHECK(held.replicas == 5);
    CHECK(held.able_reason == "ScaleUpStabilized");
    CHECK(normal(hpa, 5, 8, memory, 61) == 8);
    CHECK(normal(hpa, 8, 2, memory, 70) == 8);
    CHECK(normal(hpa, 8, 2, memory, 122) == 2);
    CHECK(memory.recommendations.size() == 5);
    (void)normal(hpa, 2, 2, memory, 10'000);
    CHECK(memory.recommendations.size() == 1);
}

TEST_CASE("normalise_replicas: the policies of a behaviour") {
    auto hpa = autoscaler(1, 100);
    auto& up = hpa.spec.behavior.ensure().scale_up.ensure();
    auto& down = hpa.spec.behavior->scale_down.ensure();
    down.stabilization_window_seconds = 0;
    up.policies.push_back(policy("Pods", 4, 60));
    up.policies.push_back(policy("Percent", 50, 60));
    down.policies.push_back(policy("Pods", 4, 60));
    down.policies.push_back(policy("Percent", 50, 60));
    AutoscalerMemory memory;
    CHECK(normal(hpa, 4, 100, memory, 0) == 8);
    CHECK(normal(hpa, 20, 100, memory, 0) == 30);
    CHECK(normal(hpa, 20, 1, memory, 0) == 10);
    CHECK(normal(hpa, 5, 1, memory, 0) == 1);
    up.select_policy = down.select_policy = api::Opt<api::Str>("Min");
    CHECK(normal(hpa, 4, 100, memory, 0) == 6);
    CHECK(normal(hpa, 20, 1, memory, 0) == 16);
    CHECK(normal(hpa, 5, 1, memory, 0) == 2);
    up.select_policy = down.select_policy = api::Opt<api::Str>("Disabled");
    const auto off = normalise_replicas(hpa, 5, 9, 0, memory);
    CHECK(off.replicas == 5);
    CHECK(off.limit_reason == "ScaleUpLimit");
    CHECK(normal(hpa, 5, 1, memory, 0) == 5);
    // What was added within the period counts, what was before does not.
    up.select_policy = api::Opt<api::Str>("Max");
    memory.added.push_back({0, 3});
    CHECK(normal(hpa, 8, 100, memory, 59) == 9);
    CHECK(normal(hpa, 8, 100, memory, 61) == 12);
    memory.removed.push_back({61'000, 2});
    CHECK(normal(hpa, 8, 100, memory, 62) == 15);
}

TEST_CASE("plan_autoscaler: bounds come first, and need no metrics") {
    AutoscalerMemory memory;
    auto plan = plan_autoscaler(autoscaler(3, 10), seen_with(1), memory);
    CHECK(plan.rescale == 3);
    CHECK(plan.why == "Current number of replicas below Spec.MinReplicas");
    plan = plan_autoscaler(autoscaler(3, 10), seen_with(12), memory);
    CHECK(plan.rescale == 10);
    CHECK(plan.why == "Current number of replicas above Spec.MaxReplicas");
    plan = plan_autoscaler(autoscaler(3, 10), seen_with(0), memory);
    CHECK_FALSE(plan.rescale);
    CHECK(said_of(plan, "ScalingActive") == "False ScalingDisabled");
    CHECK(said_of(plan, "AbleToScale") == "True SucceededGetScale");
    CHECK(plan.events.empty());
}

TEST_CASE("plan_autoscaler: above the target it asks for more, and says what it saw") {
    AutoscalerMemory memory;
    const auto hpa = autoscaler(1, 10);
    const AutoscalerSeen seen = seen_with(2, {metered(100), metered(100)});
    auto plan = plan_autoscaler(hpa, seen, memory);
    CHECK(plan.rescale == 4);
    CHECK(plan.why == "cpu resource utilization (percentage of request) above target");
    CHECK(said_of(plan, "AbleToScale") == "True ReadyForNewScale");
    CHECK(said_of(plan, "ScalingActive") == "True ValidMetricFound");
    CHECK(said_of(plan, "ScalingLimited") == "False DesiredWithinRange");
    REQUIRE(plan.status.current_metrics.size() == 1);
    CHECK(*plan.status.current_metrics[0].resource->current.average_utilization == 100);
    CHECK(plan.status.current_metrics[0].resource->current.average_value.text == "100m");
    CHECK(plan.status.desired_replicas == 4);
    finish_rescale(hpa, seen, ok(), plan, memory);
    CHECK(said_of(plan, "AbleToScale") == "True SucceededRescale");
    CHECK(message(plan, "AbleToScale") == "the HPA controller was able to update the target scale to 4");
    CHECK(plan.status.last_scale_time.unix_s == metered_at_s);
    CHECK(plan.events ==
          std::vector<AutoscalerEvent>{{"Normal", "SuccessfulRescale",
                                        "New size: 4; reason: cpu resource utilization (percentage of request) above target"}});
}

TEST_CASE("plan_autoscaler: a number that cannot be written is told") {
    AutoscalerMemory memory;
    auto hpa = autoscaler(1, 10);
    hpa.status.desired_replicas = 2;
    const AutoscalerSeen seen = seen_with(2, {metered(100), metered(100)});
    auto plan = plan_autoscaler(hpa, seen, memory);
    finish_rescale(hpa, seen, Error(Code::not_found, "deployments.apps \"web\" not found"), plan, memory);
    CHECK(said_of(plan, "AbleToScale") == "False FailedUpdateScale");
    CHECK(plan.status.desired_replicas == 2);
    CHECK(plan.events.back().reason == "FailedRescale");
    CHECK(plan.events.back().message ==
          "New size: 4; reason: cpu resource utilization (percentage of request) above target; error: deployments.apps \"web\" "
          "not found");
    CHECK_FALSE(plan.status.last_scale_time);
}

TEST_CASE("plan_autoscaler: a target that is gone") {
    AutoscalerMemory memory;
    AutoscalerSeen seen{Error(Code::not_found, "deployments.apps \"web\" not found")};
    const auto plan = plan_autoscaler(autoscaler(), seen, memory);
    CHECK_FALSE(plan.rescale);
    CHECK(said_of(plan, "AbleToScale") == "False FailedGetScale");
    CHECK(message(plan, "AbleToScale") ==
          "the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found");
    CHECK(plan.events == std::vector<AutoscalerEvent>{{"Warning", "FailedGetScale", "deployments.apps \"web\" not found"}});
}

TEST_CASE("plan_autoscaler: of several metrics the largest, and none downwards while one fails") {
    AutoscalerMemory memory;
    auto hpa = autoscaler(1, 20);
    api::MetricSpec memory_metric = hpa.spec.metrics[0];
    memory_metric.resource->name = "memory";
    memory_metric.resource->target.average_utilization = 20;
    hpa.spec.metrics.push_back(memory_metric);
    auto plan = plan_autoscaler(hpa, seen_with(2, {metered(100), metered(100)}), memory);
    CHECK(plan.status.desired_replicas == 4);
    CHECK(plan.why == "memory resource utilization (percentage of request) above target");

    api::MetricSpec queue;
    queue.type = "Pods";
    queue.pods.ensure().metric.name = "queue";
    hpa.spec.metrics[1] = queue;
    plan = plan_autoscaler(hpa, seen_with(2, {metered(100), metered(100)}), memory);
    CHECK(plan.rescale == 4);
    CHECK(plan.events[0].reason == "FailedGetPodsMetric");
    CHECK(plan.status.current_metrics.size() == 2);
    AutoscalerMemory fresh;
    plan = plan_autoscaler(hpa, seen_with(2, {metered(1), metered(1)}), fresh);
    CHECK_FALSE(plan.rescale);
    CHECK(said_of(plan, "ScalingActive") == "False FailedGetPodsMetric");
    CHECK(plan.events.back().reason == "FailedComputeMetricsReplicas");
    CHECK(plan.events.back().message.starts_with("invalid metrics (1 invalid out of 2), first error is: failed to get pods"));
}

TEST_CASE("plan_autoscaler: without figures nothing changes") {
    AutoscalerMemory memory;
    const auto plan = plan_autoscaler(autoscaler(), seen_with(2, {metered(std::nullopt)}), memory);
    CHECK_FALSE(plan.rescale);
    CHECK(said_of(plan, "ScalingActive") == "False FailedGetResourceMetric");
    CHECK(message(plan, "ScalingActive") ==
          "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource "
          "cpu: no metrics returned from resource metrics API");
    REQUIRE(plan.events.size() == 2);
    CHECK(plan.events[0] == AutoscalerEvent{"Warning", "FailedGetResourceMetric",
                                            "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics "
                                            "returned from resource metrics API"});
}

TEST_CASE("plan_autoscaler: pods that two of them count are left alone") {
    AutoscalerMemory memory;
    AutoscalerSeen seen = seen_with(2, {metered(100), metered(100)});
    seen.autoscalers = {"default/other", "default/web"};
    auto plan = plan_autoscaler(autoscaler(), seen, memory);
    CHECK_FALSE(plan.rescale);
    CHECK(said_of(plan, "ScalingActive") == "False AmbiguousSelector");
    CHECK(message(plan, "ScalingActive") ==
          "pods by selector app=web are controlled by multiple HPAs: [default/other default/web]");
    seen.target->selector.clear();
    plan = plan_autoscaler(autoscaler(), seen, memory);
    CHECK(said_of(plan, "ScalingActive") == "False InvalidSelector");
}

TEST_CASE("plan_autoscaler: a condition keeps its time while it is the same") {
    AutoscalerMemory memory;
    auto hpa = autoscaler();
    AutoscalerSeen seen = seen_with(2, {metered(50), metered(50)});
    hpa.status = plan_autoscaler(hpa, seen, memory).status;
    seen.now_s += 15;
    CHECK(plan_autoscaler(hpa, seen, memory).status == hpa.status);
    seen.pods.clear();
    const auto plan = plan_autoscaler(hpa, seen, memory);
    CHECK(plan.status.conditions[0].last_transition_time.unix_s == metered_at_s);
    CHECK(plan.status.conditions[1].last_transition_time.unix_s == metered_at_s + 15);
}

namespace {

/// Every pod uses the same, and was measured over the last 15 s.
class PlayedMeter final : public objects::UsageMeter {
  public:
    explicit PlayedMeter(const Clock& clock) : clock_(clock) {}
    loop::Task<std::vector<std::optional<objects::PodUsage>>> pods(std::vector<std::string> uids) override {
        ++questions;
        objects::PodUsage usage;
        usage.taken_wall_s = clock_.wall_s();
        usage.window_ms = 15'000;
        usage.containers.push_back({"main", {used_milli * 1'000'000, 0}});
        std::vector<std::optional<objects::PodUsage>> all(uids.size(), usage);
        co_return all;
    }
    loop::Task<std::optional<objects::NodeUsage>> node(std::string) override { co_return std::nullopt; }
    int64_t used_milli = 0;
    int questions = 0;

  private:
    const Clock& clock_;
};

struct AutoscalerWorld : AdmittedWorld {
    AutoscalerWorld() : AdmittedWorld({"10.43.0.0/16"}), events(loop, objects, "box") {
        controllers::ControllersOptions options{"10.43.0.0/16", "192.0.2.10"};
        options.usage_meter = &meter;
        all = std::make_unique<controllers::Controllers>(loop, objects, events, std::move(options));
        all->start();
        settle();
        api::Deployment web;
        web.metadata.name = "web";
        web.metadata.namespace_ = "default";
        web.spec.replicas = 2;
        web.spec.selector.ensure().match_labels["app"] = "web";
        web.spec.template_.metadata.labels["app"] = "web";
        web.spec.template_.spec.containers = pod_with("x", "web").spec.containers;
        web.spec.template_.spec.containers[0].resources.requests["cpu"] = api::Quantity::from_milli(100);
        REQUIRE(run(objects.create(std::move(web))));
        settle();
        run_pods();
    }
    void run_pods() {
        for (const auto& pod : objects.list<api::Pod>("default")) {
            if (pod->status.phase == "Running") continue;
            std::function<Result<void>(api::Pod&)> change = [this](api::Pod& one) -> Result<void> {
                one.status.phase = "Running";
                one.status.start_time = api::Time(clock.wall_s() - 3600);
                set_ready(one, true, clock.wall_s() - 3600);
                return ok();
            };
            REQUIRE(run(objects.modify_status<api::Pod>("default", pod->metadata.name.str(), std::move(change))));
        }
        settle();
    }
    void pass_s(int64_t seconds) {
        for (; seconds > 0; --seconds) {
            test::pass(loop, clock, 1000);
            run_pods();
        }
    }
    void make(api::HorizontalPodAutoscaler hpa) {
        hpa.metadata.uid = api::Str();
        REQUIRE(run(objects.create(std::move(hpa))));
        settle();
    }
    int32_t replicas() { return *objects.get<api::Deployment>("default", "web")->spec.replicas; }
    api::HorizontalPodAutoscalerStatus state() { return objects.get<api::HorizontalPodAutoscaler>("default", "web")->status; }
    PlayedMeter meter{clock};
    objects::EventRecorder events;
    std::unique_ptr<controllers::Controllers> all;
};

}  // namespace

TEST_CASE("autoscaler: follows the load up at once, and down after five minutes") {
    AutoscalerWorld w;
    w.pass_s(60);
    CHECK(w.meter.questions == 0);
    w.meter.used_milli = 50;
    w.make(autoscaler(2, 5));
    CHECK(w.replicas() == 2);
    CHECK(w.state().desired_replicas == 2);
    CHECK(w.meter.questions == 1);
    w.meter.used_milli = 100;
    w.pass_s(16);
    CHECK(w.replicas() == 4);
    w.pass_s(15);
    CHECK(w.replicas() == 5);
    w.meter.used_milli = 1;
    w.pass_s(290);
    CHECK(w.replicas() == 5);
    w.pass_s(40);
    CHECK(w.replicas() == 2);
    const int asked = w.meter.questions;
    REQUIRE(w.run(w.objects.remove<api::HorizontalPodAutoscaler>("default", "web")));
    w.pass_s(60);
    CHECK(w.meter.questions == asked);
}

TEST_CASE("autoscaler: finds the pods of a target whose selector names no value, or several") {
    using Match = void (*)(api::LabelSelector&);
    const Match any = [](api::LabelSelector& selector) {
        auto& one = selector.match_expressions.emplace_back();
        one.key = "tier";
        one.operator_ = "Exists";
    };
    const Match either = [](api::LabelSelector& selector) {
        auto& one = selector.match_expressions.emplace_back();
        one.key = "tier";
        one.operator_ = "In";
        one.values.push_back("back");
        one.values.push_back("front");
    };
    for (const Match match : {any, either}) {
        AutoscalerWorld w;
        REQUIRE(w.run(w.objects.remove<api::Deployment>("default", "web")));
        w.settle();
        api::Deployment web;
        web.metadata.name = "other";
        web.metadata.namespace_ = "default";
        web.spec.replicas = 2;
        match(web.spec.selector.ensure());
        web.spec.template_.metadata.labels["tier"] = "front";
        web.spec.template_.spec.containers = pod_with("x", "web").spec.containers;
        web.spec.template_.spec.containers[0].resources.requests["cpu"] = api::Quantity::from_milli(100);
        REQUIRE(w.run(w.objects.create(std::move(web))));
        w.settle();
        w.run_pods();
        w.meter.used_milli = 100;
        auto hpa = autoscaler(2, 5);
        hpa.spec.scale_target_ref.name = "other";
        w.make(hpa);
        CHECK(*w.objects.get<api::Deployment>("default", "other")->spec.replicas == 4);
    }
}

TEST_CASE("autoscaler: does nothing when all is as it should be, and is not woken by its own status") {
    AutoscalerWorld w;
    w.meter.used_milli = 50;
    w.make(autoscaler(2, 5));
    const auto before = w.objects.get<api::HorizontalPodAutoscaler>("default", "web")->metadata.resource_version;
    w.pass_s(61);
    CHECK(w.meter.questions == 5);
    CHECK(w.objects.get<api::HorizontalPodAutoscaler>("default", "web")->metadata.resource_version == before);
}

TEST_CASE("autoscaler: what it cannot find or cannot scale is told, and not what is not its own") {
    AutoscalerWorld w;
    auto hpa = autoscaler(2, 5);
    hpa.spec.scale_target_ref.name = "nobody";
    w.make(hpa);
    CHECK(w.state().conditions[0].message ==
          "the HPA controller was unable to get the target's current scale: deployments.apps \"nobody\" not found");
    hpa.metadata.name = "odd";
    hpa.spec.scale_target_ref.kind = "Oddity";
    w.make(hpa);
    const auto odd = w.objects.get<api::HorizontalPodAutoscaler>("default", "odd");
    CHECK(odd->status.conditions[0].message.view().ends_with("no matches for kind \"Oddity\" in group \"apps\""));
    CHECK(w.replicas() == 2);
    CHECK(w.meter.questions == 0);
}

TEST_CASE("autoscaler: two on one target leave it alone") {
    AutoscalerWorld w;
    w.meter.used_milli = 50;
    w.make(autoscaler(2, 9));
    auto other = autoscaler(1, 9);
    other.metadata.name = "other";
    w.make(other);
    w.meter.used_milli = 400;
    w.pass_s(61);
    CHECK(w.replicas() == 2);
    CHECK(w.state().conditions[1].reason == "AmbiguousSelector");
}
