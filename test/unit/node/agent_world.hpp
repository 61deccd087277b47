// The pod agent on a store in memory and a world that the test plays: containers run until the test ends them, images
// are there or not. One pod, `p` in default, with one container, `c`.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "../../support/object_world.hpp"
#include "orilla/node/pod_agent.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/follower.hpp"

namespace orilla::test {

class FakeRuntime final : public node::RuntimePort {
  public:
    explicit FakeRuntime(Clock& clock) : clock_(clock) {}

    std::vector<node::SandboxState> observe() const override {
        std::vector<node::SandboxState> out;
        for (const auto& [uid, sandbox] : sandboxes_) out.push_back(sandbox);
        return out;
    }
    std::optional<node::SandboxState> observe_pod(const std::string& uid) const override {
        const auto found = sandboxes_.find(uid);
        return found == sandboxes_.end() ? std::nullopt : std::optional(found->second);
    }
    loop::Task<Result<std::string>> make_namespaces(std::string uid) override {
        namespaces.insert(uid);
        co_return "/made/" + uid;
    }
    loop::Task<Result<void>> create_pod(node::PodConfig config, std::string) override {
        last_pod = config;
        sandboxes_[config.uid] = {config.uid, true, {}};
        co_return ok();
    }
    loop::Task<Result<void>> start_container(node::ContainerConfig config) override {
        node::ContainerState state;
        state.name = config.name;
        state.attempt = config.attempt;
        state.phase = node::ContainerPhase::running;
        state.started_wall_s = clock_.wall_s();
        sandboxes_[config.pod_uid].containers.push_back(state);
        images_started.push_back(config.image);
        last_config = std::move(config);
        co_return ok();
    }
    loop::Task<Result<void>> signal_container(std::string uid, std::string, int signal) override {
        end(uid, 128 + signal);
        co_return ok();
    }
    int stop_signal(const std::string&, const std::string&) const override { return 15; }
    Result<void> note_stop(const std::string& uid, const std::string&, int, node::StopProgress stop) override {
        sandboxes_[uid].containers.back().stop = stop;
        return ok();
    }
    bool has_exec(const std::string&, const std::string&) const override { return false; }
    loop::Task<Result<node::ExecResult>> exec(std::string, std::string, std::vector<std::string>, int64_t) override {
        co_return node::ExecResult{exec_exit_code, "what it printed"};
    }
    loop::Task<Result<void>> remove_container(std::string, std::string, int) override { co_return ok(); }
    loop::Task<Result<void>> remove_pod(std::string uid) override {
        sandboxes_.erase(uid);
        namespaces.erase(uid);
        co_return ok();
    }
    loop::Task<Result<void>> remove_tree(std::string) override { co_return ok(); }
    void on_change(std::function<void(const std::string&)> listener) override { listener_ = std::move(listener); }

    void end(const std::string& uid, int exit_code) {
        node::ContainerState& state = sandboxes_[uid].containers.back();
        state.phase = node::ContainerPhase::exited;
        state.exit_code = exit_code;
        state.finished_wall_s = clock_.wall_s();
        listener_(uid);
    }

    std::vector<std::string> images_started;
    std::set<std::string> namespaces;  ///< pods that have some of their own
    node::PodConfig last_pod;
    node::ContainerConfig last_config;  ///< of the container that was started last
    int exec_exit_code = 0;

  private:
    Clock& clock_;
    std::map<std::string, node::SandboxState> sandboxes_;
    std::function<void(const std::string&)> listener_;
};

class FakeImages final : public node::ImagesPort {
  public:
    std::optional<node::ImageFacts> find(const std::string& name) const override {
        if (!here.contains(name)) return std::nullopt;
        return node::ImageFacts{name + "@sha256:1", "", 1, {name}};
    }
    Result<void> check_name(const std::string& name) const override {
        if (name.find(' ') == std::string::npos) return ok();
        return Error(Code::invalid, "invalid reference format");
    }
    loop::Task<Result<node::ImageFacts>> pull(std::string, std::vector<std::string>) override {
        ++pulls;
        co_return Error(Code::unavailable, "GET https://r/v2/: Connection timed out");
    }
    std::set<std::string> here;
    int pulls = 0;
};

class FakeNetwork final : public node::NetworkPort {
  public:
    loop::Task<Result<node::PodNetwork>> attach(std::string uid, std::vector<node::HostPort>, std::string network_namespace) override {
        in_namespace = std::move(network_namespace);
        if (fails) co_return Error(Code::unavailable, "no free pod address left");
        attached.insert(uid);
        co_return node::PodNetwork{"10.42.0.5", "/ns"};
    }
    loop::Task<Result<void>> detach(std::string uid) override {
        attached.erase(uid);
        co_return ok();
    }
    std::optional<node::PodNetwork> find(const std::string& uid) const override {
        return attached.contains(uid) ? std::optional(node::PodNetwork{"10.42.0.5", "/ns"}) : std::nullopt;
    }
    std::set<std::string> attached;
    std::string in_namespace;  ///< that the last pod brought along
    bool fails = false;
    std::string node_ip() const override { return "10.42.0.1"; }
    std::string dns_ip() const override { return "10.43.0.10"; }
};

struct AgentWorld : ObjectWorld {
    AgentWorld() {
        follower.start();
        agent->start();
        settle();
    }
    /// The next daemon, on the same store, runtime and disk.
    void restart_daemon() {
        agent.reset();
        agent = make_agent();
        agent->start();
        settle();
    }
    ~AgentWorld() { std::filesystem::remove_all(dir); }

    api::Pod pod_with(const char* image, const char* policy = "Always") {
        api::Pod pod;
        pod.metadata.name = "p";
        pod.metadata.namespace_ = "default";
        pod.spec.node_name = "box";
        pod.spec.restart_policy = policy;
        auto& container = pod.spec.containers.emplace_back();
        container.name = "c";
        container.image = image;
        container.image_pull_policy = "IfNotPresent";
        return pod;
    }
    void add(api::Pod pod) {
        REQUIRE(run(objects.create<api::Pod>(std::move(pod))));
        settle();
    }
    void set_image(const char* image) {
        std::function<Result<void>(api::Pod&)> change = [image](api::Pod& pod) -> Result<void> {
            pod.spec.containers[0].image = image;
            return ok();
        };
        REQUIRE(run(objects.modify<api::Pod>("default", "p", std::move(change))));
        settle();
    }
    /// A file of a volume of the pod, as it is on the disk.
    std::string volume_file(const std::string& path) {
        std::ifstream in(dir + "/pods/" + pod()->metadata.uid.str() + "/volumes/" + path);
        return std::string(std::istreambuf_iterator<char>(in), {});
    }
    void end(int exit_code) {
        runtime.end(pod()->metadata.uid.str(), exit_code);
        settle();
    }
    std::shared_ptr<const api::Pod> pod() { return objects.get<api::Pod>("default", "p"); }
    /// What `kubectl get pods` shows, with the restarts.
    std::string shown() {
        const auto& status = pod()->status.container_statuses[0];
        std::string text = "Running";
        if (status.state.waiting) text = status.state.waiting->reason.str();
        if (status.state.terminated) text = status.state.terminated->reason.str();
        return text + " " + std::to_string(status.restart_count);
    }
    /// How often an event with this reason and message was recorded.
    int told(std::string_view reason, std::string_view message) {
        int count = 0;
        for (const auto& event : objects.list<api::Event>("default"))
            if (event->reason == reason && event->message == message) count += event->count;
        return count;
    }

    std::string dir = (std::filesystem::temp_directory_path() / ("orilla-agent-" + std::to_string(getpid()))).string();
    FakeRuntime runtime{clock};
    FakeImages images;
    FakeNetwork network;
    objects::EventRecorder events{loop, objects, "box"};
    std::unique_ptr<node::PodAgent> make_agent() {
        return std::make_unique<node::PodAgent>(loop, objects, events, runtime, images, network,
                                                node::PodAgentOptions{dir + "/pods", dir + "/logs", "box", "cluster.local"});
    }
    std::unique_ptr<node::PodAgent> agent = make_agent();
    objects::Follower follower{loop, objects.store(), "pods", [this](const store::WatchEvent& event) {
        if (auto pod = objects.get<api::Pod>(event.entry->key.ns, event.entry->key.name))
            agent->pod_changed(event.entry->key.ns, event.entry->key.name, pod->metadata.uid.str());
    }};
};

}  // namespace orilla::test
