// What `orilla serve` runs with: defaults, then the configuration file, then flags; every value checked, with the place
// it came from in the error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/images/images.hpp"

namespace orilla::wiring {

struct ServeConfig {
    std::string config_file;  ///< read when it is there; named by --config it must be
    std::string data_dir = "/var/lib/orilla";
    std::string run_dir = "/run/orilla";
    std::string socket;                     ///< RUN_DIR/orilla.sock
    std::string listen = "127.0.0.1:6443";  ///< empty: no TLS
    std::vector<std::string> tls_sans;      ///< names and addresses that clients use beside the box's own
    std::string node_name;                  ///< the host's name, lower case
    bool node_name_chosen = true;           ///< by a flag or the file; else a node keeps the name that it had
    std::string node_ip;                    ///< found when empty
    std::string cluster_cidr;               ///< pods of all nodes; pod_cidr when empty
    std::string pod_cidr = "10.42.0.0/24";  ///< this node's part of it
    std::string service_cidr = "10.43.0.0/16";
    std::string load_balancer_pool;  ///< addresses of load balancers; empty: the node's own for all
    std::string cluster_domain = "cluster.local";
    std::string cgroup_root;  ///< empty: below this process's own cgroup
    std::string manifests = "/etc/orilla/manifests";
    std::string bridge = "orilla0";
    std::string workload_defaults = "kubernetes";  ///< or hardened
    int64_t soft_flush_interval_s = 30;
    std::string gateway_access_log = "none";  ///< or all: a line for each request
    std::string log_level = "info";
    std::vector<images::RegistryOptions> registries;
};

constexpr std::string_view default_config_file = "/etc/orilla/config.yaml";

/// The flags after `serve`. `help` is set to the text to print when that was asked for.
Result<ServeConfig> parse_serve_args(const std::vector<std::string>& args, std::string* help);
/// A file's content over `config`; `file` names it in errors (FILE:LINE).
Result<ServeConfig> parse_config_file(std::string_view text, const std::string& file, ServeConfig config);
/// Fills what depends on other values, and checks all of them.
Result<ServeConfig> complete_config(ServeConfig config);

}  // namespace orilla::wiring
