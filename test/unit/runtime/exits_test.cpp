#include "exits.hpp"

#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::runtime;

namespace {

/// Nothing but what a test says of the OOM killer, and what was killed.
class NoCgroups final : public Cgroups {
  public:
    Result<void> create(const std::string&, const CgroupSettings&) override { return ok(); }
    Result<void> update(const std::string&, const Resources&) override { return ok(); }
    std::vector<std::string> join_files(const std::string&) const override { return {}; }
    std::string birth_directory(const std::string&) const override { return ""; }
    Result<void> kill(const std::string& path) override {
        killed.push_back(path);
        return ok();
    }
    void thaw(const std::string&) override {}
    Result<bool> remove(const std::string&) override { return true; }
    bool has_processes(const std::string&) const override { return false; }
    std::vector<int> processes(const std::string&) const override { return {}; }
    uint64_t read_oom_kills(const std::string&) const override { return oom_kills; }
    std::optional<UsageSample> read_usage(const std::string&) const override { return std::nullopt; }
    std::optional<UsageSample> read_node_usage() const override { return std::nullopt; }
    std::vector<std::string> list(const std::string&) const override { return {}; }
    bool unified() const override { return true; }
    std::vector<std::string> controllers() const override { return {}; }
    const std::string& root() const override { return root_; }

    std::vector<std::string> killed;
    uint64_t oom_kills = 0;

  private:
    std::string root_ = "/";
};

struct PodWithExits {
    PodWithExits() {
        pods.on_change([this](const std::string& id) { told.push_back(id); });
        pod->record.cgroup = "/pods/pod";
        pod->record.facts.dir = pods.dir("pod");
    }
    ContainerEntry& add(uint32_t handle) {
        ContainerEntry& container = pod->containers.emplace_back();
        container.handle = handle;
        container.state.id = "web-" + std::to_string(handle);
        container.state.pid = 100;
        return container;
    }
    test::FakeClock clock;
    loop::Loop loop{clock};
    NoCgroups cgroups;
    PodTable pods{loop, std::filesystem::temp_directory_path() / "orilla-exits-test"};
    Exits exits{loop, cgroups, pods};
    PodPtr pod = pods.add("pod");
    std::vector<std::string> told;
};

}  // namespace

TEST_CASE("Exits: what a container ended with is its state, and is told once") {
    PodWithExits world;
    ContainerEntry& container = world.add(1);
    world.exits.note(*world.pod, 1, {3, 0, 42});
    CHECK(container.state.phase == ContainerPhase::exited);
    CHECK(container.state.pid == 0);
    CHECK(container.state.exit_code == 3);
    CHECK(container.state.finished_wall_ns == 42);
    CHECK(world.told == std::vector<std::string>{"pod"});
    world.exits.settle(*world.pod, container, {9, 0, 43});
    CHECK(container.state.exit_code == 3);
}

TEST_CASE("Exits: an end that comes before its start is known waits for it, but not with thousands of others") {
    PodWithExits world;
    world.exits.note(*world.pod, 7, {1, 0, 42});
    CHECK(world.told.empty());
    ContainerEntry& container = world.add(7);
    world.exits.settle_early(*world.pod, container);
    CHECK(container.state.exit_code == 1);
    CHECK(world.pod->early_exits.empty());
    // Whoever started it hears of the start before.
    CHECK(world.told.empty());
    world.loop.turn(false);
    CHECK(world.told == std::vector<std::string>{"pod"});
    for (uint32_t handle = 10; handle < 5'000; ++handle) world.exits.note(*world.pod, handle, {});
    CHECK(world.pod->early_exits.size() < 1'000);
    CHECK(world.pod->early_exits.contains(4'999));
}

TEST_CASE("Exits: only what SIGKILL ended was killed for its memory") {
    PodWithExits world;
    world.cgroups.oom_kills = 1;
    world.add(1);
    world.add(2);
    world.exits.note(*world.pod, 1, {128 + SIGKILL, SIGKILL, 0});
    world.exits.note(*world.pod, 2, {1, 0, 0});
    CHECK(world.pod->find(uint32_t{1})->state.oom_killed);
    CHECK_FALSE(world.pod->find(uint32_t{2})->state.oom_killed);
}

TEST_CASE("Exits: in a shared process namespace the rest of a container is killed") {
    PodWithExits world;
    world.add(1);
    world.add(2);
    world.exits.note(*world.pod, 1, {});
    CHECK(world.cgroups.killed.empty());
    world.pod->record.facts.share_process_namespace = true;
    world.exits.note(*world.pod, 2, {});
    CHECK(world.cgroups.killed == std::vector<std::string>{"/pods/pod/web-2"});
}

TEST_CASE("Exits: what a lost supervisor recorded is true, and what still ran was killed") {
    PodWithExits world;
    std::filesystem::create_directories(world.pod->dir());
    auto state = std::make_unique<supervisor::StateFile>();
    state->magic = supervisor::state_magic;
    state->records[0] = {.id = "web-1", .phase = supervisor::RecordPhase::exited, .handle = 1, .exit_code = 5};
    state->records[1] = {.id = "web-2", .phase = supervisor::RecordPhase::running, .handle = 2, .pid = 77};
    state->records[2] = {.scratch_dir = "/scratch/coming", .phase = supervisor::RecordPhase::running, .handle = 3};
    std::ofstream(world.pod->dir() + "/state").write(reinterpret_cast<const char*>(state.get()), sizeof *state);
    world.pod->starting.insert("/scratch/coming");
    world.exits.read_records(*world.pod);
    std::filesystem::remove_all(world.pod->dir());
    // One that is being started is told by the answer to its start.
    REQUIRE(world.pod->containers.size() == 2);
    CHECK(world.pod->containers[0].state.exit_code == 5);
    CHECK(world.pod->containers[1].state.pid == 77);
    world.exits.settle_lost(*world.pod);
    CHECK(world.pod->containers[0].state.exit_code == 5);
    CHECK(world.pod->containers[1].state.exit_code == 128 + SIGKILL);
}
