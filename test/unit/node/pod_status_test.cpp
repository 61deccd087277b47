#include <catch2/catch.hpp>

#include "pod/pod_plan.hpp"

using namespace orilla;
using namespace orilla::node;

namespace {
api::Pod one_container_pod(const char* policy = "Always") {
    api::Pod pod;
    pod.metadata.uid = "u";
    pod.metadata.name = "p";
    pod.metadata.namespace_ = "ns";
    pod.spec.restart_policy = policy;
    pod.spec.containers.emplace_back().name = "web";
    return pod;
}
PodObserved seen_with(ContainerPhase phase, int exit_code = 0, int attempt = 0) {
    PodObserved seen;
    seen.sandbox_known = seen.sandbox_alive = seen.volumes_ready = true;
    seen.ip = "10.42.0.5";
    seen.node_ip = "10.42.0.1";
    ContainerSeen& container = seen.containers.emplace_back();
    container.name = "web";
    container.known_to_runtime = true;
    container.image_id = "img";
    container.current = ContainerState{.name = "web",
                                       .attempt = attempt,
                                       .phase = phase,
                                       .pid = 12,
                                       .exit_code = exit_code,
                                       .started_wall_ns = 1000 * wall_ns_per_s,
                                       .finished_wall_ns = 1010 * wall_ns_per_s};
    container.restart_count = attempt;
    return seen;
}
std::string condition(const api::PodStatus& status, std::string_view type) {
    for (const auto& one : status.conditions)
        if (one.type == type) return one.status.str();
    return "absent";
}
}  // namespace

TEST_CASE("summarise_pod: a running container without probes is ready") {
    const auto status = summarise_pod(one_container_pod(), seen_with(ContainerPhase::running), 2000);
    CHECK(status.phase == "Running");
    CHECK(condition(status, "Ready") == "True");
    CHECK(condition(status, "ContainersReady") == "True");
    CHECK(condition(status, "Initialized") == "True");
    CHECK(status.pod_ip == "10.42.0.5");
    REQUIRE(status.container_statuses[0].state.running);
    CHECK(status.container_statuses[0].state.running->started_at.unix_s == 1000);
    CHECK(status.qos_class == "BestEffort");
}

TEST_CASE("summarise_pod: a readiness probe has to succeed first") {
    auto pod = one_container_pod();
    pod.spec.containers[0].readiness_probe.ensure();
    auto seen = seen_with(ContainerPhase::running);
    CHECK(condition(summarise_pod(pod, seen, 0), "Ready") == "False");
    seen.containers[0].readiness = ProbeVerdict::success;
    CHECK(condition(summarise_pod(pod, seen, 0), "Ready") == "True");
    pod.spec.containers[0].startup_probe.ensure();
    CHECK(condition(summarise_pod(pod, seen, 0), "Ready") == "False");
}

TEST_CASE("summarise_pod: a crash shows CrashLoopBackOff and the last state") {
    auto seen = seen_with(ContainerPhase::exited, 3, 2);
    seen.containers[0].backoff_ms = 80'000;
    seen.containers[0].backing_off = true;
    const auto status = summarise_pod(one_container_pod(), seen, 2000);
    CHECK(status.phase == "Running");
    const auto& container = status.container_statuses[0];
    REQUIRE(container.state.waiting);
    CHECK(container.state.waiting->reason == "CrashLoopBackOff");
    CHECK(container.state.waiting->message == "back-off 1m20s restarting failed container=web pod=p_ns(u)");
    REQUIRE(container.last_state.terminated);
    CHECK(container.last_state.terminated->exit_code == 3);
    CHECK(container.last_state.terminated->reason == "Error");
    CHECK(container.restart_count == 2);
}

TEST_CASE("summarise_pod: what has ended and starts again at once has ended") {
    const auto status = summarise_pod(one_container_pod(), seen_with(ContainerPhase::exited, 2), 2000);
    CHECK(status.phase == "Running");
    CHECK(!status.container_statuses[0].state.waiting);
    REQUIRE(status.container_statuses[0].state.terminated);
    CHECK(status.container_statuses[0].state.terminated->reason == "Error");
}

TEST_CASE("summarise_pod: messages that others make up are bounded") {
    auto seen = seen_with(ContainerPhase::exited, 2);
    seen.containers[0].current->termination_message = std::string(100'000, 'a');
    auto status = summarise_pod(one_container_pod("Never"), seen, 2000);
    CHECK(status.container_statuses[0].state.terminated->message.view().size() == 4096);
    seen.containers[0].failure_reason = "CreateContainerError";
    std::string umlauts = "x";
    while (umlauts.size() < 100'000) umlauts += "\xc3\xa4";
    seen.containers[0].failure_message = umlauts;
    status = summarise_pod(one_container_pod(), seen, 2000);
    // The cut would fall between the two bytes of the character.
    CHECK(status.container_statuses[0].state.waiting->message.str() == umlauts.substr(0, 1021) + "...");
    seen.containers[0].failure_message = "x" + umlauts;
    status = summarise_pod(one_container_pod(), seen, 2000);
    CHECK(status.container_statuses[0].state.waiting->message.str() == "x" + umlauts.substr(0, 1019) + "...");
}

TEST_CASE("summarise_pod: pods that end are Succeeded or Failed, and stay so") {
    auto pod = one_container_pod("Never");
    auto status = summarise_pod(pod, seen_with(ContainerPhase::exited, 0), 2000);
    CHECK(status.phase == "Succeeded");
    CHECK(condition(status, "Ready") == "False");
    CHECK(summarise_pod(pod, seen_with(ContainerPhase::exited, 1), 2000).phase == "Failed");
    pod.status = status;
    PodObserved gone;
    gone.containers.emplace_back().name = "web";
    CHECK(summarise_pod(pod, gone, 3000).phase == "Succeeded");
}

TEST_CASE("summarise_pod: an image that does not come is a waiting reason") {
    PodObserved seen;
    ContainerSeen& container = seen.containers.emplace_back();
    container.name = "web";
    container.failure_reason = "ImagePullBackOff";
    container.failure_message = "Back-off pulling image \"x\"";
    const auto status = summarise_pod(one_container_pod(), seen, 0);
    CHECK(status.phase == "Pending");
    CHECK(status.container_statuses[0].state.waiting->reason == "ImagePullBackOff");
}

TEST_CASE("summarise_pod: a condition that does not change keeps its time") {
    auto pod = one_container_pod();
    pod.status = summarise_pod(pod, seen_with(ContainerPhase::running), 2000);
    const auto again = summarise_pod(pod, seen_with(ContainerPhase::running), 9000);
    CHECK(again == pod.status);
}

TEST_CASE("summarise_pod: what others say of a pod stays") {
    auto pod = one_container_pod();
    for (const char* type : {"PodScheduled", "DisruptionTarget", "Ready"}) {
        auto& one = pod.status.conditions.emplace_back();
        one.type = type;
        one.status = "True";
    }
    const auto status = summarise_pod(pod, seen_with(ContainerPhase::exited, 1), 50);
    CHECK(condition(status, "DisruptionTarget") == "True");
    CHECK(condition(status, "PodScheduled") == "True");
    CHECK(condition(status, "Ready") == "False");
}

TEST_CASE("summarise_pod: a pod that is held has failed when it ends before it began") {
    auto pod = one_container_pod();
    pod.metadata.deletion_timestamp = api::Time(10);
    const auto seen = seen_with(ContainerPhase::running);
    auto unborn = seen;
    unborn.containers[0].current.reset();
    CHECK(summarise_pod(pod, unborn, 50).phase == "Pending");
    pod.metadata.finalizers.push_back("batch.kubernetes.io/job-tracking");
    CHECK(summarise_pod(pod, seen, 50).phase == "Running");
    CHECK(summarise_pod(pod, unborn, 50).phase == "Failed");
    CHECK(summarise_pod(pod, seen_with(ContainerPhase::exited, 0), 50).phase == "Succeeded");
}

namespace {
/// One container, one sidecar; both run.
struct SidecarPod {
    SidecarPod(const char* policy = "Never") : pod(one_container_pod(policy)) {
        auto& init = pod.spec.init_containers.emplace_back();
        init.name = "side";
        init.restart_policy = "Always";
        seen.init = seen.containers;
        seen.init[0].name = seen.init[0].current->name = "side";
    }
    static void end(ContainerSeen& one, int code) {
        one.current->phase = ContainerPhase::exited;
        one.current->exit_code = code;
    }
    api::PodStatus status() const { return summarise_pod(pod, seen, 2000); }
    std::string message(std::string_view type) const {
        for (const auto& one : status().conditions)
            if (one.type == type) return one.message.str();
        return "absent";
    }
    api::Pod pod;
    PodObserved seen = seen_with(ContainerPhase::running);
};
}  // namespace

TEST_CASE("summarise_pod: a sidecar that runs has started, and the pod is ready when it is") {
    SidecarPod w;
    w.pod.spec.init_containers[0].readiness_probe.ensure();
    auto status = w.status();
    CHECK(status.phase == "Running");
    CHECK(status.init_container_statuses[0].started == true);
    CHECK(!status.init_container_statuses[0].ready);
    CHECK(condition(status, "Initialized") == "True");
    CHECK(condition(status, "ContainersReady") == "False");
    CHECK(w.message("Ready") == "containers with unready status: [side]");
    w.seen.init[0].readiness = ProbeVerdict::success;
    CHECK(condition(w.status(), "Ready") == "True");
}

TEST_CASE("summarise_pod: a pod waits for the startup of its sidecar") {
    SidecarPod w;
    w.pod.spec.init_containers[0].startup_probe.ensure();
    w.seen.containers[0].current.reset();
    const auto status = w.status();
    CHECK(status.phase == "Pending");
    CHECK(condition(status, "Initialized") == "False");
    CHECK(w.message("Initialized") == "containers with incomplete status: [side]");
    CHECK(status.container_statuses[0].state.waiting->reason == "PodInitializing");
}

TEST_CASE("summarise_pod: the phase is that of the containers, once the sidecars have ended") {
    for (int code : {0, 3}) {
        SidecarPod w;
        w.end(w.seen.containers[0], code);
        CHECK(w.status().phase == "Running");
        w.end(w.seen.init[0], 137);
        const auto status = w.status();
        CHECK(status.phase == (code ? "Failed" : "Succeeded"));
        CHECK(status.init_container_statuses[0].state.terminated->exit_code == 137);
        CHECK(!status.init_container_statuses[0].ready);
    }
}

TEST_CASE("summarise_pod: a sidecar that crashes leaves the pod running, with the back-off in its state") {
    SidecarPod w("Always");
    w.end(w.seen.init[0], 1);
    w.seen.init[0].backing_off = true;
    w.seen.init[0].backoff_ms = 10'000;
    const auto status = w.status();
    CHECK(status.phase == "Running");
    CHECK(status.init_container_statuses[0].state.waiting->reason == "CrashLoopBackOff");
    CHECK(condition(status, "Initialized") == "True");
    CHECK(condition(status, "Ready") == "False");
}

TEST_CASE("summarise_pod: a failed init container fails the pod when the sidecars before it have ended") {
    SidecarPod w;
    auto& setup = w.pod.spec.init_containers.emplace_back();
    setup.name = "setup";
    w.seen.init.push_back(w.seen.containers[0]);
    w.end(w.seen.init[1], 1);
    w.seen.containers[0].current.reset();
    CHECK(w.status().phase == "Pending");
    w.end(w.seen.init[0], 143);
    CHECK(w.status().phase == "Failed");
}

TEST_CASE("summarise_pod: readiness gates keep a pod from being ready, not its containers") {
    auto pod = one_container_pod();
    pod.spec.readiness_gates.emplace_back().condition_type = "example.com/a";
    pod.spec.readiness_gates.emplace_back().condition_type = "example.com/b";
    auto& said = pod.status.conditions.emplace_back();
    said.type = "example.com/b";
    said.status = "False";
    const auto seen = seen_with(ContainerPhase::running);
    const auto status = summarise_pod(pod, seen, 2000);
    CHECK(condition(status, "ContainersReady") == "True");
    CHECK(condition(status, "Ready") == "False");
    for (const auto& one : status.conditions)
        if (one.type == "Ready") {
            CHECK(one.reason == "ReadinessGatesNotReady");
            CHECK(one.message ==
                  "corresponding condition of pod readiness gate \"example.com/a\" does not exist., "
                  "the status of pod readiness gate \"example.com/b\" is not \"True\", but False");
        }
    pod.status.conditions[0].status = "True";
    auto& other = pod.status.conditions.emplace_back();
    other.type = "example.com/a";
    other.status = "True";
    CHECK(condition(summarise_pod(pod, seen, 2000), "Ready") == "True");
}

TEST_CASE("summarise_pod: an evicted pod says why before it ends, and has failed afterwards") {
    const auto pod = one_container_pod();
    auto seen = seen_with(ContainerPhase::running);
    seen.eviction = "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ";
    auto status = summarise_pod(pod, seen, 2000);
    CHECK(status.phase == "Running");
    CHECK(condition(status, "DisruptionTarget") == "True");
    seen = seen_with(ContainerPhase::exited, 137);
    seen.eviction = "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ";
    status = summarise_pod(pod, seen, 2000);
    CHECK(status.phase == "Failed");
    CHECK(status.reason == "Evicted");
    CHECK(status.message.view() == seen.eviction);
    CHECK(status.container_statuses[0].state.terminated->exit_code == 137);
}
