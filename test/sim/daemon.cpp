#include "daemon.hpp"

#include <algorithm>

#include "orilla/objects/store_options.hpp"

namespace orilla::sim {

namespace {

constexpr const char* service_cidr = "10.43.0.0/24";
/// Fewer than there may be services, and one that somebody else has.
constexpr const char* balancer_pool = "192.0.2.1-192.0.2.4";

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
      volume_disk_(loop_, host.random(), host.volumes),
      images_(loop_, host),
      links_(loop_, host),
      rules_(host),
      lan_(loop_, host),
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
    if (plane_) plane_->stop();
    if (node_) node_->stop();
    main_.spawn(close());
}

loop::Task<void> Daemon::run() {
    AWAIT(auto up, bring_up());
    if (up) ready_ = true;
    else ended_ = true;
    host_.trace().add(up ? "daemon: ready" : "daemon: cannot start: " + up.error().message());
}

loop::Task<void> Daemon::close() {
    AWAIT(auto closed, store_->close());
    if (!closed) host_.trace().add("daemon: close: " + closed.error().message());
    closed_ = closed.has_value();
    ended_ = true;
}

loop::Task<Result<void>> Daemon::open_store() {
    store::StoreOptions options = objects::store_options(kinds_);
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
    plane_ = std::make_unique<wiring::ControlPlane>(wiring::ControlPlanePorts{loop_, *store_, random_, kinds_});
    watch_ = std::make_unique<RolloutWatch>(loop_, plane_->objects(), host_, rollouts_);
    watch_->start();
    set_watch_ = std::make_unique<SetWatch>(loop_, plane_->objects(), host_);
    set_watch_->start();
    job_watch_ = std::make_unique<JobWatch>(loop_, plane_->objects(), host_, rollouts_.jobs);
    job_watch_->start();
    runtime_ = std::make_unique<FakeRuntime>(loop_, host_);
    usage_meter_ = std::make_unique<node::UsageMeter>(loop_, *runtime_, node_name, node_facts().cpu_milli / 1000);
    budget_watch_ = std::make_unique<BudgetWatch>(loop_, plane_->objects(), host_);
    budget_watch_->start();
    quota_watch_ = std::make_unique<QuotaWatch>(loop_, plane_->objects(), host_);
    quota_watch_->start();
    evictions_ = std::make_unique<objects::Evictions>(plane_->objects());
    controllers::ControllersOptions controllers;
    controllers.service_cidr = service_cidr;
    controllers.node_name = node_name;
    controllers.volume_disk = &volume_disk_;
    controllers.usage_meter = usage_meter_.get();
    controllers.api_ip = node_facts().ip;
    CO_RETURN_AWAIT(plane_->open(std::move(controllers)));
}

void Daemon::build_node() {
    host_.why_not_kill = [this](const std::string& uid, const std::string& name) { return why_not_kill(uid, name); };
    zone_ = std::make_unique<network::DnsZone>("cluster.local", *parse_cidr(node_facts().pod_cidr), *parse_cidr(service_cidr));
    wiring::NodeOptions options;
    options.facts = node_facts();
    options.pods.pods_dir = "pods";
    options.pods.logs_dir = "logs";
    options.pods.containers_dir = "containers";
    options.pods.cluster_domain = "cluster.local";
    options.pods.host_resolv_conf = "resolv.conf";
    options.balancer_pool = *network::AddressPool::parse(balancer_pool);
    const node::PodPorts pods{*runtime_, images_, links_, rules_, files_, files_};
    const wiring::NodePorts ports{loop_, plane_->objects(), plane_->events(), pods, *zone_, lan_};
    node_ = std::make_unique<wiring::NodeStack>(ports, std::move(options));
}

loop::Task<Result<void>> Daemon::bring_up() {
    CO_TRY_VOID(open_store());
    build_node();
    CO_TRY_VOID(node_->start_proxy());
    plane_->start_controllers();
    CO_TRY_VOID(node_->start());
    plane_->start_scheduler();
    co_return ok();
}

/// A sidecar goes after the containers that it is for, or when those have used their grace period up.
std::string Daemon::why_not_end_sidecar(const api::Pod& pod, HostPod& there) const {
    const auto grace_s = pod.metadata.deletion_grace_period_seconds ? pod.metadata.deletion_grace_period_seconds
                                                                    : pod.spec.termination_grace_period_seconds;
    for (const auto& spec : pod.spec.containers) {
        const HostContainer* container = there.find(spec.name.str());
        if (!container || !container->runs()) continue;
        const int64_t begun_ms = container->state.stop.begun_ms;
        if (begun_ms < 0 || host_.loop().now_ms() < begun_ms + grace_s.value_or(30) * 1000)
            return "container " + spec.name.str() + " of " + pod.metadata.name.str() + " still runs";
    }
    return "";
}

/// A container of a pod that is to run may only be killed for a probe that fails or an image that was changed.
std::string Daemon::why_not_kill(const std::string& uid, const std::string& name) {
    for (const auto& pod : objects().list<api::Pod>()) {
        if (pod->metadata.uid != uid) continue;
        const auto is_it = [&name](const api::Container& spec) {
            return spec.name == name && spec.restart_policy == std::string_view("Always");
        };
        if (std::ranges::any_of(pod->spec.init_containers, is_it)) return why_not_end_sidecar(*pod, host_.pods()[uid]);
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
    for (const auto& [name, counters] : plane_->counters()) out[name] = counters.reconciled;
    for (const auto& [name, counters] : node_->counters()) out[name] = counters.reconciled;
    return out;
}

}  // namespace orilla::sim
