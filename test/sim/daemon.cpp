#include "daemon.hpp"

#include <algorithm>

#include "orilla/objects/store_options.hpp"

namespace orilla::sim {

namespace {

node::NodeFacts node_facts() {
    node::NodeFacts facts;
    facts.name = node_name;
    facts.ip = "192.0.2.10";
    facts.pod_cidr = "10.42.0.0/24";
    facts.cpu_milli = 4000;
    facts.memory_bytes = 4LL << 30;
    facts.storage_bytes = 64LL << 30;
    facts.pods_max = 200;
    facts.architecture = "arm64";
    return facts;
}

}  // namespace

Daemon::Daemon(const Clock& clock, Host& host, Ledger& ledger, RolloutHistory& rollouts, Random& random, DaemonOptions options)
    : host_(host),
      ledger_(ledger),
      rollouts_(rollouts),
      random_(random),
      options_(options),
      loop_(clock),
      executor_(loop_, host.random(), host.weather()),
      files_(loop_, host.random(), host.weather()),
      images_(loop_, host),
      links_(loop_, host),
      rules_(host),
      main_(loop_),
      clients_(loop_) {
    ++host_.daemon_life;
}

Daemon::~Daemon() {
    host_.why_not_kill = nullptr;
    clients_.cancel();
    main_.cancel();
}

void Daemon::start() { main_.spawn(run()); }
void Daemon::stop() {
    ready_ = false;
    clients_.cancel();
    pods_.reset();
    config_maps_.reset();
    secrets_.reset();
    pod_agent_.reset();
    main_.spawn(close());
}

loop::Task<void> Daemon::run() {
    auto task = bring_up();
    auto up = co_await std::move(task);
    if (up) ready_ = true;
    else ended_ = true;
    host_.trace().add(up ? "daemon: ready" : "daemon: cannot start: " + up.error().message());
}

loop::Task<void> Daemon::close() {
    auto task = store_->close();
    auto closed = co_await std::move(task);
    if (!closed) host_.trace().add("daemon: close: " + closed.error().message());
    closed_ = closed.has_value();
    ended_ = true;
}

loop::Task<Result<void>> Daemon::open_store() {
    store::StoreOptions options = objects::store_options();
    options.data_dir = "data";
    options.soft_flush_interval_ms = options_.soft_flush_interval_ms;
    options.history_events_max = options_.history_events_max;
    options.batch_writes_max = options_.batch_writes_max;
    options.revision_block = options_.revision_block;
    options.wal_pages_max = options_.wal_pages_max;
    options.vfs = Disk::vfs_name;
    options.submitted = [this](const store::Entry& entry) { store_->note_submitted(entry); };
    options.fatal = [this](const Error& error) {
        host_.trace().add("daemon: the store failed: " + error.message());
        ended_ = true;
    };
    CO_CHECK(auto opened, store::open_sqlite_store(loop_, executor_, std::move(options)));
    ledger_.check_loaded(*opened);
    store_ = std::make_unique<WitnessStore>(std::move(opened), ledger_);
    objects_ = std::make_unique<objects::Objects>(loop_, *store_, random_);
    events_ = std::make_unique<objects::EventRecorder>(loop_, *objects_, node_name);
    watch_ = std::make_unique<RolloutWatch>(loop_, *objects_, host_, rollouts_);
    watch_->start();
    auto task = objects_->ensure_standard_namespaces();
    co_return co_await std::move(task);
}

loop::Task<Result<void>> Daemon::bring_up() {
    CO_TRY_VOID(open_store());
    const network::Cidr pod_cidr = network::parse_cidr("10.42.0.0/24").value();
    const network::Cidr service_cidr = network::parse_cidr("10.43.0.0/24").value();
    zone_ = std::make_unique<network::DnsZone>("cluster.local", pod_cidr, service_cidr);
    service_proxy_ = std::make_unique<proxy::ServiceProxy>(loop_, *objects_, rules_, *zone_, node_name);
    runtime_ = std::make_unique<FakeRuntime>(loop_, host_);
    host_.why_not_kill = [this](const std::string& uid, const std::string& name) { return why_not_kill(uid, name); };
    controllers::ControllersOptions options;
    options.service_cidr = service_cidr.text();
    options.node_name = node_facts().name;
    options.api_ip = "192.0.2.10";
    controllers_ = std::make_unique<controllers::Controllers>(loop_, *objects_, *events_, std::move(options));
    scheduler_ = std::make_unique<scheduler::Scheduler>(loop_, *objects_, *events_);
    network::ServiceRules::Services no_host_ports;
    CO_CHECK_VOID(service_proxy_->start(std::move(no_host_ports)));
    controllers_->start();
    CO_TRY_VOID(start_node());
    scheduler_->start();
    co_return ok();
}

loop::Task<Result<void>> Daemon::start_node() {
    node_agent_ = std::make_unique<node::NodeAgent>(loop_, *objects_, node_facts());
    auto registering = node_agent_->start();
    if (auto registered = co_await std::move(registering); !registered) host_.trace().add("daemon: " + registered.error().message());
    node::PodAgentOptions options;
    options.pods_dir = "pods";
    options.logs_dir = "logs";
    options.containers_dir = "containers";
    options.node_name = node_name;
    options.node_ip = node_facts().ip;
    options.cluster_domain = "cluster.local";
    options.host_resolv_conf = "resolv.conf";
    options.node_cpu_milli = node_agent_->facts().cpu_milli;
    options.node_memory_bytes = node_agent_->facts().memory_bytes;
    const node::PodPorts ports{*runtime_, images_, links_, rules_, files_};
    pod_agent_ = std::make_unique<node::PodAgent>(loop_, *objects_, *events_, ports, std::move(options));
    CO_TRY_VOID(collect_garbage());
    pod_agent_->start();
    follow_pods();
    co_return ok();
}

loop::Task<Result<void>> Daemon::collect_garbage() {
    std::vector<std::string> uids;
    for (const auto& pod : objects_->list<api::Pod>())
        if (pod->spec.node_name == node_name) uids.push_back(pod->metadata.uid.str());
    CO_TRY_VOID(runtime_->collect_garbage(uids));
    CO_TRY_VOID(links_.keep_only(std::move(uids)));
    co_return ok();
}

void Daemon::follow_pods() {
    pods_ = std::make_unique<objects::Follower>(*objects_, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) {
        const auto* pod = event.as<api::Pod>();
        if (!pod || pod->spec.node_name != node_name) return;
        pod_agent_->pod_changed(event.entry->key.ns, event.entry->key.name, pod->metadata.uid.str());
    });
    auto source_changed = [this](const store::WatchEvent& event) {
        if (event.type == store::WatchEvent::Type::added && !ready_) return;
        pod_agent_->source_changed(event.entry->key.ns, event.entry->key.name);
    };
    config_maps_ = std::make_unique<objects::Follower>(*objects_, api::kind_of<api::ConfigMap>(), source_changed);
    secrets_ = std::make_unique<objects::Follower>(*objects_, api::kind_of<api::Secret>(), source_changed);
    pods_->start();
    config_maps_->start();
    secrets_->start();
}

/// A container of a pod that is to run may only be killed for a probe that fails or an image that was changed.
std::string Daemon::why_not_kill(const std::string& uid, const std::string& name) {
    for (const auto& pod : objects_->list<api::Pod>()) {
        if (pod->metadata.uid != uid) continue;
        const bool ended = pod->status.phase == "Succeeded" || pod->status.phase == "Failed";
        if (pod->metadata.deletion_timestamp || ended || pod->spec.active_deadline_seconds) return "";
        HostPod& there = host_.pods()[uid];
        const HostContainer* container = there.find(name);
        if (!there.alive || !container) return "";
        for (const auto& spec : pod->spec.containers) {
            if (spec.name != name) continue;
            if (spec.image != container->image) return "";
            if (spec.liveness_probe && container->liveness_failures >= spec.liveness_probe->failure_threshold) return "";
        }
        return "its pod " + pod->metadata.name.str() + " is to run";
    }
    return "";
}

std::map<std::string, uint64_t> Daemon::reconciled() const {
    std::map<std::string, uint64_t> out;
    for (const auto& [name, counters] : controllers_->counters()) out[name] = counters.reconciled;
    out["scheduler"] = scheduler_->counters().reconciled;
    out["pod"] = pod_agent_->counters().reconciled;
    out["service-proxy"] = service_proxy_->counters().reconciled;
    return out;
}

}  // namespace orilla::sim
