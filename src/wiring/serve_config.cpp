#include "serve_config.hpp"

#include "serve.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <tuple>

#include "orilla/apiserver/server.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/base/text.hpp"
#include "orilla/http/sockets.hpp"
#include "orilla/network/address_pool.hpp"
#include "orilla/network/links.hpp"
#include "orilla/schema/manifest.hpp"

namespace orilla::wiring {
namespace json = boost::json;
namespace {

// ---- values ----------------------------------------------------------------------------------------------------------

Result<void> check_path(const std::string& path) {
    if (!path.empty() && path.front() == '/') return ok();
    return Error(Code::invalid, fmt::format("\"{}\" is not an absolute path", path));
}
Result<void> check_path_or_none(const std::string& path) { return path.empty() ? ok() : check_path(path); }

/// Labels of RFC 1123, as the names of nodes and what DNS answers for are made of.
Result<void> check_domain(const std::string& domain) {
    constexpr size_t domain_bytes_max = 253, label_bytes_max = 63;
    bool good = !domain.empty() && domain.size() <= domain_bytes_max;
    for (size_t from = 0; good && from <= domain.size();) {
        const size_t end = std::min(domain.find('.', from), domain.size());
        const std::string_view label = std::string_view(domain).substr(from, end - from);
        good = !label.empty() && label.size() <= label_bytes_max && label.front() != '-' && label.back() != '-' &&
               label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
        from = end + 1;
    }
    if (good) return ok();
    return Error(Code::invalid,
                 fmt::format("\"{}\" is not a domain: lower case letters, digits and '-', in parts of at most 63 characters "
                             "with '.' between them, each beginning and ending with a letter or a digit",
                             domain));
}
Result<void> check_domain_or_none(const std::string& domain) { return domain.empty() ? ok() : check_domain(domain); }

Result<void> check_cidr(const std::string& text) {
    TRY_VOID(parse_cidr(text));
    return ok();
}

Result<void> check_cidr_or_none(const std::string& text) { return text.empty() ? ok() : check_cidr(text); }

Result<void> check_ip_or_none(const std::string& text) {
    if (!text.empty()) TRY_VOID(parse_ipv4(text));
    return ok();
}

Result<void> check_pool_or_none(const std::string& text) {
    TRY_VOID(network::AddressPool::parse(text));
    return ok();
}

Result<void> check_log_level(const std::string& level) {
    for (const char* known : {"error", "warning", "info", "debug"})
        if (level == known) return ok();
    return Error(Code::invalid, fmt::format("\"{}\" is none of error, warning, info, debug", level));
}

Result<void> check_workload_defaults(const std::string& value) {
    if (value == "kubernetes" || value == "hardened") return ok();
    return Error(Code::invalid, fmt::format("\"{}\" is neither kubernetes nor hardened", value));
}

Result<void> check_access_log(const std::string& value) {
    if (value == "none" || value == "all") return ok();
    return Error(Code::invalid, fmt::format("\"{}\" is neither none nor all", value));
}

Result<void> check_listen_or_none(const std::string& address) {
    return address.empty() ? ok() : http::check_listen_address(address);
}

constexpr size_t tls_sans_max = 64;
constexpr const char* tls_san_help =
    "name or address that clients call the API by, for its certificate; may be given several times";

/// As the certificate has it: an address, or a name in lower case.
Result<std::string> parse_tls_san(std::string text) {
    if (is_ip(text)) return text;
    text = lowered(text);
    if (!check_domain(text)) return Error(Code::invalid, fmt::format("\"{}\" is neither an IP address nor a DNS name", text));
    return text;
}

Result<void> add_tls_san(ServeConfig& config, const std::string& text) {
    TRY(std::string name, parse_tls_san(text));
    if (config.tls_sans.size() == tls_sans_max) return Error(Code::invalid, fmt::format("at most {} names", tls_sans_max));
    config.tls_sans.push_back(std::move(name));
    return ok();
}

Result<void> check_nothing(const std::string&) { return ok(); }

// ---- options ---------------------------------------------------------------------------------------------------------

/// The text values that both the file (camelCase) and the flags set.
struct TextOption {
    const char* file_name;
    const char* flag;
    std::string ServeConfig::*member;
    const char* help;
    Result<void> (*check)(const std::string& value);
};
constexpr TextOption text_options[] = {
    {"dataDir", "--data-dir", &ServeConfig::data_dir, "objects, images and volumes", check_path},
    {"runDir", "--run-dir", &ServeConfig::run_dir, "sockets and what must not survive a reboot", check_path},
    {"socket", "--socket", &ServeConfig::socket, "unix socket of the API (default RUN_DIR/orilla.sock)", check_path_or_none},
    {"listen", "--listen", &ServeConfig::listen, "IP:PORT of the API over TLS; empty: none", check_listen_or_none},
    {"nodeName", "--node-name", &ServeConfig::node_name,
     "name of the node (default: that which it had, at first the host's name)", check_domain_or_none},
    {"nodeIP", "--node-ip", &ServeConfig::node_ip, "address of the node (default: that of the default route's interface)",
     check_ip_or_none},
    {"clusterCIDR", "--cluster-cidr", &ServeConfig::cluster_cidr,
     "addresses of the pods of all nodes (default: those of --pod-cidr)", check_cidr_or_none},
    {"podCIDR", "--pod-cidr", &ServeConfig::pod_cidr, "addresses of this node's pods", check_cidr},
    {"serviceCIDR", "--service-cidr", &ServeConfig::service_cidr, "addresses of Services", check_cidr},
    {"loadBalancerPool", "--load-balancer-pool", &ServeConfig::load_balancer_pool,
     "addresses of the LAN for Services of type LoadBalancer, as FIRST-LAST or CIDR, with commas between them (default: the "
     "node's own address)",
     check_pool_or_none},
    {"clusterDomain", "--cluster-domain", &ServeConfig::cluster_domain, "DNS domain of the cluster", check_domain},
    {"cgroupRoot", "--cgroup-root", &ServeConfig::cgroup_root, "cgroup below which pods live (default: our own)",
     check_path_or_none},
    {"manifests", "--manifests", &ServeConfig::manifests, "directory whose manifests are applied at start and on change",
     check_path_or_none},
    {"bridge", "--bridge", &ServeConfig::bridge, "network bridge of the pods", check_nothing},
    {"workloadDefaults", "--workload-defaults", &ServeConfig::workload_defaults,
     "what pods may do that do not say: kubernetes, or hardened (fewer capabilities, no setuid programs)",
     check_workload_defaults},
    {"gatewayAccessLog", "--gateway-access-log", &ServeConfig::gateway_access_log,
     "a line in the log for each request that goes through the gateway: none or all", check_access_log},
    {"logLevel", "--log-level", &ServeConfig::log_level, "error, warning, info or debug", check_log_level},
};

std::string describe(const TextOption& option, const ServeConfig& defaults) {
    const std::string& value = defaults.*(option.member);
    return value.empty() ? option.help : fmt::format("{} (default {})", option.help, value);
}

std::string config_help() { return fmt::format("configuration file (YAML; default {})", default_config_file); }

/// What stands after the flag in a manual.
std::string value_of(const TextOption& option) {
    if (option.check == check_path || option.check == check_path_or_none) return "PATH";
    if (option.check == check_cidr || option.check == check_cidr_or_none) return "CIDR";
    if (option.check == check_log_level) return "LEVEL";
    if (option.check == check_pool_or_none) return "RANGES";
    return option.check == check_ip_or_none ? "IP" : "TEXT";
}

Error config_error(const api::ManifestDocument& document, const std::string& field, const std::string& what) {
    return Error(Code::invalid, fmt::format("{}:{}: {}: {}", document.source, document.line_of(field), field, what));
}

Result<std::string> text_of(const json::value& value, const api::ManifestDocument& document, const std::string& field) {
    if (!value.is_string()) return config_error(document, field, "expected a string");
    return std::string(value.get_string());
}

Result<images::RegistryOptions> parse_registry(const json::value& value, const api::ManifestDocument& document,
                                               const std::string& field) {
    if (!value.is_object()) return config_error(document, field, "expected a mapping with host");
    images::RegistryOptions out;
    const std::map<std::string, std::string images::RegistryOptions::*> texts = {
        {"host", &images::RegistryOptions::host},
        {"caFile", &images::RegistryOptions::ca_file},
        {"username", &images::RegistryOptions::username},
        {"password", &images::RegistryOptions::password}};
    for (const auto& item : value.get_object()) {
        const std::string name(item.key());
        const std::string path = fmt::format("{}.{}", field, name);
        if (auto text = texts.find(name); text != texts.end()) {
            TRY(out.*(text->second), text_of(item.value(), document, path));
        } else if (name == "insecure") {
            if (!item.value().is_bool()) return config_error(document, path, "expected true or false");
            out.insecure = item.value().get_bool();
        } else {
            return config_error(document, path, "unknown field");
        }
    }
    if (out.host.empty()) return config_error(document, field, "host is missing");
    return out;
}

Result<void> parse_field(ServeConfig& config, const std::string& name, const json::value& value,
                         const api::ManifestDocument& document) {
    for (const auto& option : text_options) {
        if (name != option.file_name) continue;
        TRY(std::string text, text_of(value, document, name));
        if (auto good = option.check(text); !good) return config_error(document, name, good.error().message());
        config.*(option.member) = std::move(text);
        return ok();
    }
    if (name == "softFlushIntervalSeconds") {
        if (!value.is_int64() || value.get_int64() < 1) return config_error(document, name, "expected a positive number");
        config.soft_flush_interval_s = value.get_int64();
        return ok();
    }
    if (name == "tlsSANs") {
        if (!value.is_array()) return config_error(document, name, "expected a list");
        for (size_t i = 0; i < value.get_array().size(); ++i) {
            const std::string field = fmt::format("{}[{}]", name, i);
            TRY(const std::string text, text_of(value.get_array()[i], document, field));
            if (auto good = add_tls_san(config, text); !good) return config_error(document, field, good.error().message());
        }
        return ok();
    }
    if (name == "registries") {
        if (!value.is_array()) return config_error(document, name, "expected a list");
        for (size_t i = 0; i < value.get_array().size(); ++i) {
            TRY(auto registry, parse_registry(value.get_array()[i], document, fmt::format("{}[{}]", name, i)));
            config.registries.push_back(std::move(registry));
        }
        return ok();
    }
    return config_error(document, name, "unknown field");
}

/// A key that stands twice: which of the two was meant, nobody can say.
Result<void> check_duplicates(const api::ManifestDocument& document) {
    std::map<std::string, int> seen;
    for (const auto& [path, line] : document.lines) {
        const auto [first, is_new] = seen.emplace(path, line);
        if (!is_new)
            return Error(Code::invalid,
                         fmt::format("{}:{}: {}: given twice, first in line {}", document.source, line, path, first->second));
    }
    return ok();
}

std::string host_name() {
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    const std::string out = lowered(name);
    return out.empty() ? "localhost" : out;
}

}  // namespace

Result<ServeConfig> parse_config_file(std::string_view text, const std::string& file, ServeConfig config) {
    TRY(auto documents, api::read_documents(text, file));
    if (documents.empty()) return config;
    if (documents.size() > 1)
        return Error(Code::invalid, fmt::format("{}: expected one document, found {}", file, documents.size()));
    TRY_VOID(check_duplicates(documents[0]));
    boost::system::error_code error;
    const json::value root = json::parse(documents[0].json, error);
    if (error || !root.is_object()) return Error(Code::invalid, file + ": expected a mapping");
    for (const auto& item : root.get_object())
        TRY_VOID(parse_field(config, std::string(item.key()), item.value(), documents[0]));
    return config;
}

std::vector<ServeFlag> serve_flags() {
    const ServeConfig defaults;
    std::vector<ServeFlag> out{{"config", "PATH", config_help()}};
    for (const auto& option : text_options)
        out.push_back({std::string(option.flag).substr(2), value_of(option), describe(option, defaults)});
    out.push_back({"tls-san", "NAME", tls_san_help});
    return out;
}

Result<ServeConfig> parse_serve_args(const std::vector<std::string>& args, std::string* help) {
    ServeConfig defaults;
    std::map<std::string, std::string> given;
    CLI::App app("Runs the node: API server, object store, controllers, runtime and network.", "orilla serve");
    std::string config_file;
    app.add_option("--config", config_file, config_help());
    app.footer("Examples:\n  orilla serve\n  orilla serve --config /etc/orilla/config.yaml --log-level debug");
    for (const auto& option : text_options) app.add_option(option.flag, given[option.flag], describe(option, defaults));
    std::vector<std::string> tls_sans;
    app.add_option("--tls-san", tls_sans, tls_san_help)->allow_extra_args(false);
    try {
        std::vector<std::string> reversed(args.rbegin(), args.rend());
        app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        *help = app.help();
        return defaults;
    } catch (const CLI::Error& error) {
        return Error(Code::invalid, error.what());
    }
    ServeConfig config;
    config.config_file = config_file;
    const std::string file = config_file.empty() ? std::string(default_config_file) : config_file;
    const auto text = read_file(file, api::manifest_bytes_max);
    const bool is_left_out = !text && config_file.empty() && text.error().error_number() == ENOENT;
    if (!text && !is_left_out) return text.error();
    if (text) {
        TRY(config, parse_config_file(*text, file, std::move(config)));
    }
    for (const auto& option : text_options) {
        if (!app.count(option.flag)) continue;
        if (auto good = option.check(given[option.flag]); !good) return std::move(good).error().with_context(option.flag);
        config.*(option.member) = given[option.flag];
    }
    if (!tls_sans.empty()) config.tls_sans.clear();
    for (const auto& name : tls_sans)
        if (auto good = add_tls_san(config, name); !good) return std::move(good).error().with_context("--tls-san");
    return complete_config(std::move(config));
}

Result<ServeConfig> complete_config(ServeConfig config) {
    config.node_name_chosen = !config.node_name.empty();
    if (!config.node_name_chosen) config.node_name = host_name();
    if (config.socket.empty()) config.socket = config.run_dir + "/orilla.sock";
    if (auto good = check_domain(config.node_name); !good)
        return std::move(good).error().with_context("the host's name cannot be the node's, choose one with --node-name");
    TRY(Cidr pods, parse_cidr(config.pod_cidr));
    TRY(Cidr services, parse_cidr(config.service_cidr));
    if (config.cluster_cidr.empty()) config.cluster_cidr = config.pod_cidr;
    TRY(Cidr cluster, parse_cidr(config.cluster_cidr));
    if (!cluster.contains(pods.base) || cluster.prefix > pods.prefix)
        return Error(Code::invalid,
                     fmt::format("podCIDR {} is no part of clusterCIDR {}", config.pod_cidr, config.cluster_cidr));
    for (const auto& [name, text, range] :
         {std::tuple{"podCIDR", config.pod_cidr, pods}, {"clusterCIDR", config.cluster_cidr, cluster}})
        if (range.overlaps(services))
            return Error(Code::invalid, fmt::format("{} {} and serviceCIDR {} overlap", name, text, config.service_cidr));
    TRY(const auto pool, network::AddressPool::parse(config.load_balancer_pool));
    for (const auto& [name, range] : {std::pair{"clusterCIDR", cluster}, std::pair{"serviceCIDR", services}})
        if (pool.overlaps(range))
            return Error(Code::invalid,
                         fmt::format("loadBalancerPool {} and {} {} overlap", config.load_balancer_pool, name, range.text()));
    TRY_VOID(http::check_socket_path(config.socket));
    network::LinksConfig links;
    links.bridge = config.bridge;
    links.pod_cidr = pods;
    links.service_cidr = services;
    TRY_VOID(network::check_links_config(links));
    if (services.prefix > 28)
        return Error(Code::invalid, fmt::format("serviceCIDR {}: /28 is the smallest", config.service_cidr));
    return config;
}

}  // namespace orilla::wiring
