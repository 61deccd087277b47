#include "orilla/node/pod_agent.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "orilla/base/file_system.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "pod/pod_memory.hpp"
#include "pod/pod_observe.hpp"
#include "pod/pod_plan.hpp"
#include "pod/store_pod_api.hpp"
#include "volumes/volumes.hpp"

namespace orilla::node {
namespace {

bool refers_to(const api::Pod& pod, const std::string& source) {
    const SourceNames names = find_source_names(pod.spec);
    return names.config_maps.count(source) || names.secrets.count(source);
}

/// NAMESPACE_NAME_UID, as log_dir makes it; none of the three contains an underscore.
std::optional<PodKey> parse_log_dir(const std::string& name) {
    const size_t first = name.find('_'), last = name.rfind('_');
    if (first == std::string::npos || first == last) return std::nullopt;
    return PodKey{name.substr(0, first), name.substr(first + 1, last - first - 1), name.substr(last + 1)};
}

void tell_back_off(const AgentContainer& me, const std::string& image, bool of_pull) {
    if (of_pull) {
        me.tell("Normal", "BackOff", fmt::format("Back-off pulling image \"{}\"", image));
        return me.tell("Warning", "Failed", "Error: ImagePullBackOff");
    }
    const PodKey& key = me.pod.key;
    me.tell("Warning", "BackOff",
            fmt::format("Back-off restarting failed container {} in pod {}_{}({})", me.name, key.name, key.ns, key.uid));
}

/// What its spec names by now, and what is waited for.
void follow_back_offs(PodMemory& memory, const api::Pod& pod) {
    for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers}) {
        for (const auto& spec : *list) {
            ContainerMemory& own = memory.container(spec.name.str());
            if (own.back_off.follow_definition(spec.image.view())) own.image.forget();
            const auto begun = own.back_off.follow(memory.me.now_ms());
            if (begun == ContainerBackOff::Begun::nothing || pod.metadata.deletion_timestamp.set) continue;
            tell_back_off(own.me, spec.image.str(), begun == ContainerBackOff::Begun::of_pull);
        }
    }
}

/// When the first failure of the pod becomes a back-off; `otherwise` when none is about to.
int64_t failure_shown_until_ms(const PodMemory& memory, int64_t otherwise) {
    int64_t at_ms = otherwise;
    for (const auto& [name, own] : memory.containers)
        at_ms = std::min(at_ms, own.back_off.shown_until_ms(memory.me.now_ms()).value_or(at_ms));
    return at_ms;
}

void tell_deadline(PodMemory& memory, const api::Pod& pod, const PodObserved& seen) {
    const bool over = api::is_finished(pod);
    if (!seen.deadline_exceeded || memory.deadline_told || over || pod.metadata.deletion_timestamp.set) return;
    memory.deadline_told = true;
    memory.me.tell("", "Normal", "DeadlineExceeded", deadline_message);
}

/// Beside the pod's turns, from when its sandbox is there.
void follow_storage(PodMemory& memory, const api::Pod& pod, const PodObserved& seen) {
    const bool over = api::is_finished(pod) || pod.metadata.deletion_timestamp.set || !seen.sandbox_alive;
    if (over) return memory.storage.reset();
    if (memory.storage || !seen.eviction.empty()) return;
    StorageLimits limits = plan_storage_limits(pod.spec);
    if (!limits.empty()) memory.storage = std::make_unique<PodStorage>(memory.me, std::move(limits));
}

/// Once: what the status says was told before.
void tell_eviction(const PodMemory& memory, const api::Pod& pod, const PodObserved& seen) {
    if (seen.eviction.empty() || pod.metadata.deletion_timestamp.set || api::is_finished(pod)) return;
    const auto* condition = api::find_pod_condition(pod, "DisruptionTarget");
    if (!condition || condition->reason != eviction_reason) memory.me.tell("", "Warning", "Evicted", seen.eviction);
}

/// Of containers that have just ended without a message, where that falls back to the log.
loop::Task<void> read_last_words(PodMemory& memory, PodObserved& seen) {
    const AgentContext& agent = memory.me.agent;
    for (auto* list : {&seen.init, &seen.containers}) {
        for (auto& container : *list) {
            LastWords& words = memory.container(container.name).last_words;
            AWAIT(const bool read, words.read(agent.ports.files, agent.loop));
            if (read && container.current && container.current->termination_message.empty())
                container.current->termination_message = words.text();
        }
    }
}

loop::Task<Result<void>> write_status(const AgentPod& me, std::shared_ptr<const api::Pod> pod, const PodObserved& seen) {
    api::PodStatus status = summarise_pod(*pod, seen, me.agent.loop.clock().wall_s());
    if (status == pod->status) co_return ok();
    AWAIT(auto written, me.agent.api.write_status(me.key, std::move(status)));
    if (!written && written.error().code() != Code::not_found && written.error().code() != Code::conflict)
        co_return std::move(written).error().with_context("write the status");
    co_return ok();
}

loop::Task<Result<void>> tear_down(PodMemory& memory) {
    memory.abandon();
    CO_TRY_VOID(memory.sandbox.tear_down());
    memory.volumes.forget();
    co_return ok();
}

loop::Task<Result<void>> remove_files(PodMemory& memory) {
    memory.abandon();
    CO_RETURN_AWAIT(memory.volumes.remove());
}

void stop_container(ContainerMemory& own, const api::Pod* pod, const StopContainer& action) {
    own.probes.refuse_traffic();
    own.stop.begin(pod, action);
}

loop::Task<Result<void>> start_container(ContainerMemory& own, std::shared_ptr<const api::Pod> pod, int attempt) {
    own.stop.conclude();
    return own.start.run(std::move(pod), attempt);
}

loop::Task<Result<void>> start_given(PodMemory& memory, std::shared_ptr<const api::Pod> pod, StartContainer start) {
    CO_TRY_VOID(start_container(memory.container(start.container), pod, start.attempt));
    memory.resize.note_started(*pod, start.container);
    co_return ok();
}

/// One idempotent step. No choices here but what the kernel or the API leaves open.
loop::Task<Result<void>> apply(PodMemory& memory, std::shared_ptr<const api::Pod> pod, PodAction action) {
    loop::Task<Result<void>> task;
    if (std::holds_alternative<PrepareVolumes>(action)) {
        task = memory.volumes.prepare(pod);
    } else if (std::holds_alternative<SetUpSandbox>(action)) {
        task = memory.sandbox.set_up(pod);
    } else if (const auto* start = std::get_if<StartContainer>(&action)) {
        task = start_given(memory, pod, *start);
    } else if (auto* resize = std::get_if<ResizePod>(&action)) {
        task = memory.resize.run(pod, std::move(resize->containers), resize->restarts_left);
    } else if (std::holds_alternative<TearDownSandbox>(action)) {
        task = tear_down(memory);
    } else if (std::holds_alternative<RemovePodFiles>(action)) {
        task = remove_files(memory);
    } else if (std::holds_alternative<FinishDelete>(action)) {
        task = memory.me.agent.api.finish_delete(memory.me.key);
    } else {
        if (const auto* image = std::get_if<EnsureImage>(&action))
            memory.container(image->container).image.ensure(*find_container(*pod, image->container));
        if (const auto* stop = std::get_if<StopContainer>(&action))
            stop_container(memory.container(stop->container), pod.get(), *stop);
        co_return ok();
    }
    co_return co_await std::move(task);
}

}  // namespace

class PodAgent::Impl final : public loop::Reconciler {
  public:
    Impl(loop::Loop& loop, PodApi& api, PodPorts ports, PodAgentOptions options);
    /// The runtime outlives the agent and has nobody to tell then.
    ~Impl() { agent_.ports.runtime.on_change(nullptr); }

    void start();
    void wake(const std::string& uid);
    PodMemory& remember(const PodKey& key);
    void source_changed(const std::string& ns, const std::string& name);
    std::vector<std::string> images_in_use() const;
    loop::Task<Result<loop::Outcome>> reconcile(std::string uid) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    loop::Task<Result<PodObserved>> look(PodMemory& memory, std::shared_ptr<const api::Pod> pod);
    loop::Task<void> find_left_behind();
    void forget(const std::string& uid) {
        room_.drop(uid);
        pods_.erase(uid);
    }

    const AgentContext agent_;
    NodeRoom room_{[this](const std::string& uid) { worker_.queue().add(uid); }};
    std::unordered_map<std::string, std::unique_ptr<PodMemory>> pods_;
    loop::Worker worker_;
    loop::Scope scope_;
};

PodAgent::Impl::Impl(loop::Loop& loop, PodApi& api, PodPorts ports, PodAgentOptions options)
    : agent_{loop, api, ports, std::move(options),
             [this](const std::string& uid, int64_t delay_ms) { worker_.queue().add_after(uid, delay_ms); }},
      worker_(loop, *this, {.name = "pod", .concurrency = agent_.options.pods_parallel_max}),
      scope_(loop) {}

void PodAgent::Impl::wake(const std::string& uid) {
    if (auto found = pods_.find(uid); found != pods_.end()) found->second->me.wake();
    else worker_.queue().add(uid);
}

PodMemory& PodAgent::Impl::remember(const PodKey& key) {
    auto& slot = pods_[key.uid];
    if (!slot) slot = std::make_unique<PodMemory>(agent_, key);
    return *slot;
}

void PodAgent::Impl::start() {
    // Not earlier: a container that ends before its pod is known would look like one that belongs to no pod.
    agent_.ports.runtime.on_change([this](const std::string& uid) { wake(uid); });
    for (const auto& key : agent_.api.list_pods()) {
        remember(key);
        worker_.queue().add(key.uid);
        // Before anybody is judged by what the others have.
        if (const auto pod = agent_.api.find_pod(key); pod && !api::is_finished(*pod))
            room_.put(key.uid, compute_share(api::is_resizing(*pod) ? api::granted_spec(*pod) : pod->spec));
    }
    scope_.spawn(find_left_behind());
}

/// Sandboxes and directories whose pod is not ours any more. The name of a log directory tells whose it is.
loop::Task<void> PodAgent::Impl::find_left_behind() {
    using Names = std::pair<std::vector<std::string>, std::vector<std::string>>;
    auto listing = [pods = agent_.options.pods_dir, logs = agent_.options.logs_dir] {
        return Names{list_names(pods), list_names(logs)};
    };
    AWAIT(const Names names, loop::run_on(agent_.ports.files, agent_.loop, std::move(listing)));
    std::map<std::string, PodKey> found;
    for (const auto& pod : agent_.ports.runtime.pods()) found[pod.id] = {"", "", pod.id};
    for (const auto& uid : names.first) found[uid] = {"", "", uid};
    for (const auto& name : names.second)
        if (auto key = parse_log_dir(name)) found[key->uid] = std::move(*key);
    for (const auto& [uid, key] : found) {
        if (pods_.contains(uid)) continue;
        remember(key);
        worker_.queue().add(uid);
    }
}

void PodAgent::Impl::source_changed(const std::string& ns, const std::string& name) {
    for (const auto& [uid, memory] : pods_) {
        if (memory->me.key.ns != ns) continue;
        auto pod = memory->me.find();
        if (!pod || !refers_to(*pod, name)) continue;
        // What waits for its ConfigMap need not wait for its back-off.
        for (auto& [own_name, container] : memory->containers) container.back_off.retry_configuration();
        memory->volumes.follow_source(pod);
        memory->me.wake();
    }
}

std::vector<std::string> PodAgent::Impl::images_in_use() const {
    std::vector<std::string> names;
    for (const auto& key : agent_.api.list_pods()) {
        auto pod = agent_.api.find_pod(key);
        if (!pod) continue;
        for (const auto* list : {&pod->spec.init_containers, &pod->spec.containers})
            for (const auto& container : *list) names.emplace_back(container.image.view());
        // What runs keeps its layers, also when its name has moved to a newer image.
        for (const auto* list : {&pod->status.init_container_statuses, &pod->status.container_statuses})
            for (const auto& status : *list)
                if (!status.image_id.empty()) names.emplace_back(status.image_id.view());
    }
    return names;
}

/// Observes it and writes what is seen into its status.
loop::Task<Result<PodObserved>> PodAgent::Impl::look(PodMemory& memory, std::shared_ptr<const api::Pod> pod) {
    if (pod) follow_back_offs(memory, *pod);
    PodObserved seen = observe_pod(memory, pod.get());
    AWAIT_VOID(read_last_words(memory, seen));
    if (!pod) co_return seen;
    tell_deadline(memory, *pod, seen);
    tell_eviction(memory, *pod, seen);
    follow_storage(memory, *pod, seen);
    memory.sandbox.tell_change(*pod, seen);
    for (auto* list : {&seen.init, &seen.containers})
        for (auto& container : *list) memory.container(container.name).probes.follow(*pod, seen.ip, container);
    memory.volumes.follow_metadata(pod);
    memory.resize.follow(*pod, room_, seen);
    CO_TRY_VOID(write_status(memory.me, pod, seen));
    co_return seen;
}

loop::Task<Result<loop::Outcome>> PodAgent::Impl::reconcile(std::string uid) {
    if (!pods_.contains(uid) && !agent_.ports.runtime.find_pod(uid)) co_return loop::Outcome{};
    PodMemory& memory = pods_.contains(uid) ? *pods_[uid] : remember({"", "", uid});
    constexpr int rounds_max = 32;  // a pod that needs more steps goes on in the next turn of the queue
    for (int round = 0; round < rounds_max; ++round) {
        const std::shared_ptr<const api::Pod> desired = memory.me.find();
        CO_TRY(const PodObserved seen, look(memory, desired));
        std::vector<PodAction> actions = plan_pod(desired.get(), seen, agent_.loop.now_ms());
        if (actions.empty()) {
            if (!desired) forget(uid);
            co_return loop::Outcome{};
        }
        if (const auto* wait = std::get_if<WaitUntil>(&actions.front())) {
            const int64_t at_ms = failure_shown_until_ms(memory, wait->at_ms);
            co_return loop::Outcome{std::max<int64_t>(at_ms - agent_.loop.now_ms(), 1)};
        }
        const auto given = desired ? memory.resize.given(desired, seen) : desired;
        bool stopping_only = true;
        for (auto& action : actions) {
            stopping_only &= std::holds_alternative<StopContainer>(action) || std::holds_alternative<EnsureImage>(action);
            CO_TRY_VOID(apply(memory, given, std::move(action)));
        }
        // What runs beside us wakes us when it is done.
        if (stopping_only && round > 0) {
            co_return loop::Outcome{};
        }
    }
    co_return loop::Outcome{1};
}

PodAgent::PodAgent(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, PodPorts ports,
                   PodAgentOptions options)
    : api_(make_store_pod_api(objects, events, options.node_name)),
      impl_(std::make_unique<Impl>(loop, *api_, ports, std::move(options))) {}
PodAgent::~PodAgent() = default;
void PodAgent::start() { impl_->start(); }
void PodAgent::source_changed(const std::string& ns, const std::string& name) { impl_->source_changed(ns, name); }
std::vector<std::string> PodAgent::images_in_use() const { return impl_->images_in_use(); }
const loop::WorkerCounters& PodAgent::counters() const { return impl_->counters(); }
void PodAgent::pod_changed(const std::string& ns, const std::string& name, const std::string& uid) {
    impl_->remember({ns, name, uid});
    impl_->wake(uid);
}

}  // namespace orilla::node
