// The pod agent on a store in memory and a world that the test plays: containers run until the test ends them, images
// are there or not. One pod, `p` in default, with one container, `c`.
#pragma once

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "../../support/no_rules.hpp"
#include "../../support/object_world.hpp"
#include "orilla/node/pod_agent.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/feed.hpp"

namespace orilla::test {

class FakeRuntime final : public runtime::PodRuntime {
  public:
    explicit FakeRuntime(Clock& clock) : clock_(clock) {}

    std::vector<runtime::PodState> pods() const override {
        std::vector<runtime::PodState> out;
        for (const auto& [uid, sandbox] : sandboxes_) out.push_back(sandbox);
        return out;
    }
    std::optional<runtime::PodState> find_pod(const std::string& uid) const override {
        const auto found = sandboxes_.find(uid);
        return found == sandboxes_.end() ? std::nullopt : std::optional(found->second);
    }
    void on_change(std::function<void(const std::string&)> listener) override { listener_ = std::move(listener); }
    loop::Task<Result<std::string>> make_namespaces(std::string uid) override {
        namespaces.insert(uid);
        co_return "/made/" + uid;
    }
    loop::Task<Result<void>> create_pod(runtime::PodSandboxSpec spec) override {
        last_pod = spec;
        sandboxes_[spec.id] = {.id = spec.id, .alive = true, .created_ms = 0};
        co_return ok();
    }
    loop::Task<Result<runtime::ContainerState>> start_container(std::string uid, runtime::ContainerSpec spec) override {
        runtime::ContainerState state;
        state.id = spec.id;
        state.name = spec.name;
        state.attempt = runtime::attempt_of(spec.id);
        state.started_wall_ns = clock_.wall_ns();
        sandboxes_[uid].containers.push_back(state);
        images_started.push_back(spec.layers.at(0));
        last_spec = std::move(spec);
        co_return state;
    }
    loop::Task<Result<void>> signal_container(std::string uid, std::string id, int signal) override {
        signals.push_back(signal);
        signalled.push_back(id);
        if (!deaf || signal == SIGKILL) end(uid, id, 128 + signal);
        co_return ok();
    }
    Result<void> note_stop(const std::string& uid, const std::string& id, const runtime::StopProgress& stop) override {
        find(uid, id).stop = stop;
        return ok();
    }
    loop::Task<Result<void>> update_resources(std::string, std::string id, runtime::Resources resources) override {
        if (!update_error.empty()) co_return Error(Code::unavailable, update_error);
        updates.emplace_back(id, resources);
        co_return ok();
    }
    bool has_exec(const std::string&, const std::string&) const override { return old_exec_runs; }
    loop::Task<Result<runtime::ExecOutcome>> exec(std::string, std::string, std::vector<std::string>, int64_t,
                                                  size_t) override {
        ++execs;
        co_return runtime::ExecOutcome{exec_exit_code, "what it printed"};
    }
    loop::Task<Result<void>> remove_container(std::string, std::string) override { co_return ok(); }
    loop::Task<Result<void>> remove_pod(std::string uid) override {
        sandboxes_.erase(uid);
        namespaces.erase(uid);
        co_return ok();
    }
    loop::Task<std::vector<std::optional<runtime::UsageSample>>> read_usage(std::vector<runtime::UsageOf> which) override {
        std::vector<std::optional<runtime::UsageSample>> samples;
        for (const auto& one : which) {
            const auto found = used.find(one.pod_id + "/" + one.container_id);
            samples.push_back(found == used.end() ? std::nullopt : std::optional(found->second));
            if (samples.back()) samples.back()->taken_ns = clock_.monotonic_ns();
        }
        measured += which.size();
        co_return samples;
    }
    loop::Task<Result<void>> remove_tree(std::string) override { co_return ok(); }
    loop::Task<Result<void>> collect_garbage(std::vector<std::string>) override { co_return ok(); }

    /// That which was started last.
    void end(const std::string& uid, int exit_code) { end(uid, sandboxes_[uid].containers.back().id, exit_code); }
    void end(const std::string& uid, const std::string& id, int exit_code) {
        runtime::ContainerState& state = find(uid, id);
        state.phase = runtime::ContainerPhase::exited;
        state.exit_code = exit_code;
        state.finished_wall_ns = clock_.wall_ns();
        listener_(uid);
    }

    std::vector<std::string> images_started;
    std::set<std::string> namespaces;  ///< pods that have some of their own
    runtime::PodSandboxSpec last_pod;
    runtime::ContainerSpec last_spec;  ///< of the container that was started last
    int exec_exit_code = 0;
    int execs = 0;
    bool old_exec_runs = false;                                       ///< one of an earlier daemon
    std::vector<std::pair<std::string, runtime::Resources>> updates;  ///< attempts; "": the pod
    std::string update_error;
    std::vector<int> signals;
    std::vector<std::string> signalled;                ///< attempts, beside `signals`
    bool deaf = false;                                 ///< only SIGKILL ends a container
    std::map<std::string, runtime::UsageSample> used;  ///< by POD/CONTAINER; "/": the node
    size_t measured = 0;                               ///< containers that were looked at

  private:
    runtime::ContainerState& find(const std::string& uid, const std::string& id) {
        auto& all = sandboxes_[uid].containers;
        return *std::ranges::find(all, id, &runtime::ContainerState::id);
    }

    Clock& clock_;
    std::map<std::string, runtime::PodState> sandboxes_;
    std::function<void(const std::string&)> listener_;
};

/// An image's only layer is its name.
class FakeImages final : public images::PodImages {
  public:
    const images::Image* find(std::string_view name) const override {
        const std::string text(name);
        if (!here.contains(text)) return nullptr;
        images::Image& image = told_[text];
        image.id = text;
        image.repo_digests = {text + "@sha256:1"};
        image.config.entrypoint = {"run"};
        return &image;
    }
    std::vector<std::string> layer_paths(const images::Image& image) const override { return {image.id}; }
    loop::Task<Result<images::Image>> pull(images::PullRequest) override {
        ++pulls;
        co_return Error(Code::unavailable, "GET https://r/v2/: Connection timed out");
    }
    std::set<std::string> here;
    int pulls = 0;

  private:
    mutable std::map<std::string, images::Image> told_;
};

class FakeLinks final : public network::PodLinks {
  public:
    loop::Task<Result<network::PodLink>> attach(std::string uid) override {
        CO_RETURN_AWAIT(attach_namespace(std::move(uid), ""));
    }
    loop::Task<Result<network::PodLink>> attach_namespace(std::string uid, std::string netns_path) override {
        in_namespace = std::move(netns_path);
        if (fails) co_return Error(Code::unavailable, "no free pod address left");
        attached.insert(uid);
        co_return *find(uid);
    }
    loop::Task<Result<void>> detach(std::string uid) override {
        attached.erase(uid);
        co_return ok();
    }
    loop::Task<Result<void>> keep_only(std::vector<std::string>) override { co_return ok(); }
    std::optional<network::PodLink> find(const std::string& uid) const override {
        if (!attached.contains(uid)) return std::nullopt;
        return network::PodLink{uid, *parse_ipv4("10.42.0.5"), "/ns"};
    }
    Ipv4 gateway() const override { return *parse_ipv4("10.43.0.10"); }
    std::set<std::string> attached;
    std::string in_namespace;  ///< that the last pod brought along
    bool fails = false;
};

/// Does jobs at once, but keeps the next ones that are to hang until they are let go.
class HangingExecutor final : public loop::Executor {
  public:
    explicit HangingExecutor(loop::Loop& loop) : loop_(loop) {}
    void submit(std::function<void()> job, std::function<void()> done) override {
        if (hang_next > 0) {
            --hang_next;
            hanging_.push_back({std::move(job), std::move(done)});
            return;
        }
        job();
        loop_.post(std::move(done));
    }
    void let_go() {
        for (auto& [job, done] : std::exchange(hanging_, {})) {
            job();
            loop_.post(std::move(done));
        }
    }
    int hang_next = 0;

  private:
    loop::Loop& loop_;
    std::vector<std::pair<std::function<void()>, std::function<void()>>> hanging_;
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
    FakeLinks network;
    test::NoRules rules;
    HangingExecutor files{loop}, places{loop};
    objects::EventRecorder events{loop, objects, "box"};
    std::unique_ptr<node::PodAgent> make_agent() {
        const node::PodPorts ports{runtime, images, network, rules, files, places};
        node::PodAgentOptions options;
        options.pods_dir = dir + "/pods";
        options.logs_dir = dir + "/logs";
        options.node_name = "box";
        options.node_ip = "10.42.0.1";
        options.cluster_domain = "cluster.local";
        return std::make_unique<node::PodAgent>(loop, objects, events, ports, std::move(options));
    }
    std::unique_ptr<node::PodAgent> agent = make_agent();
    objects::Follower follower{objects, api::kind_of<api::Pod>(), [this](const store::WatchEvent& event) {
                                   if (auto pod = objects.get<api::Pod>(event.entry->key.ns, event.entry->key.name))
                                       agent->pod_changed(event.entry->key.ns, event.entry->key.name, pod->metadata.uid.str());
                               }};
};

}  // namespace orilla::test
