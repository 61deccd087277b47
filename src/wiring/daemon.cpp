#include "daemon.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "local_zone.hpp"
#include "orilla/base/durable.hpp"
#include "orilla/base/log.hpp"
#include "orilla/network/node_ip.hpp"
#include "orilla/objects/store_options.hpp"

namespace orilla::wiring {
namespace {

/// Only root looks inside: Secrets, keys and control sockets live here.
Result<void> make_private_directory(const std::string& path) {
    TRY_VOID(make_durable_directory(path, 0700));
    if (chmod(path.c_str(), 0700) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

/// The first address of the service range: the kubernetes Service's.
std::string first_service_ip(const std::string& cidr) {
    auto parsed = parse_cidr(cidr);
    return parsed ? parsed->at(1).text() : "";
}

}  // namespace

Daemon::Daemon(loop::Loop& loop, ServeConfig config, const apiserver::BuildInfo& build)
    : loop_(loop), config_(std::move(config)), build_(build), store_thread_(loop) {}
Daemon::~Daemon() = default;

Result<void> Daemon::make_directories() {
    for (const char* name : {"", "/pods", "/containers", "/images", "/seccomp"})
        TRY_VOID(make_private_directory(config_.data_dir + name));
    TRY_VOID(make_private_directory(config_.data_dir + "/logs"));
    std::error_code error;
    std::filesystem::create_directories(config_.run_dir, error);  // others reach the socket in it
    if (error) return Error::from_errno("make directory " + config_.run_dir, error.value());
    for (const char* name : {"/pods", "/netns"}) TRY_VOID(make_private_directory(config_.run_dir + name));
    return ok();
}

/// The certificate is for the host's name as well: it is what clients call the box by.
void Daemon::keep_node_name() {
    std::string name = node::keep_node_name(plane_->objects(), config_.node_name);
    if (name != config_.node_name) config_.tls_sans.push_back(std::exchange(config_.node_name, std::move(name)));
}

loop::Task<Result<void>> Daemon::open_store() {
    store::StoreOptions options = objects::store_options(kinds_);
    options.data_dir = config_.data_dir;
    options.lock = claims_.data_dir;
    options.soft_flush_interval_ms = config_.soft_flush_interval_s * 1000;
    CO_CHECK(store_, store::open_sqlite_store(loop_, store_thread_, std::move(options)));
    plane_ = std::make_unique<ControlPlane>(ControlPlanePorts{loop_, *store_, random_, kinds_});
    if (!config_.node_name_chosen) keep_node_name();
    co_return ok();
}

Result<void> Daemon::open_network() {
    work_thread_ = std::make_unique<loop::IoThread>(loop_);
    network_thread_ = std::make_unique<loop::IoThread>(loop_);
    pod_files_ = std::make_unique<loop::IoPool>(loop_);
    place_files_ = std::make_unique<loop::IoPool>(loop_);
    volume_disk_ =
        std::make_unique<node::LocalDisk>(loop_, *pod_files_, config_.data_dir + "/volumes", config_.data_dir + "/pods");
    network::LinksConfig& links = links_config_;
    links.bridge = config_.bridge;
    TRY(links.pod_cidr, parse_cidr(config_.pod_cidr));
    TRY(links.cluster_cidr, parse_cidr(config_.cluster_cidr));
    TRY(links.service_cidr, parse_cidr(config_.service_cidr));
    links.netns_dir = config_.run_dir + "/netns";
    links.owner = describe_owner(config_.run_dir);
    TRY(links_, network::Links::open(loop_, *network_thread_, links));
    rules_config_.bridge = links.bridge;
    rules_config_.pod_cidr = links.pod_cidr;
    rules_config_.cluster_cidr = links.cluster_cidr;
    rules_config_.service_cidr = links.service_cidr;
    rules_config_.gateway_uid = gateway::process_uid;
    rules_config_.api_port = static_cast<uint16_t>(api_port());
    TRY(rules_, network::open_service_rules(rules_config_));
    gateway::GatewayOptions gateway;
    gateway.socket = config_.run_dir + "/gateway.sock";
    gateway.secret_file = config_.run_dir + "/gateway.secret";
    gateway.logs_access = config_.gateway_access_log == "all";
    gateway_ = std::make_unique<gateway::Gateway>(loop_, std::move(gateway));
    lan_names_ = network::open_lan_names(loop_, *network_thread_, random_, links.bridge);
    lan_hosts_ = std::make_unique<proxy::LanHosts>(*gateway_, *lan_names_);
    network::LanConfig lan;
    lan.bridge = links.bridge;
    TRY(lan.pool, network::AddressPool::parse(config_.load_balancer_pool));
    TRY(lan_, network::open_lan_addresses(loop_, *network_thread_, random_, std::move(lan)));
    zone_ = std::make_unique<network::DnsZone>(config_.cluster_domain, *links.cluster_cidr, links.service_cidr);
    network::DnsServerConfig dns;
    dns.address = links_->gateway();
    dns.pod_cidr = links.pod_cidr;
    TRY(dns_, network::DnsServer::open(loop_, *pod_files_, random_, *zone_, dns));
    if (config_.node_ip.empty()) config_.node_ip = network::find_node_ip(config_.bridge);
    if (config_.node_ip.empty()) config_.node_ip = links_->gateway().text();
    return ok();
}

loop::Task<Result<void>> Daemon::open_runtime() {
    images::ImagesOptions images;
    images.directory = config_.data_dir + "/images";
    images.registries = config_.registries;
    images_ = std::make_unique<images::Images>(loop_, *work_thread_, std::move(images));
    CO_CHECK_VOID(images_->open());
    runtime::RuntimeOptions options;
    options.run_dir = config_.run_dir + "/pods";
    options.base_layer = config_.data_dir + "/base-layer";
    options.cgroup_root = config_.cgroup_root;
    options.scratch_root = config_.data_dir + "/containers";
    container_files_ = std::make_unique<loop::IoPool>(loop_);
    CO_TRY(runtime_, runtime::Runtime::open(loop_, *container_files_, std::move(options)));
    images_adapter_ = std::make_unique<ImagesAdapter>(loop_, *pod_files_, *images_);
    log_files_ = std::make_unique<node::LogFiles>(loop_, *pod_files_, plane_->objects(), *runtime_, config_.data_dir + "/logs");
    usage_meter_ = std::make_unique<node::UsageMeter>(loop_, *runtime_, config_.node_name, sysconf(_SC_NPROCESSORS_CONF));
    co_return ok();
}

Result<void> Daemon::open_server(apiserver::ListeningSockets sockets) {
    apiserver::ServerOptions options;
    options.build = build_;
    options.advertised_address = config_.listen;
    options.logs = log_files_.get();
    options.images = images_adapter_.get();
    options.usage = usage_meter_.get();
    options.executor = work_thread_.get();
    options.ready = [this]() -> Result<void> { return ready_ ? ok() : Result<void>(Error(Code::unavailable, "starting")); };
    options.append_metrics = [this](std::string& out) { append_metrics(out); };
    server_ = std::make_unique<apiserver::Server>(loop_, plane_->objects(), std::move(options));
    server_->serve_unix(std::move(sockets.unix_socket));
    if (!sockets.tcp_socket) return ok();
    auto names = pki::default_pki_names(config_.node_name, config_.cluster_domain,
                                        {first_service_ip(config_.service_cidr), config_.node_ip});
    pki::add_pki_names(names, config_.tls_sans);
    TRY(const pki::Pki pki, pki::ensure_pki(config_.data_dir + "/pki", names));
    return server_->serve_tls(std::move(sockets.tcp_socket), pki);
}

void Daemon::build_node() {
    NodeOptions options;
    // It was checked when the configuration was read.
    if (auto pool = network::AddressPool::parse(config_.load_balancer_pool)) options.balancer_pool = std::move(*pool);
    options.facts = node::observe_node(config_.node_name, config_.node_ip, config_.pod_cidr);
    options.look = [this] {
        return loop::run_on(*pod_files_, loop_,
                            [data = config_.data_dir] { return node::observe_pressure(data, data + "/images"); });
    };
    options.pods.pods_dir = config_.data_dir + "/pods";
    options.pods.volumes_dir = config_.data_dir + "/volumes";
    options.pods.seccomp_dir = config_.data_dir + "/seccomp";
    options.pods.logs_dir = config_.data_dir + "/logs";
    options.pods.containers_dir = config_.data_dir + "/containers";
    options.pods.cluster_domain = config_.cluster_domain;
    options.pods.hardened_workloads = config_.workload_defaults == "hardened";
    const node::PodPorts pods{*runtime_, *images_, *links_, *rules_, *pod_files_, *place_files_};
    const NodePorts ports{loop_, plane_->objects(), plane_->events(), pods, *zone_, *lan_, lan_hosts_.get()};
    node_ = std::make_unique<NodeStack>(ports, std::move(options));
    gateway_->on_wanted([this](const gateway::Wanted& wanted) {
        if (node_) node_->want(wanted);
    });
    images_adapter_->set_in_use([this] { return node_->images_in_use(); });
}

/// What is to survive the daemon and never reaches flash.
loop::Task<void> Daemon::keep_in_memory() {
    if (!objects::is_in_memory(config_.run_dir)) {
        log::info(config_.run_dir + " is not in memory (tmpfs): events and the latest status of pods end with the daemon");
        co_return;
    }
    event_archive_ =
        std::make_unique<objects::EventArchive>(loop_, *work_thread_, *store_, plane_->events(), config_.run_dir + "/events");
    event_archive_->start();
    status_archive_ = std::make_unique<objects::StatusArchive>(loop_, *work_thread_, *store_, plane_->objects(),
                                                               config_.run_dir + "/pod-status");
    AWAIT_VOID(status_archive_->restore_newer());
    status_archive_->start();
}

int Daemon::api_port() const {
    const size_t colon = config_.listen.rfind(':');
    return colon == std::string::npos ? 6443 : atoi(config_.listen.c_str() + colon + 1);
}

controllers::ControllersOptions Daemon::controllers_options() const {
    controllers::ControllersOptions options;
    options.node_name = config_.node_name;
    options.local_zone = find_local_zone(getenv("TZ"));
    options.service_cidr = config_.service_cidr;
    const size_t colon = config_.listen.rfind(':');
    options.api_ip = config_.listen.substr(0, colon);
    // Pods reach an API that listens everywhere at the node's address; without a listener there is none to reach.
    if (!config_.listen.empty() && (options.api_ip.empty() || options.api_ip == "0.0.0.0" || options.api_ip.starts_with("[")))
        options.api_ip = config_.node_ip;
    options.volume_disk = volume_disk_.get();
    options.usage_meter = usage_meter_.get();
    options.api_port = api_port();
    return options;
}

loop::Task<Result<void>> Daemon::start() {
    CO_CHECK(apiserver::ListeningSockets sockets, apiserver::take_activated_sockets());
    CO_CHECK_VOID(make_directories());
    CO_TRY(claims_, claim_everything(loop_, config_));
    CO_CHECK(made_socket_, apiserver::make_missing_sockets(sockets, config_.socket, config_.listen));
    // From here on something of an earlier daemon may change: whatever could be somebody else's has been looked at.
    CO_TRY_VOID(open_store());
    CO_CHECK_VOID(open_network());
    CO_TRY_VOID(open_runtime());
    CO_TRY_VOID(plane_->open(controllers_options()));
    AWAIT_VOID(keep_in_memory());
    build_node();
    CO_CHECK_VOID(open_server(std::move(sockets)));
    CO_TRY_VOID(node_->start_proxy());
    plane_->start_controllers();
    CO_TRY_VOID(node_->start());
    plane_->start_scheduler();
    if (!config_.manifests.empty()) {
        manifests_ = std::make_unique<node::ManifestsDirectory>(loop_, plane_->objects(), *pod_files_, config_.manifests);
        manifests_->start();
    }
    ready_ = was_ready_ = true;
    log::info(fmt::format("orilla " ORILLA_VERSION " is ready: node {}, API on {}{}", config_.node_name, config_.socket,
                          config_.listen.empty() ? "" : " and https://" + config_.listen));
    co_return ok();
}

/// After a start that failed: a bridge that it made for no pod would be in the way of the next one with another name or
/// range, and so would rules that reject what they do not know.
void Daemon::take_network_back() {
    if (!links_ || !links_->made_bridge() || !links_->list().empty()) return;
    node_.reset();
    dns_.reset();
    lan_hosts_.reset();
    lan_names_.reset();
    gateway_.reset();
    lan_.reset();
    rules_.reset();
    links_.reset();
    network_thread_.reset();  // waits for what it is at
    for (const auto& removed : {network::remove_links(links_config_), network::remove_service_rules(rules_config_)})
        if (!removed) log::warning("take the pod network back: " + removed.error().message());
}

loop::Task<Result<void>> Daemon::stop() {
    ready_ = false;
    server_.reset();
    if (made_socket_) ::unlink(config_.socket.c_str());
    manifests_.reset();
    if (plane_) plane_->stop();
    if (node_) node_->stop();
    if (!was_ready_) take_network_back();
    if (!store_) co_return ok();
    if (event_archive_) {
        AWAIT_VOID(event_archive_->close());
    }
    if (status_archive_) {
        AWAIT_VOID(status_archive_->close());
    }
    CO_RETURN_AWAIT(store_->close());
}

void Daemon::append_metrics(std::string& out) const {
    WorkerCounts counters = plane_->counters();
    if (node_) std::ranges::move(node_->counters(), std::back_inserter(counters));
    out += "# TYPE orilla_reconcile_total counter\n";
    for (const auto& [name, count] : counters)
        out += fmt::format("orilla_reconcile_total{{controller=\"{}\"}} {}\n", name, count.reconciled);
    out += "# TYPE orilla_reconcile_errors_total counter\n";
    for (const auto& [name, count] : counters)
        out += fmt::format("orilla_reconcile_errors_total{{controller=\"{}\"}} {}\n", name, count.failed);
    if (gateway_) gateway_->append_metrics(out);
    if (!dns_) return;
    out += fmt::format("# TYPE orilla_dns_queries_total counter\norilla_dns_queries_total {}\n", dns_->counters().queries);
}

}  // namespace orilla::wiring
