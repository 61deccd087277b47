#include "pod/pod_plan.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::node;

namespace {

api::Pod pod_with(std::initializer_list<const char*> containers, std::initializer_list<const char*> init = {}) {
    api::Pod pod;
    pod.metadata.uid = "u";
    pod.spec.restart_policy = "Always";
    pod.spec.termination_grace_period_seconds = 30;
    for (const char* name : containers) pod.spec.containers.emplace_back().name = name;
    for (const char* name : init) pod.spec.init_containers.emplace_back().name = name;
    return pod;
}

ContainerSeen seen_container(const char* name) {
    ContainerSeen seen;
    seen.name = name;
    seen.image = ImagePhase::present;
    return seen;
}

ContainerSeen running(const char* name, int attempt = 0) {
    ContainerSeen seen = seen_container(name);
    seen.known_to_runtime = true;
    seen.current.emplace();
    seen.current->name = name;
    seen.current->attempt = attempt;
    seen.current->phase = ContainerPhase::running;
    seen.known_to_runtime = true;
    return seen;
}

ContainerSeen ended(const char* name, int exit_code, int attempt = 0) {
    ContainerSeen seen = running(name, attempt);
    seen.current->phase = ContainerPhase::exited;
    seen.current->exit_code = exit_code;
    return seen;
}

PodObserved ready_sandbox() {
    PodObserved seen;
    seen.sandbox_known = seen.sandbox_alive = seen.network = seen.volumes_ready = seen.pod_dir = true;
    return seen;
}

using Actions = std::vector<PodAction>;

}  // namespace

TEST_CASE("plan_pod: volumes come first, then the sandbox, then the containers") {
    const auto pod = pod_with({"web"});
    PodObserved seen;
    seen.containers = {seen_container("web")};
    CHECK(plan_pod(&pod, seen, 0) == Actions{PrepareVolumes{}});
    seen.volumes_ready = true;
    CHECK(plan_pod(&pod, seen, 0) == Actions{SetUpSandbox{}});
    seen.sandbox_known = seen.sandbox_alive = true;
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"web", 0}});
}

TEST_CASE("plan_pod: a running pod needs nothing") {
    const auto pod = pod_with({"web", "side"});
    PodObserved seen = ready_sandbox();
    seen.containers = {running("web"), running("side")};
    CHECK(plan_pod(&pod, seen, 0).empty());
}

TEST_CASE("plan_pod: without its image a container waits for the pull") {
    const auto pod = pod_with({"web"});
    PodObserved seen = ready_sandbox();
    seen.containers = {seen_container("web")};
    seen.containers[0].image = ImagePhase::unknown;
    CHECK(plan_pod(&pod, seen, 0) == Actions{EnsureImage{"web"}});
    seen.containers[0].image = ImagePhase::pulling;
    CHECK(plan_pod(&pod, seen, 0).empty());
    seen.containers[0].image = ImagePhase::failed;
    seen.containers[0].retry_at_ms = 5000;
    CHECK(plan_pod(&pod, seen, 1000) == Actions{WaitUntil{5000}});
    CHECK(plan_pod(&pod, seen, 5000) == Actions{EnsureImage{"web"}});
}

TEST_CASE("plan_pod: init containers run one after another, before the others") {
    const auto pod = pod_with({"web"}, {"first", "second"});
    PodObserved seen = ready_sandbox();
    seen.init = {seen_container("first"), seen_container("second")};
    seen.containers = {seen_container("web")};
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"first", 0}});
    seen.init[0] = running("first");
    CHECK(plan_pod(&pod, seen, 0).empty());
    seen.init[0] = ended("first", 0);
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"second", 0}});
    seen.init[1] = ended("second", 1);
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"second", 1}});
    seen.init[1] = ended("second", 0, 1);
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"web", 0}});
}

TEST_CASE("plan_pod: in a new sandbox the init containers run once more, whatever the status tells of them") {
    const auto pod = pod_with({"web"}, {"first", "second"});
    PodObserved seen = ready_sandbox();
    seen.init = {ended("first", 0), ended("second", 0)};
    seen.containers = {ended("web", 137)};
    for (auto* one : {&seen.init[0], &seen.init[1], &seen.containers[0]}) one->known_to_runtime = false;
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"first", 1}});
    seen.init[0] = ended("first", 0, 1);
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"second", 1}});
    seen.init[1] = ended("second", 0, 1);
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"web", 1}});
}

TEST_CASE("plan_pod: a crashed container waits for its back-off") {
    const auto pod = pod_with({"web"});
    PodObserved seen = ready_sandbox();
    seen.containers = {ended("web", 1, 3)};
    seen.containers[0].backoff_until_ms = 40'000;
    CHECK(plan_pod(&pod, seen, 20'000) == Actions{WaitUntil{40'000}});
    CHECK(plan_pod(&pod, seen, 40'000) == Actions{StartContainer{"web", 4}});
}

TEST_CASE("plan_pod: the restart policy decides about ended containers") {
    auto pod = pod_with({"job"});
    PodObserved seen = ready_sandbox();
    for (auto [policy, code, restarts] : {std::tuple{"Always", 0, true},
                                          {"Always", 1, true},
                                          {"OnFailure", 0, false},
                                          {"OnFailure", 1, true},
                                          {"Never", 0, false},
                                          {"Never", 1, false}}) {
        pod.spec.restart_policy = policy;
        seen.containers = {ended("job", code)};
        CAPTURE(policy, code);
        CHECK(plan_pod(&pod, seen, 0).empty() == !restarts);
    }
}

TEST_CASE("plan_pod: a failed liveness probe stops the container, once") {
    const auto pod = pod_with({"web"});
    PodObserved seen = ready_sandbox();
    seen.containers = {running("web")};
    seen.containers[0].liveness = ProbeVerdict::failure;
    const auto actions = plan_pod(&pod, seen, 0);
    REQUIRE(actions.size() == 1);
    CHECK(std::get<StopContainer>(actions[0]).grace_s == 30);
    seen.containers[0].stopping = true;
    CHECK(plan_pod(&pod, seen, 0).empty());
}

TEST_CASE("plan_pod: deletion stops, tears down, cleans up and then finishes") {
    auto pod = pod_with({"web"});
    pod.metadata.deletion_timestamp = api::Time(100);
    pod.metadata.deletion_grace_period_seconds = 5;
    PodObserved seen = ready_sandbox();
    seen.containers = {running("web")};
    CHECK(plan_pod(&pod, seen, 0) == Actions{StopContainer{"web", 5, "Stopping container web"}});
    seen.containers[0].stopping = true;
    CHECK(plan_pod(&pod, seen, 0).empty());
    seen.containers = {ended("web", 0)};
    CHECK(plan_pod(&pod, seen, 0) == Actions{TearDownSandbox{}});
    seen.sandbox_known = seen.sandbox_alive = seen.network = false;
    CHECK(plan_pod(&pod, seen, 0) == Actions{RemovePodFiles{}});
    seen.pod_dir = false;
    CHECK(plan_pod(&pod, seen, 0) == Actions{FinishDelete{}});
}

TEST_CASE("plan_pod: what somebody holds is asked for its end once") {
    auto pod = pod_with({"web"});
    pod.metadata.deletion_timestamp = api::Time(100);
    pod.metadata.deletion_grace_period_seconds = 5;
    pod.metadata.finalizers.push_back("batch.kubernetes.io/job-tracking");
    const PodObserved gone;
    CHECK(plan_pod(&pod, gone, 0) == Actions{FinishDelete{}});
    pod.metadata.deletion_grace_period_seconds = 0;
    CHECK(plan_pod(&pod, gone, 0).empty());
    pod.metadata.finalizers.clear();
    CHECK(plan_pod(&pod, gone, 0) == Actions{FinishDelete{}});
}

TEST_CASE("plan_pod: what belongs to no pod is removed") {
    PodObserved seen = ready_sandbox();
    CHECK(plan_pod(nullptr, seen, 0) == Actions{TearDownSandbox{}});
    seen.sandbox_known = seen.network = false;
    CHECK(plan_pod(nullptr, seen, 0) == Actions{RemovePodFiles{}});
    seen.pod_dir = false;
    CHECK(plan_pod(nullptr, seen, 0).empty());
}

TEST_CASE("plan_pod: a dead supervisor's sandbox is made anew") {
    const auto pod = pod_with({"web"});
    PodObserved seen = ready_sandbox();
    seen.sandbox_alive = false;
    seen.containers = {ended("web", 137)};
    CHECK(plan_pod(&pod, seen, 0) == Actions{TearDownSandbox{}});
}

TEST_CASE("crash_backoff_ms: at once, then 10 s doubled up to 5 min") {
    CHECK(crash_backoff_ms(0) == 0);
    CHECK(crash_backoff_ms(1) == 10'000);
    CHECK(crash_backoff_ms(2) == 20'000);
    CHECK(crash_backoff_ms(5) == 160'000);
    CHECK(crash_backoff_ms(6) == 300'000);
    CHECK(crash_backoff_ms(1000) == 300'000);
}

TEST_CASE("plan_pod: a changed image restarts its container") {
    auto pod = pod_with({"web"});
    pod.spec.containers[0].image = "nginx:2";
    PodObserved seen = ready_sandbox();
    seen.containers = {running("web")};
    seen.containers[0].started_image = "nginx:2";
    CHECK(plan_pod(&pod, seen, 0).empty());
    seen.containers[0].started_image = "nginx:1";
    const auto actions = plan_pod(&pod, seen, 0);
    REQUIRE(actions.size() == 1);
    CHECK(std::get<StopContainer>(actions[0]).why == "Container web definition changed, will be restarted");
}

TEST_CASE("plan_pod: a stop that an earlier daemon began goes on") {
    const auto pod = pod_with({"web"});
    PodObserved seen = ready_sandbox();
    seen.containers = {running("web")};
    CHECK(plan_pod(&pod, seen, 0).empty());
    seen.containers[0].current->stop.begun_ms = 1;
    CHECK(plan_pod(&pod, seen, 0) == Actions{StopContainer{"web", 30, "Stopping container web"}});
    seen.containers[0].stopping = true;
    CHECK(plan_pod(&pod, seen, 0).empty());
}

TEST_CASE("plan_pod: a probe's own grace period goes before the pod's") {
    auto pod = pod_with({"web"});
    pod.spec.containers[0].liveness_probe.ensure().termination_grace_period_seconds = 7;
    pod.spec.containers[0].startup_probe.ensure();
    PodObserved seen = ready_sandbox();
    seen.containers = {running("web")};
    seen.containers[0].liveness = ProbeVerdict::failure;
    CHECK(std::get<StopContainer>(plan_pod(&pod, seen, 0)[0]).grace_s == 7);
    seen.containers[0].startup = ProbeVerdict::failure;
    CHECK(std::get<StopContainer>(plan_pod(&pod, seen, 0)[0]).grace_s == 30);
    // Also when the daemon that began to stop it is gone.
    seen.containers[0].current->stop = {.begun_ms = 1, .grace_s = 7};
    CHECK(std::get<StopContainer>(plan_pod(&pod, seen, 0)[0]).grace_s == 7);
}

TEST_CASE("plan_pod: a sandbox whose network is lost is stopped with grace, then made anew") {
    const api::Pod pod = pod_with({"a", "b"});
    PodObserved seen = ready_sandbox();
    seen.network = false;
    seen.network_lost = true;
    seen.containers = {running("a"), ended("b", 1)};
    CHECK(plan_pod(&pod, seen, 0) == Actions{StopContainer{"a", 30, "Stopping container a"}});
    seen.containers = {ended("a", 143), ended("b", 1)};
    CHECK(plan_pod(&pod, seen, 0) == Actions{TearDownSandbox{}});
}

namespace {
/// Main containers as given, with two sidecars before them.
api::Pod pod_with_sidecars(std::initializer_list<const char*> containers) {
    auto pod = pod_with(containers, {"proxy", "logs"});
    for (auto& init : pod.spec.init_containers) init.restart_policy = "Always";
    return pod;
}
const StopContainer& stop_of(const Actions& actions, size_t index) { return std::get<StopContainer>(actions.at(index)); }
using Names = std::vector<std::string>;
}  // namespace

TEST_CASE("plan_pod: what comes after a sidecar waits for its start, not for its end") {
    auto pod = pod_with({"web"}, {"proxy", "setup"});
    pod.spec.init_containers[0].restart_policy = "Always";
    pod.spec.init_containers[0].startup_probe.ensure();
    PodObserved seen = ready_sandbox();
    seen.init = {seen_container("proxy"), seen_container("setup")};
    seen.containers = {seen_container("web")};
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"proxy", 0}});
    seen.init[0] = running("proxy");
    CHECK(plan_pod(&pod, seen, 0).empty());  // its startup probe has not succeeded
    seen.init[0].startup = ProbeVerdict::success;
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"setup", 0}});
    seen.init[0].post_start_done = false;
    CHECK(plan_pod(&pod, seen, 0).empty());
    seen.init[0].post_start_done = true;
    seen.init[1] = ended("setup", 0);
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"web", 0}});
    // One that ends before the containers begin holds them up again.
    seen.init[0] = ended("proxy", 0);
    CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"proxy", 1}});
}

TEST_CASE("plan_pod: a sidecar starts again beside the containers, whatever the pod's policy") {
    for (const char* policy : {"Always", "OnFailure", "Never"}) {
        CAPTURE(policy);
        auto pod = pod_with_sidecars({"web"});
        pod.spec.restart_policy = policy;
        PodObserved seen = ready_sandbox();
        seen.init = {ended("proxy", 0, 2), running("logs")};
        seen.containers = {running("web")};
        CHECK(plan_pod(&pod, seen, 0) == Actions{StartContainer{"proxy", 3}});
        seen.init[0].backoff_until_ms = 40'000;
        CHECK(plan_pod(&pod, seen, 0) == Actions{WaitUntil{40'000}});
        seen.init[0] = running("proxy");
        seen.init[0].liveness = ProbeVerdict::failure;
        CHECK(stop_of(plan_pod(&pod, seen, 0), 0).container == "proxy");
    }
}

TEST_CASE("plan_pod: sidecars end after the containers, and in the reverse order of their start") {
    auto pod = pod_with_sidecars({"web", "cache"});
    pod.metadata.deletion_timestamp = api::Time(1);
    pod.metadata.deletion_grace_period_seconds = 20;
    PodObserved seen = ready_sandbox();
    seen.init = {running("proxy"), running("logs")};
    seen.containers = {running("web"), running("cache")};
    const auto actions = plan_pod(&pod, seen, 0);
    REQUIRE(actions.size() == 4);
    CHECK(stop_of(actions, 0).after.empty());
    CHECK(stop_of(actions, 1).after.empty());
    CHECK(stop_of(actions, 2) == StopContainer{"logs", 20, "Stopping container logs", {"web", "cache"}});
    CHECK(stop_of(actions, 3).after == Names{"web", "cache", "logs"});
    // The next daemon finds the containers ended: what is left goes on.
    seen.containers = {ended("web", 0), ended("cache", 137)};
    seen.init[1].stopping = true;
    CHECK(plan_pod(&pod, seen, 0) == Actions{StopContainer{"proxy", 20, "Stopping container proxy", {"logs"}}});
}

TEST_CASE("plan_pod: once its containers are done a pod's sidecars are stopped, and none starts again") {
    auto pod = pod_with_sidecars({"job"});
    pod.spec.restart_policy = "Never";
    PodObserved seen = ready_sandbox();
    seen.init = {running("proxy"), ended("logs", 1)};
    seen.containers = {ended("job", 0)};
    CHECK(plan_pod(&pod, seen, 0) == Actions{StopContainer{"proxy", 30, "Stopping container proxy"}});
    seen.init[0] = ended("proxy", 143);
    CHECK(plan_pod(&pod, seen, 0).empty());
    // After a reboot nothing is set up for a pod that is done.
    seen.sandbox_known = seen.sandbox_alive = seen.volumes_ready = false;
    CHECK(plan_pod(&pod, seen, 0).empty());
}

TEST_CASE("plan_pod: an init container that failed for good ends the sidecars before it") {
    auto pod = pod_with({"web"}, {"proxy", "setup"});
    pod.spec.restart_policy = "Never";
    pod.spec.init_containers[0].restart_policy = "Always";
    PodObserved seen = ready_sandbox();
    seen.init = {running("proxy"), ended("setup", 1)};
    seen.containers = {seen_container("web")};
    CHECK(plan_pod(&pod, seen, 0) == Actions{StopContainer{"proxy", 30, "Stopping container proxy"}});
}

TEST_CASE("plan_pod: a container's own restart policy comes before the pod's") {
    auto pod = pod_with({"job"});
    PodObserved seen = ready_sandbox();
    const auto restarts = [&](int code) {
        seen.containers = {ended("job", code)};
        return !plan_pod(&pod, seen, 0).empty();
    };
    pod.spec.containers[0].restart_policy = "Never";
    CHECK(!restarts(1));
    auto& rule = pod.spec.containers[0].restart_policy_rules.emplace_back();
    rule.action = "Restart";
    auto& codes = rule.exit_codes.ensure();
    codes.operator_ = "In";
    codes.values.push_back(42);
    CHECK(restarts(42));
    CHECK(!restarts(1));
    codes.operator_ = "NotIn";
    CHECK(!restarts(42));
    CHECK(restarts(1));
}

TEST_CASE("plan_pod: a pod that is evicted ends with a second of grace, and is not started again") {
    auto pod = pod_with_sidecars({"web"});
    PodObserved seen = ready_sandbox();
    seen.eviction = "Usage of EmptyDir volume";
    seen.init = {running("proxy"), ended("logs", 1)};
    seen.containers = {running("web")};
    CHECK(plan_pod(&pod, seen, 0) == Actions{StopContainer{"web", 1, "Stopping container web"},
                                             StopContainer{"proxy", 1, "Stopping container proxy", {"web"}}});
    seen.init[0] = ended("proxy", 137);
    seen.containers[0] = ended("web", 137);
    CHECK(plan_pod(&pod, seen, 0).empty());
}
