#include "pod/pod_resize.hpp"

#include <catch2/catch.hpp>

#include "agent_world.hpp"
#include "orilla/kinds/pod_facts.hpp"

using namespace orilla;
using namespace orilla::node;
using orilla::test::AgentWorld;

namespace {

struct ResizeWorld : AgentWorld {
    api::Pod sized(const char* cpu, const char* policy = "Always") {
        api::Pod pod = pod_with("busybox", policy);
        auto& resources = pod.spec.containers[0].resources;
        resources.requests["cpu"] = *api::Quantity::parse(cpu);
        resources.limits["memory"] = *api::Quantity::parse("64Mi");
        resources.requests["memory"] = *api::Quantity::parse("64Mi");
        return pod;
    }
    void resize(const char* cpu, const char* memory, const char* name = "p") {
        std::function<Result<void>(api::Pod&)> change = [cpu, memory](api::Pod& pod) -> Result<void> {
            auto& resources = pod.spec.containers[0].resources;
            resources.requests["cpu"] = *api::Quantity::parse(cpu);
            resources.limits["memory"] = *api::Quantity::parse(memory);
            resources.requests["memory"] = *api::Quantity::parse(memory);
            return ok();
        };
        const auto resized = run(objects.modify<api::Pod>("default", name, std::move(change), objects::Part::resize));
        INFO((resized ? "" : resized.error().message()));
        REQUIRE(resized);
        settle();
    }
    std::string given(std::string_view resource = "cpu") {
        const auto& status = pod()->status.container_statuses[0];
        if (!status.resources) return "unknown";
        const auto* amount = status.resources->requests.get(resource);
        return amount ? amount->text.str() : "none";
    }
    std::string condition(std::string_view type, const char* name = "p") {
        const auto found = objects.get<api::Pod>("default", name);
        const auto* condition = api::find_pod_condition(*found, type);
        return condition ? condition->reason.str() + ": " + condition->message.str() : "";
    }
    ResizeWorld() {
        images.here = {"busybox"};
        api::Node node;
        node.metadata.name = "box";
        REQUIRE(run(objects.create<api::Node>(std::move(node))));
        std::function<Result<void>(api::Node&)> tell = [](api::Node& box) -> Result<void> {
            box.status.allocatable["cpu"] = *api::Quantity::parse("2");
            box.status.allocatable["memory"] = *api::Quantity::parse("4Gi");
            return ok();
        };
        REQUIRE(run(objects.modify_status<api::Node>("", "box", std::move(tell))));
        settle();
    }
};

constexpr ComputeShare node_share{2000, 1000};

}  // namespace

TEST_CASE("judge_resize: more than the node has, more than is left, and less than before") {
    using V = ResizeVerdict;
    CHECK(judge_resize({500, 100}, {100, 100}, {1000, 0}, node_share).verdict == V::granted);
    CHECK(judge_resize({2500, 100}, {100, 100}, {}, node_share) ==
          ResizeJudgement{V::infeasible, "Node didn't have enough capacity: cpu, requested: 2500, capacity: 2000"});
    CHECK(judge_resize({1500, 100}, {100, 100}, {1000, 0}, node_share) ==
          ResizeJudgement{V::deferred, "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000"});
    CHECK(judge_resize({100, 600}, {100, 500}, {0, 500}, node_share).message ==
          "Node didn't have enough resource: memory, requested: 600, used: 500, capacity: 1000");
    // What a pod has it may keep, and give back.
    CHECK(judge_resize({1500, 100}, {1600, 100}, {1000, 0}, node_share).verdict == V::granted);
    CHECK(judge_resize({5000, 1}, {1, 1}, {}, {}).verdict == V::granted);
    CHECK(judge_resize({INT64_MAX - 1, 1}, {1, 1}, {INT64_MAX, 1}, {INT64_MAX - 1, 1}).verdict == V::deferred);
}

TEST_CASE("NodeRoom: who waits is looked after when there is more") {
    std::vector<std::string> looked;
    NodeRoom room([&](const std::string& uid) { looked.push_back(uid); });
    room.put("a", {500, 10});
    room.put("b", {700, 20});
    CHECK(room.of_others("a") == ComputeShare{700, 20});
    CHECK(room.of_others("c") == ComputeShare{1200, 30});
    room.wait("b", true);
    room.put("a", {600, 10});
    CHECK(looked.empty());
    room.put("a", {100, 10});
    CHECK(looked == std::vector<std::string>{"b"});
    room.drop("a");
    CHECK(looked.size() == 2);
    CHECK(room.of_others("b") == ComputeShare{0, 0});
    room.wait("b", false);
    room.drop("b");
    CHECK(looked.size() == 2);
    room.put("x", {INT64_MAX, INT64_MAX});
    room.put("y", {INT64_MAX, INT64_MAX});
    CHECK(room.of_others("x").cpu_milli > 0);
}

TEST_CASE("PodResize: a container gets more while it runs, and the status tells it") {
    ResizeWorld w;
    w.add(w.sized("100m"));
    CHECK(w.given() == "100m");
    CHECK(w.pod()->status.container_statuses[0].allocated_resources.get("cpu")->text == "100m");
    w.resize("500m", "128Mi");
    REQUIRE(w.runtime.updates.size() >= 2);
    CHECK(w.runtime.updates[0].first.empty());
    CHECK(w.runtime.updates[0].second.memory_limit_bytes == 128 << 20);
    CHECK(w.runtime.updates[1].first == "c-0");
    CHECK(w.runtime.updates[1].second.cpu_request_milli == 500);
    CHECK(w.given() == "500m");
    CHECK(w.given("memory") == "128Mi");
    CHECK(w.shown() == "Running 0");
    CHECK(w.condition("PodResizeInProgress").empty());
    CHECK(w.pod()->metadata.generation == 2);
    const size_t updates = w.runtime.updates.size();
    w.restart_daemon();
    w.settle();
    CHECK(w.runtime.updates.size() == updates);
}

TEST_CASE("PodResize: the pod's limits rise first and sink last") {
    ResizeWorld w;
    w.add(w.sized("100m"));
    w.resize("100m", "32Mi");
    REQUIRE(w.runtime.updates.size() == 3);
    CHECK(w.runtime.updates[0].second.memory_limit_bytes == 64 << 20);
    CHECK(w.runtime.updates[1].first == "c-0");
    CHECK(w.runtime.updates[2].first.empty());
    CHECK(w.runtime.updates[2].second.memory_limit_bytes == 32 << 20);
}

TEST_CASE("PodResize: where the policy says so the container starts anew, with what the spec says by then") {
    ResizeWorld w;
    api::Pod pod = w.sized("100m", "OnFailure");
    auto& policy = pod.spec.containers[0].resize_policy.emplace_back();
    policy.resource_name = "memory";
    policy.restart_policy = "RestartContainer";
    w.add(std::move(pod));
    w.resize("200m", "64Mi");
    CHECK(w.shown() == "Running 0");
    CHECK(w.given() == "200m");
    w.resize("200m", "256Mi");
    w.settle();
    CHECK(w.shown() == "Running 1");
    CHECK(w.runtime.last_spec.resources.memory_limit_bytes == 256 << 20);
    CHECK(w.given("memory") == "256Mi");
    CHECK(w.condition("PodResizeInProgress").empty());
}

TEST_CASE("PodResize: what the node has not got is told, and a container that starts anew has what it had") {
    ResizeWorld w;
    w.add(w.sized("100m"));
    w.resize("2500m", "64Mi");
    CHECK(w.condition("PodResizePending") ==
          "Infeasible: Node didn't have enough capacity: cpu, requested: 2500, capacity: 2000");
    CHECK(w.told("ResizeInfeasible",
                 "Pod resize infeasible: Node didn't have enough capacity: cpu, requested: 2500, capacity: 2000") == 1);
    CHECK(w.given() == "100m");
    w.end(1);
    w.settle();
    CHECK(w.runtime.last_spec.resources.cpu_request_milli == 100);
    CHECK(w.given() == "100m");
    w.restart_daemon();
    w.settle();
    CHECK(w.told("ResizeInfeasible",
                 "Pod resize infeasible: Node didn't have enough capacity: cpu, requested: 2500, capacity: 2000") == 1);
    w.resize("100m", "64Mi");
    CHECK(w.condition("PodResizePending").empty());
}

TEST_CASE("PodResize: what waits for room gets it when another pod goes") {
    ResizeWorld w;
    w.add(w.sized("100m"));
    api::Pod other = w.sized("1500m");
    other.metadata.name = "q";
    w.add(std::move(other));
    w.resize("1", "64Mi");
    CHECK(w.condition("PodResizePending") ==
          "Deferred: Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000");
    w.resize("100m", "64Mi", "q");
    w.settle();
    CHECK(w.condition("PodResizePending").empty());
    CHECK(w.given() == "1");
}

TEST_CASE("PodResize: what the kernel refuses is told and tried again") {
    ResizeWorld w;
    w.add(w.sized("100m"));
    w.runtime.update_error = "attempting to set a memory limit (1) below the current usage (2)";
    w.resize("100m", "16Mi");
    CHECK(w.condition("PodResizeInProgress") == "Error: " + w.runtime.update_error);
    CHECK(w.given("memory") == "64Mi");
    CHECK(w.told("ResizeError", "Pod resize error: " + w.runtime.update_error) == 1);
    w.runtime.update_error.clear();
    w.pass(11'000);
    w.settle();
    CHECK(w.given("memory") == "16Mi");
    CHECK(w.condition("PodResizeInProgress").empty());
}
