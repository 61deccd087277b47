// The daemon's object graph, in the order in which its parts need each other; destroyed in reverse. The only place that
// names every concrete type.
#pragma once

#include <memory>
#include <optional>

#include "claims.hpp"
#include "control_plane.hpp"
#include "images_adapter.hpp"
#include "node_stack.hpp"
#include "orilla/apiserver/server.hpp"
#include "orilla/gateway/gateway.hpp"
#include "orilla/images/images.hpp"
#include "orilla/loop/io_pool.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/network/dns.hpp"
#include "orilla/network/links.hpp"
#include "orilla/network/open_lan_addresses.hpp"
#include "orilla/network/open_lan_names.hpp"
#include "orilla/network/open_service_rules.hpp"
#include "orilla/node/local_disk.hpp"
#include "orilla/node/log_files.hpp"
#include "orilla/node/manifests.hpp"
#include "orilla/node/usage_meter.hpp"
#include "orilla/objects/event_archive.hpp"
#include "orilla/objects/status_archive.hpp"
#include "orilla/proxy/lan_hosts.hpp"
#include "orilla/runtime/runtime.hpp"
#include "orilla/store/sqlite_store.hpp"
#include "serve_config.hpp"

namespace orilla::wiring {

class Daemon {
  public:
    Daemon(loop::Loop& loop, ServeConfig config, const apiserver::BuildInfo& build);
    ~Daemon();
    /// Brings everything up; afterwards /readyz says ok.
    loop::Task<Result<void>> start();
    /// Writes what is still in memory only and closes the store. Pods go on running.
    loop::Task<Result<void>> stop();

  private:
    Result<void> make_directories();
    Result<void> open_network();
    Result<void> open_server(apiserver::ListeningSockets sockets);
    loop::Task<Result<void>> open_store();
    loop::Task<Result<void>> open_runtime();
    int api_port() const;
    controllers::ControllersOptions controllers_options() const;
    void build_node();
    void keep_node_name();
    loop::Task<void> keep_in_memory();
    void take_network_back();
    void append_metrics(std::string& out) const;

    loop::Loop& loop_;
    ServeConfig config_;
    const apiserver::BuildInfo build_;
    SystemRandom random_;
    bool ready_ = false;
    bool was_ready_ = false;
    network::LinksConfig links_config_;
    network::ServiceRulesConfig rules_config_;
    loop::IoThread store_thread_;
    Claims claims_;                                   ///< held until the very end
    bool made_socket_ = false;                        ///< the unix socket is ours to remove
    std::unique_ptr<loop::IoThread> work_thread_;     ///< files of images, events and status; long documents
    std::unique_ptr<loop::IoThread> network_thread_;  ///< network namespaces; a pod's start waits for it
    std::unique_ptr<loop::IoPool> pod_files_;         ///< of pods, but not at users' places; logs, the host's files
    std::unique_ptr<loop::IoPool> place_files_;       ///< volumes at users' places: however many hang, the above go on
    std::unique_ptr<loop::IoPool> container_files_;   ///< writable layers; a volume that hangs takes no place of theirs
    std::unique_ptr<node::LocalDisk> volume_disk_;    ///< volumes of orilla.dev/local
    std::unique_ptr<store::Store> store_;
    api::KindRegistry kinds_;  ///< what is served
    std::unique_ptr<runtime::Runtime> runtime_;
    std::unique_ptr<node::UsageMeter> usage_meter_;  ///< controllers may be in the middle of a question
    std::unique_ptr<ControlPlane> plane_;
    std::unique_ptr<objects::EventArchive> event_archive_;
    std::unique_ptr<objects::StatusArchive> status_archive_;
    std::unique_ptr<images::Images> images_;
    std::unique_ptr<network::Links> links_;
    std::unique_ptr<network::ServiceRules> rules_;
    std::unique_ptr<gateway::Gateway> gateway_;
    std::unique_ptr<network::LanNames> lan_names_;
    std::unique_ptr<proxy::LanHosts> lan_hosts_;  ///< between the compiler of routes and the gateway
    std::unique_ptr<network::LanAddresses> lan_;
    std::unique_ptr<network::DnsZone> zone_;
    std::unique_ptr<network::DnsServer> dns_;
    std::unique_ptr<ImagesAdapter> images_adapter_;
    std::unique_ptr<node::LogFiles> log_files_;
    std::unique_ptr<NodeStack> node_;
    std::unique_ptr<node::ManifestsDirectory> manifests_;
    std::unique_ptr<apiserver::Server> server_;
};

}  // namespace orilla::wiring
