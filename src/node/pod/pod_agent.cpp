#include "orilla/node/pod_agent.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "orilla/base/file_system.hpp"
#include "orilla/base/log.hpp"
#include "pod/pod_agent_impl.hpp"
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
}  // namespace

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

PodAgent::Impl::Impl(loop::Loop& loop, PodApi& api, PodPorts ports, PodAgentOptions options)
    : loop_(loop),
      api_(api),
      runtime_(ports.runtime),
      images_(ports.images),
      links_(ports.links),
      rules_(ports.rules),
      files_(ports.files),
      options_(std::move(options)),
      worker_(loop, *this, {.name = "pod", .concurrency = options_.pods_parallel_max}),
      scope_(loop) {}

void PodAgent::Impl::wake(const std::string& uid) {
    if (auto found = pods_.find(uid); found != pods_.end()) found->second->changed.notify_all();
    worker_.queue().add(uid);
}

PodMemory& PodAgent::Impl::remember(const PodKey& key) {
    auto& slot = pods_[key.uid];
    if (!slot) slot = std::make_unique<PodMemory>(loop_, files_, key, pod_dir(key.uid));
    return *slot;
}

void PodAgent::Impl::start() {
    // Not earlier: a container that ends before its pod is known would look like one that belongs to no pod.
    runtime_.on_change([this](const std::string& uid) { wake(uid); });
    for (const auto& key : api_.list_pods()) {
        remember(key);
        worker_.queue().add(key.uid);
    }
    scope_.spawn(find_left_behind());
}

/// Sandboxes and directories whose pod is not ours any more. The name of a log directory tells whose it is.
loop::Task<void> PodAgent::Impl::find_left_behind() {
    using Names = std::pair<std::vector<std::string>, std::vector<std::string>>;
    auto listing = loop::run_on(files_, loop_, [pods = options_.pods_dir, logs = options_.logs_dir] {
        return Names{list_names(pods), list_names(logs)};
    });
    const Names names = co_await std::move(listing);
    std::map<std::string, PodKey> found;
    for (const auto& pod : runtime_.pods()) found[pod.id] = {"", "", pod.id};
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
        if (memory->key.ns != ns) continue;
        auto pod = api_.find_pod(memory->key);
        if (!pod || !refers_to(*pod, name)) continue;
        // What waits for its ConfigMap need not wait for its back-off.
        for (auto& [own_name, container] : memory->containers)
            if (container.failure_reason == "CreateContainerConfigError") container.retry_at_ms = 0;
        if (memory->volumes_ready) memory->scope.spawn(refresh_volumes(*memory, pod));
        else memory->setup_retry_at_ms = 0;
        memory->sources_changed = memory->preparing_volumes;
        wake(uid);
    }
}

/// downwardAPI volumes show labels and annotations; and those of an adopted pod may lack what changed while no daemon ran.
void PodAgent::Impl::follow_metadata(PodMemory& memory, const std::shared_ptr<const api::Pod>& pod) {
    if (!memory.volumes_ready || pod->metadata.deletion_timestamp.set) return;
    if (std::ranges::none_of(pod->spec.volumes, is_projected)) return;
    const size_t now = hash_metadata(*pod);
    if (memory.projected_metadata == now) return;
    memory.projected_metadata = now;
    memory.scope.spawn(refresh_volumes(memory, pod));
}

loop::Task<void> PodAgent::Impl::refresh_volumes(PodMemory& memory, std::shared_ptr<const api::Pod> pod) {
    AWAIT(const EnvSources sources, api_.read_sources(pod));
    // Not as it was before the wait: a later refresh may have been faster, or the volumes may be gone.
    pod = api_.find_pod(memory.key);
    if (!pod || pod->metadata.deletion_timestamp.set || !memory.volumes_ready) co_return;
    const PodPlacement place = placement(memory, pod.get());
    auto volumes = plan_projected_volumes(*pod, sources, place);
    auto updated = volumes ? Result<void>(ok()) : Result<void>(volumes.error());
    if (volumes) {
        AWAIT(updated, memory.files.make(std::move(*volumes), {}));
    }
    if (!updated) log::warning("pod " + memory.key.ns + "/" + memory.key.name + ": " + updated.error().message());
}

std::vector<std::string> PodAgent::Impl::images_in_use() const {
    std::vector<std::string> names;
    for (const auto& key : api_.list_pods()) {
        auto pod = api_.find_pod(key);
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

std::string PodAgent::Impl::log_dir(const PodKey& key) const {
    return options_.logs_dir + "/" + key.ns + "_" + key.name + "_" + key.uid;
}

PodPlacement PodAgent::Impl::placement(const PodMemory& memory, const api::Pod* pod) const {
    PodPlacement out;
    out.node_ip = options_.node_ip;
    if (const auto link = links_.find(memory.key.uid)) out.pod_ip = link->ip.text();
    else if (pod && pod->spec.host_network) out.pod_ip = out.node_ip;
    out.node_name = options_.node_name;
    out.pod_dir = pod_dir(memory.key.uid);
    out.node_cpu_milli = options_.node_cpu_milli;
    out.node_memory_bytes = options_.node_memory_bytes;
    out.hardened = options_.hardened_workloads;
    return out;
}

loop::Task<Result<loop::Outcome>> PodAgent::Impl::reconcile(std::string uid) {
    auto known = pods_.find(uid);
    if (known == pods_.end()) {
        if (!runtime_.find_pod(uid)) co_return loop::Outcome{};
        remember({"", "", uid});
        known = pods_.find(uid);
    }
    PodMemory& memory = *known->second;
    constexpr int rounds_max = 32;  // a pod that needs more steps goes on in the next turn of the queue
    for (int round = 0; round < rounds_max; ++round) {
        const std::shared_ptr<const api::Pod> desired = api_.find_pod(memory.key);
        if (desired) follow_back_offs(memory, *desired);
        PodObserved seen = observe(memory, desired.get());
        AWAIT_VOID(read_last_words(memory, seen));
        if (desired) {
            tell_deadline(memory, *desired, seen);
            tell_sandbox_change(memory, *desired, seen);
            follow_probes(memory, *desired, seen);
            follow_metadata(memory, desired);
            CO_TRY_VOID(write_status(memory, *desired, seen));
        }
        std::vector<PodAction> actions = plan_pod(desired.get(), seen, loop_.now_ms());
        if (actions.empty()) {
            if (!desired) pods_.erase(uid);
            co_return loop::Outcome{};
        }
        if (const auto* wait = std::get_if<WaitUntil>(&actions.front())) {
            const int64_t at_ms = std::min(wait->at_ms, failure_shown_until(memory, wait->at_ms));
            co_return loop::Outcome{std::max<int64_t>(at_ms - loop_.now_ms(), 1)};
        }
        bool stopping_only = true;
        for (auto& action : actions) {
            stopping_only &= std::holds_alternative<StopContainer>(action) || std::holds_alternative<EnsureImage>(action);
            CO_TRY_VOID(apply(memory, desired, std::move(action)));
        }
        // What runs beside us wakes us when it is done.
        if (stopping_only && round > 0) {
            co_return loop::Outcome{};
        }
    }
    co_return loop::Outcome{1};
}

loop::Task<Result<void>> PodAgent::Impl::write_status(PodMemory& memory, const api::Pod& pod, const PodObserved& seen) {
    api::PodStatus status = summarise_pod(pod, seen, loop_.clock().wall_s());
    if (status == pod.status) co_return ok();
    AWAIT(auto written, api_.write_status(memory.key, std::move(status)));
    if (!written && written.error().code() != Code::not_found && written.error().code() != Code::conflict)
        co_return std::move(written).error().with_context("write the status");
    co_return ok();
}

}  // namespace orilla::node
