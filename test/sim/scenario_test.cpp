// Courses of events that once went wrong, step by step on the fake world: each is what was left of a seed.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

#include "client_requests.hpp"
#include "invariants.hpp"
#include "world.hpp"

using namespace orilla;
using namespace orilla::sim;

namespace {

struct Scenario : World {
    explicit Scenario(DaemonOptions options = {}) : World(1, false) {
        daemon_options = options;
        start_daemon();
        pass(1'000);
        REQUIRE(ready());
    }
    void request(loop::Task<Result<void>> task, int64_t within_ms = 1'000) {
        Result<void> done = Error(Code::timeout, "not answered");
        daemon->clients().spawn(keep(std::move(task), &done));
        pass(within_ms);
        INFO((done ? "" : done.error().message()));
        REQUIRE(done);
    }
    /// A request that nobody waits for.
    static loop::Task<void> send(loop::Task<Result<void>> task) {
        auto done = co_await std::move(task);
        (void)done;
    }
    void create(api::Deployment deployment) { request(request_create(daemon->objects(), api::Object(std::move(deployment)))); }
    std::vector<std::shared_ptr<const api::Pod>> pods() { return daemon->objects().list<api::Pod>("default"); }
    /// What has gone wrong, in words; empty when nothing has.
    std::string broken() {
        std::string out;
        for (const auto& what : trace.failures()) out += what + "\n";
        return out;
    }
    std::string unsettled() {
        std::string out;
        for (const auto& what : find_unsettled(*daemon, host)) out += what + "\n";
        return out;
    }

  private:
    static loop::Task<void> keep(loop::Task<Result<void>> task, Result<void>* out) {
        auto done = co_await std::move(task);
        *out = std::move(done);
    }
};

api::Deployment deployment_of(const char* image, int32_t replicas) {
    api::Deployment out;
    out.metadata.name = "web";
    out.metadata.namespace_ = "default";
    out.spec.replicas = replicas;
    out.spec.selector.ensure().match_labels["app"] = "web";
    out.spec.template_.metadata.labels["app"] = "web";
    out.spec.template_.spec.containers.push_back(plain_container("main", image));
    return out;
}

loop::Task<void> ignore(loop::Task<Result<objects::Stored>> task) {
    auto done = co_await std::move(task);
    (void)done;
}

}  // namespace

TEST_CASE("a Deployment comes to readiness, and leaves nothing behind when it is deleted") {
    Scenario world;
    world.create(deployment_of("web:1", 3));
    world.request(request_create(world.daemon->objects(), api::Object(service_for("default", "web", false))));
    world.pass(60'000);
    CHECK(world.unsettled() == "");
    CHECK(world.host.pods().size() == 3);
    CHECK(world.host.rules().contains("default/web"));
    world.request(request_delete(world.daemon->objects(), api::kind_of<api::Deployment>(), "default", "web", {}));
    world.request(request_delete(world.daemon->objects(), api::kind_of<api::Service>(), "default", "web", {}));
    world.pass(60'000);
    CHECK(world.unsettled() == "");
    CHECK(world.host.pods().empty());
    CHECK(world.broken() == "");
}

TEST_CASE("a daemon that is killed restarts no container; a power cut loses no object") {
    Scenario world;
    world.create(deployment_of("web:1", 3));
    world.pass(60'000);
    const uint64_t starts = world.host.starts();
    world.kill_daemon(false);
    world.pass(60'000);
    CHECK(world.unsettled() == "");
    CHECK(world.host.starts() == starts);
    world.kill_daemon(true);
    world.pass(60'000);
    CHECK(world.unsettled() == "");
    CHECK(world.host.starts() == starts + 3);
    CHECK(world.broken() == "");
}

TEST_CASE("a wall clock that jumps ahead does not end a container's back-off") {
    Scenario world;
    world.create(deployment_of("web:1", 1));
    world.pass(30'000);
    for (int crash = 0; crash < 4; ++crash) {
        world.clock.set_wall_offset_s(1'700'000'000 + (crash + 1) * 86'400);
        for (auto& [uid, pod] : world.host.pods()) world.host.end(uid, *pod.containers.back(), 1, 0, false);
        world.pass(120'000);
    }
    CHECK(world.broken() == "");
    CHECK(world.unsettled() == "");
}

TEST_CASE("the logs of a pod whose end the daemon did not live to see are removed by the next one") {
    Scenario world;
    world.create(deployment_of("web:1", 1));
    world.pass(30'000);
    const auto pod = world.pods().at(0);
    const std::string logs = "logs/default_" + pod->metadata.name.str() + "_" + pod->metadata.uid.str();
    REQUIRE(std::filesystem::exists(logs));
    objects::DeleteOptions now;
    now.grace_period_seconds = 0;
    world.request(request_delete(world.daemon->objects(), api::kind_of<api::Pod>(), "default", pod->metadata.name.str(), now),
                  5);
    // The power goes before anything of it is cleared away.
    world.kill_daemon(true);
    REQUIRE(std::filesystem::exists(logs));
    world.pass(60'000);
    CHECK_FALSE(std::filesystem::exists(logs));
    CHECK(world.unsettled() == "");
    CHECK(world.broken() == "");
}

TEST_CASE("what a killed daemon had written but not synced is shown by the next one only once it is safe") {
    bool shown = false;  // at least once
    for (int writes = 1; writes <= 16; ++writes) {
        Scenario world;
        world.power_cuts_percent = 0;
        api::Namespace ns;
        ns.metadata.name = "half-written";
        Disk::get().die_after(writes);
        world.daemon->clients().spawn(world.send(request_create(world.daemon->objects(), api::Object(std::move(ns)))));
        world.pass(500);
        if (world.daemon) continue;  // that commit was shorter
        while (!world.daemon) world.pass(1);
        shown |= world.daemon->store().find({"namespaces", "", "half-written"}) != nullptr;
        world.kill_daemon(true);
        world.pass(2'000);
        CHECK(world.broken() == "");
    }
    CHECK(shown);
}

TEST_CASE("a wall clock that is set back holds up no rollout") {
    Scenario world;
    api::Deployment web = deployment_of("web:1", 2);
    web.spec.min_ready_seconds = 5;
    world.create(web);
    const auto ready = [&world] {
        return world.daemon->objects().get<api::Deployment>("default", "web")->status.ready_replicas == 2;
    };
    for (int waited = 0; waited < 20 && !ready(); ++waited) world.pass(500);
    world.clock.set_wall_offset_s(1'700'000'000 - 86'400);
    world.pass(60'000);
    CHECK(world.unsettled() == "");
    std::function<void(api::Deployment&)> edit = [](api::Deployment& one) {
        one.spec.template_.spec.containers[0].image = "web:2";
    };
    world.request(request_edit<api::Deployment>(world.daemon->objects(), "default", "web", edit));
    world.pass(60'000);
    CHECK(world.unsettled() == "");
}

TEST_CASE("a daemon that is told to stop while containers end and pods change stops in good order") {
    Scenario world;
    world.create(deployment_of("web:1", 3));
    world.pass(30'000);
    const std::string name = world.pods().at(0)->metadata.name.str();
    auto& objects = world.daemon->objects();
    // Shown at once, and nobody has looked at it yet when the stop comes.
    objects::Objects::Change touch = [](api::Object& object) -> Result<void> {
        return object.as<api::Pod>().status.message = "touched", ok();
    };
    world.daemon->clients().spawn(
        ignore(objects.modify(api::kind_of<api::Pod>(), "default", name, touch, objects::Part::status)));
    REQUIRE(world.pods().at(0)->status.message == "touched");
    // A slow disk: the store takes its time to close, and the world goes on.
    world.weather.disk_ms_max = 2'000;
    world.weather.event_ms_max = 0;
    world.daemon->clients().spawn(world.send(request_delete(objects, api::kind_of<api::Pod>(), "default", name, {})));
    for (auto& [uid, pod] : world.host.pods()) world.host.end(uid, *pod.containers.back(), 0, 0, false);
    world.restart_daemon();
    world.weather = Weather();
    world.pass(120'000);
    CHECK(world.broken() == "");
    CHECK(world.unsettled() == "");
}

TEST_CASE("what was let into a namespace just before it began to end goes with it") {
    DaemonOptions one_by_one;
    one_by_one.batch_writes_max = 1;
    Scenario world(one_by_one);
    api::Namespace ns;
    ns.metadata.name = "team";
    world.request(request_create(world.daemon->objects(), api::Object(std::move(ns))));
    world.weather.disk_ms_max = 100;
    auto& objects = world.daemon->objects();
    world.daemon->clients().spawn(world.send(request_delete(objects, api::kind_of<api::Namespace>(), "", "team", {})));
    world.daemon->clients().spawn(world.send(request_apply_config_map(objects, "team", "config", "text")));
    world.pass(60'000);
    CHECK_FALSE(objects.get<api::Namespace>("team"));
    CHECK(world.unsettled() == "");
    CHECK(world.broken() == "");
}

TEST_CASE("a container that ends while a new daemon clears up takes no other container along") {
    Scenario world;
    api::Deployment web = deployment_of("web:1", 2);
    web.spec.template_.spec.containers.push_back(plain_container("side", "api:1"));
    world.create(web);
    world.pass(30'000);
    // One pod goes with the daemon, so that the next one has something to clear up, slowly.
    const auto gone = world.pods().at(0), stays = world.pods().at(1);
    objects::DeleteOptions now;
    now.grace_period_seconds = 0;
    world.weather.runtime_ms_max = 3'000;
    world.weather.event_ms_max = 0;
    world.request(request_delete(world.daemon->objects(), api::kind_of<api::Pod>(), "default", gone->metadata.name.str(), now),
                  5);
    world.kill_daemon(false);
    while (!world.daemon || !world.daemon->has_store()) world.pass(1);
    world.pass(5);
    REQUIRE(world.host.cgroups().contains(gone->metadata.uid.str()));  // it is at it
    const std::string uid = stays->metadata.uid.str();
    world.host.end(uid, *world.host.pods()[uid].find("main"), 1, 0, false);
    world.pass(120'000);
    CHECK(world.broken() == "");
    CHECK(world.unsettled() == "");
}

TEST_CASE("a pull that a lost supervisor interrupts is begun again") {
    Scenario world;
    api::Deployment web = deployment_of("web:1", 1);
    web.spec.template_.spec.containers.push_back(plain_container("side", "api:1"));
    world.host.images().insert("api:1");
    world.weather.pull_ms_max = 600'000;
    world.create(web);
    world.pass(2'000);
    REQUIRE(world.host.pods().size() == 1);
    world.host.lose_supervisor(world.host.pods().begin()->first);
    world.weather = Weather();
    world.pass(60'000);
    CHECK(world.unsettled() == "");
    CHECK(world.broken() == "");
}

TEST_CASE("a Job counts each of its pods once, whatever step its daemon dies at") {
    Scenario world;
    world.power_cuts_percent = 0;
    api::Job job;
    job.metadata.name = "sum";
    job.metadata.namespace_ = "default";
    job.spec.completions = 6;
    job.spec.parallelism = 2;
    job.spec.template_.spec.restart_policy = "Never";
    job.spec.template_.spec.containers.push_back(plain_container("main", "job:1"));
    world.request(request_create(world.daemon->objects(), api::Object(std::move(job))));
    for (int kill = 0; kill < 40; ++kill) {
        Disk::get().die_after(1 + kill % 7);
        world.pass(3'000);
        if (world.daemon && !Disk::get().dead()) world.kill_daemon(false);
        world.pass(2'000);
    }
    Disk::get().revive();
    world.pass(300'000);
    REQUIRE(world.ready());
    CHECK(world.daemon->objects().get<api::Job>("default", "sum")->status.succeeded == 6);
    CHECK(world.pods().size() == 6);
    CHECK(world.unsettled() == "");
    CHECK(world.broken() == "");
}

TEST_CASE("a sidecar ends after its container, also when the daemon dies between the two") {
    Scenario world;
    world.power_cuts_percent = 0;
    api::Deployment web = deployment_of("stubborn:1", 1);
    web.spec.template_.spec.termination_grace_period_seconds = 5;
    web.spec.template_.spec.init_containers.push_back(sidecar());
    world.create(web);
    world.pass(30'000);
    REQUIRE(world.unsettled() == "");
    const auto pod = world.pods().at(0);
    world.request(request_delete(world.daemon->objects(), api::kind_of<api::Pod>(), "default", pod->metadata.name.str(), {}));
    world.pass(1'000);
    HostPod& there = world.host.pods()[pod->metadata.uid.str()];
    REQUIRE(there.find("main")->asked_to_stop);  // and does not listen
    CHECK(!there.find("proxy")->asked_to_stop);
    world.kill_daemon(false);
    world.pass(60'000);
    REQUIRE(world.broken() == "");  // each signal was looked at: see Daemon::why_not_end_sidecar
    REQUIRE(world.ready());
    CHECK(!world.host.pods().contains(pod->metadata.uid.str()));
    CHECK(world.unsettled() == "");
}

namespace {

/// A Deployment of containers that request a tenth of a core each, and an autoscaler that wants half of that used.
struct Autoscaled : Scenario {
    Autoscaled() {
        api::Deployment web = deployment_of("web:1", 2);
        web.spec.template_.spec.containers[0].resources.requests["cpu"] = api::Quantity::from_milli(100);
        create(std::move(web));
        api::HorizontalPodAutoscaler hpa;
        hpa.metadata.name = "web";
        hpa.metadata.namespace_ = "default";
        hpa.spec.scale_target_ref.kind = "Deployment";
        hpa.spec.scale_target_ref.name = "web";
        hpa.spec.scale_target_ref.api_version = "apps/v1";
        hpa.spec.min_replicas = 2;
        hpa.spec.max_replicas = 9;
        api::MetricSpec metric;
        metric.type = "Resource";
        metric.resource.ensure().name = "cpu";
        metric.resource->target.type = "Utilization";
        metric.resource->target.average_utilization = 50;
        hpa.spec.metrics.push_back(std::move(metric));
        request(request_create(daemon->objects(), api::Object(std::move(hpa))));
    }
    int32_t replicas() { return *daemon->objects().get<api::Deployment>("default", "web")->spec.replicas; }
    /// The numbers that the Deployment has one after the other; each is within the bounds.
    std::vector<int32_t> follow(int64_t minutes) {
        std::vector<int32_t> numbers = {replicas()};
        for (int64_t second = 0; second < minutes * 60; ++second) {
            pass(1'000);
            if (!ready()) continue;
            const int32_t now = replicas();
            CHECK(now >= 2);
            CHECK(now <= 9);
            if (now != numbers.back()) numbers.push_back(now);
        }
        return numbers;
    }
};

}  // namespace

TEST_CASE("an autoscaler follows a steady load without going back and forth") {
    Autoscaled world;
    CHECK(world.follow(10) == std::vector<int32_t>{2});
    world.host.set_load("web:1", 330);
    const auto up = world.follow(30);
    INFO(Catch::rangeToString(up));
    CHECK(std::is_sorted(up.begin(), up.end()));
    CHECK(up.size() <= 4);
    CHECK(up.back() == 7);
    CHECK(world.unsettled() == "");
    world.host.set_load("web:1", 2'000);
    CHECK(world.follow(10).back() == 9);
    world.host.set_load("web:1", 0);
    const auto down = world.follow(10);
    CHECK(down == std::vector<int32_t>{9, 2});
    CHECK(world.unsettled() == "");
    CHECK(world.broken() == "");
}

TEST_CASE("an autoscaler outlives kills, power cuts and clocks that jump") {
    Autoscaled world;
    world.host.set_load("web:1", 330);
    CHECK(world.follow(20).back() == 7);
    for (const bool power_cut : {false, true}) {
        world.kill_daemon(power_cut);
        CHECK(world.wait_ready());
        CHECK(world.follow(15).back() == 7);
    }
    // A year back, then where it was: neither does anything.
    for (const int64_t offset_s : {1'700'000'000 - 31'536'000, 1'700'000'000}) {
        world.clock.set_wall_offset_s(offset_s);
        CHECK(world.follow(15) == std::vector<int32_t>{7});
    }
    world.clock.set_wall_offset_s(1'700'000'000 - 31'536'000);
    world.host.set_load("web:1", 2'000);
    CHECK(world.follow(5).back() == 9);
    CHECK(world.broken() == "");
}

TEST_CASE("an autoscaler's bounds hold while somebody else writes the number, or takes the target away") {
    Autoscaled world;
    world.pass(30'000);
    for (const int32_t written : {1, 30}) {
        std::function<void(api::Deployment&)> edit = [written](api::Deployment& one) { one.spec.replicas = written; };
        world.request(request_edit<api::Deployment>(world.daemon->objects(), "default", "web", std::move(edit)));
        world.pass(20'000);
        CHECK(world.replicas() >= 2);
        CHECK(world.replicas() <= 9);
    }
    world.request(request_delete(world.daemon->objects(), api::kind_of<api::Deployment>(), "default", "web", {}));
    world.pass(120'000);
    const auto hpa = world.daemon->objects().get<api::HorizontalPodAutoscaler>("default", "web");
    CHECK(hpa->status.conditions[0].reason == "FailedGetScale");
    CHECK(world.unsettled() == "");
    CHECK(world.broken() == "");
}
