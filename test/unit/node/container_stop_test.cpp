#include "pod/container_stop.hpp"

#include <catch2/catch.hpp>

#include "agent_world.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {

/// Of one pod, which it is given as it is to be.
struct OnePod final : node::PodApi {
    std::shared_ptr<const api::Pod> find_pod(const node::PodKey&) const override { return pod; }
    std::vector<node::PodKey> list_pods() const override { return {}; }
    loop::Task<Result<void>> write_status(node::PodKey, api::PodStatus) override { co_return ok(); }
    loop::Task<Result<void>> finish_delete(node::PodKey) override { co_return ok(); }
    void record_event(const node::PodKey&, std::string_view, std::string_view, std::string_view reason,
                      std::string_view message) override {
        told.push_back(std::string(reason) + ": " + std::string(message));
    }
    loop::Task<node::EnvSources> read_sources(std::shared_ptr<const api::Pod>) override { co_return node::EnvSources(); }
    std::shared_ptr<const api::Pod> pod;
    std::vector<std::string> told;
};

struct StopWorld {
    StopWorld() {
        clock.advance_ms(60'000);
        runtime.on_change([this](const std::string&) { pod.wake(); });
        runtime::PodSandboxSpec sandbox;
        sandbox.id = "uid";
        REQUIRE(await(loop, runtime.create_pod(std::move(sandbox))));
        start_container("c");
        desired.spec.containers.emplace_back().name = "c";
        follow();
    }
    api::LifecycleHandler& pre_stop() { return desired.spec.containers[0].lifecycle.ensure().pre_stop.ensure(); }
    void follow() { api.pod = std::make_shared<const api::Pod>(desired); }
    void start_container(const std::string& name) {
        runtime::ContainerSpec spec;
        spec.id = name + "-0";
        spec.name = name;
        spec.layers = {"a:1"};
        REQUIRE(await(loop, runtime.start_container("uid", std::move(spec))));
    }
    void begin(int64_t grace_s = 30, std::vector<std::string> after = {}) {
        follow();
        stop.begin(&desired, {"c", grace_s, "Stopping container c", std::move(after)});
        pass(0);
    }
    /// The stop signal comes then and not before, and SIGKILL two seconds later.
    void check_ends_after(int64_t ms) {
        pass(ms - 1);
        CHECK(runtime.signals.empty());
        pass(1);
        CHECK(runtime.signals == Signals{SIGTERM});
        pass(1'999);
        CHECK(runtime.signals.size() == 1);
        pass(1);
        CHECK(runtime.signals.back() == SIGKILL);
    }
    void pass(int64_t ms) { test::pass(loop, clock, ms); }
    using Signals = std::vector<int>;
    using Told = std::vector<std::string>;

    FakeClock clock;
    loop::Loop loop{clock};
    OnePod api;
    FakeRuntime runtime{clock};
    FakeImages images;
    FakeLinks links;
    NoRules rules;
    loop::InlineExecutor files{loop};
    node::AgentContext agent{loop, api, {runtime, images, links, rules, files, files}, {}, [](const std::string&, int64_t) {}};
    node::AgentPod pod{agent, {"default", "p", "uid"}};
    node::AgentContainer me{pod, "c"};
    node::ContainerStop stop{me};
    api::Pod desired;
};

}  // namespace

TEST_CASE("ContainerStop: the stop signal, and SIGKILL when the grace period is over") {
    StopWorld w;
    w.runtime.deaf = true;
    w.begin(30);
    CHECK(w.stop.under_way());
    CHECK(w.runtime.signals == StopWorld::Signals{SIGTERM});
    CHECK(w.api.told == StopWorld::Told{"Killing: Stopping container c"});
    w.pass(29'999);
    CHECK(w.runtime.signals.size() == 1);
    w.pass(1);
    CHECK(w.runtime.signals == StopWorld::Signals{SIGTERM, SIGKILL});
}

TEST_CASE("ContainerStop: without a grace period SIGKILL at once, and no hook") {
    StopWorld w;
    w.pre_stop().exec.ensure().command.emplace_back("x");
    w.begin(0);
    CHECK(w.runtime.execs == 0);
    CHECK(w.runtime.signals == StopWorld::Signals{SIGKILL});
}

TEST_CASE("ContainerStop: a second deletion shortens the grace period that runs") {
    StopWorld w;
    w.runtime.deaf = true;
    w.begin(30);
    w.pass(5'000);
    w.desired.metadata.deletion_timestamp = api::Time(1);
    w.desired.metadata.deletion_grace_period_seconds = 10;
    w.follow();
    w.pod.wake();
    w.pass(4'999);
    CHECK(w.runtime.signals.size() == 1);
    w.pass(1);
    CHECK(w.runtime.signals.back() == SIGKILL);
}

TEST_CASE("ContainerStop: a preStop hook comes first and is part of the grace period, but for two seconds") {
    StopWorld w;
    w.runtime.deaf = true;
    w.pre_stop().sleep.ensure().seconds = 60;
    w.begin(10);
    w.check_ends_after(10'000);
}

TEST_CASE("ContainerStop: the next daemon goes on where the one before was, and runs no hook twice") {
    StopWorld w;
    w.runtime.deaf = true;
    w.runtime.old_exec_runs = true;
    w.pre_stop().exec.ensure().command.emplace_back("x");
    const int64_t begun_ms = w.loop.now_ms() - 5'000;
    REQUIRE(w.runtime.note_stop("uid", "c-0", {.begun_ms = begun_ms, .hook_begun_ms = begun_ms, .grace_s = 20}));
    w.begin(30);
    CHECK(w.api.told.empty());
    w.pass(4'000);
    CHECK(w.runtime.signals.empty());
    w.runtime.old_exec_runs = false;
    w.pass(200);
    CHECK(w.runtime.execs == 0);
    CHECK(w.runtime.signals == StopWorld::Signals{SIGTERM});
    w.pass(10'799);
    CHECK(w.runtime.signals.size() == 1);
    w.pass(1);
    CHECK(w.runtime.signals.back() == SIGKILL);
}

TEST_CASE("ContainerStop: a signal that the one before sent is not sent again") {
    StopWorld w;
    w.runtime.deaf = true;
    const int64_t begun_ms = w.loop.now_ms() - 5'000;
    REQUIRE(w.runtime.note_stop("uid", "c-0", {.begun_ms = begun_ms, .signalled_ms = begun_ms, .grace_s = 20}));
    w.begin(30);
    w.pass(14'999);
    CHECK(w.runtime.signals.empty());
    w.pass(1);
    CHECK(w.runtime.signals == StopWorld::Signals{SIGKILL});
}

TEST_CASE("ContainerStop: one that is abandoned sends nothing any more") {
    StopWorld w;
    w.runtime.deaf = true;
    w.begin(30);
    w.stop.abandon();
    CHECK_FALSE(w.stop.under_way());
    w.pass(60'000);
    CHECK(w.runtime.signals == StopWorld::Signals{SIGTERM});
}

TEST_CASE("ContainerStop: a sidecar is signalled when those have ended that it was for") {
    StopWorld w;
    w.runtime.deaf = true;
    w.start_container("main");
    w.begin(30, {"main"});
    CHECK(w.runtime.signals.empty());
    w.pass(10'000);
    CHECK(w.runtime.signals.empty());
    w.runtime.end("uid", "main-0", 0);
    w.pass(0);
    CHECK(w.runtime.signalled == std::vector<std::string>{"c-0"});
    CHECK(w.runtime.signals == StopWorld::Signals{SIGTERM});
    w.pass(19'999);  // the grace period is the pod's
    CHECK(w.runtime.signals.size() == 1);
    w.pass(1);
    CHECK(w.runtime.signals.back() == SIGKILL);
}

TEST_CASE("ContainerStop: a sidecar whose turn never comes gets two seconds after the grace period") {
    StopWorld w;
    w.runtime.deaf = true;
    w.start_container("main");
    w.begin(30, {"main"});
    w.check_ends_after(30'000);
}

TEST_CASE("ContainerStop: without a grace period a sidecar waits for nobody") {
    StopWorld w;
    w.start_container("main");
    w.begin(0, {"main"});
    CHECK(w.runtime.signals == StopWorld::Signals{SIGKILL});
}
