#include <catch2/catch.hpp>

#include "agent_world.hpp"

using namespace orilla;
using namespace orilla::test;

TEST_CASE("PodAgent: a container that ends starts again at once, and backs off from the second time on") {
    AgentWorld w;
    w.images.here = {"a:1"};
    w.add(w.pod_with("a:1"));
    CHECK(w.shown() == "Running 0");
    w.end(2);
    CHECK(w.shown() == "Running 1");
    w.end(2);
    CHECK(w.shown() == "Error 1");
    w.pass(1'500);
    CHECK(w.shown() == "CrashLoopBackOff 1");
    const std::string told = "Back-off restarting failed container c in pod p_default(" + w.pod()->metadata.uid.str() + ")";
    CHECK(w.told("BackOff", told) == 1);
    w.pass(9'000);
    CHECK(w.shown() == "Running 2");
    CHECK(w.told("BackOff", told) == 1);
}

TEST_CASE("PodAgent: a changed image is no crash, and what it waits for is its own") {
    AgentWorld w;
    w.images.here = {"a:1", "a:2", "a:3"};
    w.add(w.pod_with("a:1"));
    for (const char* image : {"a:2", "a:3", "a:1"}) {
        w.set_image(image);
        w.pass(100);
        CHECK(w.runtime.images_started.back() == image);
    }
    CHECK(w.shown() == "Running 3");
    CHECK(w.told("Killing", "Container c definition changed, will be restarted") == 3);
    w.end(1);
    CHECK(w.shown() == "Running 4");
    w.end(1);
    w.pass(2'000);
    CHECK(w.shown() == "CrashLoopBackOff 4");
    w.set_image("a:2");  // does not wait for the back-off of a:1
    CHECK(w.shown() == "Running 5");
}

TEST_CASE("PodAgent: a changed image starts again also where the policy says Never") {
    AgentWorld w;
    w.images.here = {"a:1", "a:2"};
    w.add(w.pod_with("a:1", "Never"));
    w.set_image("a:2");
    w.pass(100);
    CHECK(w.shown() == "Running 1");
    w.end(1);
    CHECK(w.pod()->status.phase == "Failed");
}

TEST_CASE("PodAgent: a pull that fails backs off, says so, and its equal failures are one event") {
    AgentWorld w;
    w.add(w.pod_with("r/x:1"));
    CHECK(w.shown() == "ErrImagePull 0");
    w.pass(1'500);
    CHECK(w.shown() == "ImagePullBackOff 0");
    CHECK(w.told("BackOff", "Back-off pulling image \"r/x:1\"") == 1);
    CHECK(w.told("Failed", "Error: ImagePullBackOff") == 1);
    w.pass(60'000);
    CHECK(w.images.pulls == 3);
    CHECK(w.told("Failed", "Failed to pull image \"r/x:1\": GET https://r/v2/: Connection timed out") == 3);
    CHECK(w.told("BackOff", "Back-off pulling image \"r/x:1\"") == 3);
    w.images.here = {"r/x:2"};
    w.set_image("r/x:2");
    CHECK(w.shown() == "Running 0");
}

TEST_CASE("PodAgent: an image that may not be pulled is told in the kubelet's two events") {
    AgentWorld w;
    api::Pod pod = w.pod_with("a:1");
    pod.spec.containers[0].image_pull_policy = "Never";
    w.add(std::move(pod));
    CHECK(w.shown() == "ErrImageNeverPull 0");
    CHECK(w.told("ErrImageNeverPull", "Container image \"a:1\" is not present with pull policy of Never") == 1);
    CHECK(w.told("Failed", "Error: ErrImageNeverPull") == 1);
}

TEST_CASE("PodAgent: a name that is no image's is told in the kubelet's two events") {
    AgentWorld w;
    w.add(w.pod_with("a b"));
    CHECK(w.shown() == "InvalidImageName 0");
    CHECK(w.told("InspectFailed",
                 "Failed to apply default image tag \"a b\": couldn't parse image name \"a b\": invalid reference format") ==
          1);
    CHECK(w.told("Failed", "Error: InvalidImageName") == 1);
}

TEST_CASE("PodAgent: a pod that was ready stays ready when the next daemon adopts it, whatever its probes say later") {
    AgentWorld w;
    w.images.here = {"a:1"};
    api::Pod pod = w.pod_with("a:1");
    for (auto* probe : {&pod.spec.containers[0].readiness_probe, &pod.spec.containers[0].startup_probe})
        probe->emplace().exec.emplace().command.emplace_back("true");
    w.add(std::move(pod));
    w.pass(30'000);
    const auto ready = [&w] {
        for (const auto& condition : w.pod()->status.conditions)
            if (condition.type == "Ready") return condition;
        return api::PodCondition{};
    };
    const api::PodCondition before = ready();
    REQUIRE(before.status == "True");
    w.restart_daemon();
    // Not even for a moment: each change would take its endpoint away.
    CHECK(ready() == before);
    CHECK(w.shown() == "Running 0");
    w.runtime.exec_exit_code = 1;
    w.pass(60'000);
    CHECK(ready().status == "False");
}

TEST_CASE("PodAgent: a downwardAPI volume follows labels and annotations") {
    AgentWorld w;
    w.images.here = {"a:1"};
    api::Pod pod = w.pod_with("a:1");
    pod.metadata.labels["app"] = "old";
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "about";
    auto& item = volume.downward_api.emplace().items.emplace_back();
    item.path = "labels";
    item.field_ref.emplace().field_path = "metadata.labels";
    w.add(std::move(pod));
    CHECK(w.volume_file("about/labels") == "app=\"old\"");
    std::function<Result<void>(api::Pod&)> change = [](api::Pod& changed) -> Result<void> {
        changed.metadata.labels["app"] = "new";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::Pod>("default", "p", std::move(change))));
    w.settle();
    CHECK(w.volume_file("about/labels") == "app=\"new\"");
}

TEST_CASE("PodAgent: what changed while no daemon ran is in the volumes of the pods that the next one adopts") {
    AgentWorld w;
    w.images.here = {"a:1"};
    api::ConfigMap map;
    map.metadata.name = "m";
    map.metadata.namespace_ = "default";
    map.data["k"] = "old";
    REQUIRE(w.run(w.objects.create<api::ConfigMap>(std::move(map))));
    api::Pod pod = w.pod_with("a:1");
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "v";
    volume.config_map.emplace().name = "m";
    w.add(std::move(pod));
    CHECK(w.volume_file("v/k") == "old");
    std::function<Result<void>(api::ConfigMap&)> change = [](api::ConfigMap& changed) -> Result<void> {
        changed.data["k"] = "new";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::ConfigMap>("default", "m", std::move(change))));
    w.restart_daemon();
    CHECK(w.shown() == "Running 0");
    CHECK(w.volume_file("v/k") == "new");
}

TEST_CASE("PodAgent: a pod that outlives its deadline is told once") {
    AgentWorld w;
    w.images.here = {"a:1"};
    auto pod = w.pod_with("a:1");
    pod.spec.active_deadline_seconds = 5;
    w.add(std::move(pod));
    w.pass(60'000);
    CHECK(w.pod()->status.reason == "DeadlineExceeded");
    CHECK(w.told("DeadlineExceeded", "Pod was active on the node longer than the specified deadline") == 1);
}

TEST_CASE("PodAgent: a postStart hook that fails is told with its command and exit code, without its output") {
    AgentWorld w;
    w.images.here = {"a:1"};
    w.runtime.exec_exit_code = 3;
    auto pod = w.pod_with("a:1", "Never");
    auto& hook = pod.spec.containers[0].lifecycle.ensure().post_start.ensure().exec.ensure();
    for (const char* word : {"sh", "-c", "exit 3"}) hook.command.emplace_back(word);
    w.add(std::move(pod));
    CHECK(w.told("FailedPostStartHook", "PostStartHook failed: command 'sh -c exit 3' exited with 3") == 1);
}

TEST_CASE("PodAgent: a subPathExpr without a value is a configuration error") {
    AgentWorld w;
    w.images.here = {"a:1"};
    auto pod = w.pod_with("a:1");
    pod.spec.volumes.emplace_back().name = "v";
    pod.spec.volumes[0].host_path.ensure().path = "/tmp";
    auto& mount = pod.spec.containers[0].volume_mounts.emplace_back();
    mount.name = "v";
    mount.mount_path = "/v";
    mount.sub_path_expr = "$(HOSTNAME)";
    w.add(std::move(pod));
    CHECK(w.shown() == "CreateContainerConfigError 0");
    CHECK(w.pod()->status.container_statuses[0].state.waiting->message == "missing value for \"HOSTNAME\"");
}

TEST_CASE("PodAgent: a pod whose network namespace was lost while no daemon ran is set up anew, and that is told once") {
    constexpr const char* message = "Pod sandbox changed, it will be killed and re-created.";
    AgentWorld w;
    w.images.here = {"a:1"};
    w.add(w.pod_with("a:1"));
    w.restart_daemon();
    CHECK(w.shown() == "Running 0");
    CHECK(w.told("SandboxChanged", message) == 0);
    w.network.attached.clear();
    w.restart_daemon();
    CHECK(w.shown() == "Running 1");
    CHECK(w.network.attached.size() == 1);
    CHECK(w.told("Killing", "Stopping container c") == 1);
    CHECK(w.told("SandboxChanged", message) == 1);
}

TEST_CASE("PodAgent: a pod in the host's network has the node's address everywhere") {
    AgentWorld w;
    w.images.here = {"a:1"};
    auto pod = w.pod_with("a:1");
    pod.spec.host_network = true;
    for (const char* field : {"status.podIP", "status.podIPs", "status.hostIP"}) {
        auto& variable = pod.spec.containers[0].env.emplace_back();
        variable.name = field;
        variable.value_from.ensure().field_ref.ensure().field_path = field;
    }
    w.add(std::move(pod));
    CHECK(w.pod()->status.pod_ip == "10.42.0.1");
    for (const char* field : {"status.podIP", "status.podIPs", "status.hostIP"})
        CHECK(std::ranges::count(w.runtime.last_spec.env, field + std::string("=10.42.0.1")) == 1);
    CHECK(w.told("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") == 0);
}

TEST_CASE("PodAgent: a pod with users of its own has a network in a namespace of theirs, and a failure takes both back") {
    AgentWorld w;
    w.images.here = {"a:1"};
    w.network.fails = true;
    auto pod = w.pod_with("a:1");
    pod.spec.host_users = false;
    w.add(std::move(pod));
    CHECK(w.told("FailedCreatePodSandBox", "Failed to create pod sandbox: no free pod address left") == 1);
    CHECK(w.runtime.namespaces.empty());
    w.network.fails = false;
    w.pass(1'000);
    CHECK(w.shown() == "Running 0");
    CHECK(w.network.in_namespace == "/made/" + w.pod()->metadata.uid.str());
    CHECK_FALSE(w.runtime.last_pod.host_users);
}

namespace {
api::Pod pod_on_nfs(AgentWorld& w) {
    w.images.here = {"a:1"};
    api::Pod pod = w.pod_with("a:1");
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "data";
    volume.host_path.emplace().path = w.dir;
    volume.host_path->type = api::Str("DirectoryOrCreate");
    pod.spec.volumes.emplace_back().name = "scratch";
    return pod;
}
}  // namespace

TEST_CASE("PodAgent: a volume that does not answer is waited for and told of, and keeps no other pod") {
    AgentWorld w;
    w.places.hang_next = 64;  // all threads there are
    w.add(pod_on_nfs(w));
    CHECK(w.shown() == "ContainerCreating 0");
    api::Pod other = w.pod_with("a:1");
    other.metadata.name = "other";
    w.add(std::move(other));
    CHECK(w.objects.get<api::Pod>("default", "other")->status.phase == "Running");
    w.pass(122'000);
    const std::string message =
        "MountVolume.SetUp failed for volume \"data\" : timed out waiting for the condition: " + w.dir + " does not answer";
    CHECK(w.told("FailedMount", message) == 0);
    w.pass(2'000);
    CHECK(w.told("FailedMount", message) == 1);
    w.pass(123'000);
    CHECK(w.told("FailedMount", message) == 2);
    w.places.hang_next = 0;
    w.places.let_go();
    w.settle();
    CHECK(w.shown() == "Running 0");
}

TEST_CASE("PodAgent: a pod whose volume does not answer can be deleted, and nothing of it is made afterwards") {
    AgentWorld w;
    w.places.hang_next = 1;
    w.add(pod_on_nfs(w));
    const std::string scratch = w.dir + "/pods/" + w.pod()->metadata.uid.str() + "/volumes/scratch";
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "p")));
    w.pass(3'000);
    CHECK_FALSE(w.pod());
    w.places.let_go();
    w.settle();
    CHECK_FALSE(std::filesystem::exists(scratch));
}

TEST_CASE("PodAgent: what changes while volumes are made is in them") {
    AgentWorld w;
    api::ConfigMap map;
    map.metadata.name = "settings";
    map.metadata.namespace_ = "default";
    map.data["colour"] = "green";
    REQUIRE(w.run(w.objects.create<api::ConfigMap>(std::move(map))));
    w.images.here = {"a:1"};
    api::Pod pod = w.pod_with("a:1");
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "settings";
    volume.config_map.emplace().name = "settings";
    w.files.hang_next = 1;
    w.add(std::move(pod));
    std::function<Result<void>(api::ConfigMap&)> change = [](api::ConfigMap& changed) -> Result<void> {
        changed.data["colour"] = "blue";
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::ConfigMap>("default", "settings", std::move(change))));
    w.agent->source_changed("default", "settings");
    w.settle();
    w.files.let_go();
    w.settle();
    CHECK(w.volume_file("settings/colour") == "blue");
    CHECK(w.shown() == "Running 0");
}
