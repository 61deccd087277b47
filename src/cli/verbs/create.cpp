// create: from files, or the few kinds that people make by hand.
#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "config_sources.hpp"
#include "manifests.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/base/text.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/utf8.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"
#include "verbs/create.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr int port_max = 65535;

/// `options.ns` stands in the object only when it was asked for, as with kubectl.
json::object new_metadata(const Options& options, const json::object& labels = {}) {
    json::object out{{"name", options.args[0]}};
    if (!options.ns.empty()) out["namespace"] = options.ns;
    if (!labels.empty()) out["labels"] = labels;
    return out;
}

Result<json::object> make_config_map(const Options& options) {
    TRY(const auto entries, read_config_sources(options, "ConfigMap", options.args[0]));
    json::object data, binary;
    for (const auto& [key, value] : entries) {
        if (api::is_utf8(value)) data[key] = value;
        else binary[key] = encode_base64(value);
    }
    json::object out{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", new_metadata(options)}};
    if (!data.empty()) out["data"] = std::move(data);
    if (!binary.empty()) out["binaryData"] = std::move(binary);
    return out;
}

/// registry:5000/tools/nginx:1@sha256:... runs in a container named nginx.
std::string container_name(const std::string& image) {
    std::string name = lowered(image.substr(image.rfind('/') + 1));
    name = name.substr(0, name.find_first_of(":@"));
    std::ranges::replace_if(
        name, [](char c) { return c == '_' || c == '.'; }, '-');
    return name;
}

Result<json::array> make_containers(const Options& options) {
    json::array out;
    for (const auto& image : options.images) {
        json::object container{{"name", container_name(image)}, {"image", image}};
        for (const auto& other : out)
            if (text_at(other.get_object(), "name") == text_at(container, "name"))
                return usage(fmt::format("two images would run in a container named \"{}\"; write a manifest",
                                         text_at(container, "name")));
        if (out.empty() && options.port) container["ports"] = json::array{json::object{{"containerPort", *options.port}}};
        if (!options.container_command.empty()) {
            json::array command;
            for (const auto& word : options.container_command) command.emplace_back(word);
            container["command"] = std::move(command);
        }
        out.emplace_back(std::move(container));
    }
    return out;
}

Result<json::object> make_deployment(const Options& options) {
    if (options.images.empty()) return usage("required flag(s) \"image\" not set");
    if (options.images.size() > 1 && !options.container_command.empty())
        return usage("cannot specify multiple --image options and command");
    TRY(json::array containers, make_containers(options));
    const json::object labels{{"app", options.args[0]}};
    const json::object pod_template{{"metadata", {{"labels", labels}}}, {"spec", {{"containers", std::move(containers)}}}};
    return json::object{
        {"apiVersion", "apps/v1"},
        {"kind", "Deployment"},
        {"metadata", new_metadata(options, labels)},
        {"spec",
         {{"replicas", options.replicas.value_or(1)}, {"selector", {{"matchLabels", labels}}}, {"template", pod_template}}}};
}

Result<int> parse_port(const std::string& text, const std::string& whole) {
    int port = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failed != std::errc() || end != text.data() + text.size() || port < 1 || port > port_max)
        return usage(fmt::format("invalid --tcp={}: a port must be between 1 and 65535, inclusive", whole));
    return port;
}

/// 80, 80:8080 or 80:http.
Result<json::object> make_port(const Options& options, const std::string& pair) {
    const size_t colon = pair.find(':');
    TRY(const int port, parse_port(pair.substr(0, colon), pair));
    json::object out{{"name", std::to_string(port)}, {"port", port}, {"protocol", "TCP"}, {"targetPort", port}};
    if (options.node_port) out["nodePort"] = *options.node_port;
    if (colon == std::string::npos) return out;
    const std::string target = pair.substr(colon + 1);
    out["name"] = fmt::format("{}-{}", port, target);
    if (target.find_first_not_of("0123456789") != std::string::npos) {
        out["targetPort"] = target;
        return out;
    }
    TRY(const int number, parse_port(target, pair));
    out["targetPort"] = number;
    return out;
}

Result<json::object> make_service(const Options& options, const char* type) {
    json::array ports;
    for (const auto& pair : options.tcp) {
        TRY(json::object port, make_port(options, pair));
        ports.emplace_back(std::move(port));
    }
    const bool headless = options.cluster_ip == "None", is_alias = std::string_view(type) == "ExternalName";
    if (is_alias && options.external_name.empty()) return usage("required flag(s) \"external-name\" not set");
    if (ports.empty() && !headless && !is_alias) return usage("at least one tcp port specifier must be provided");
    if (options.node_port && ports.size() > 1) return usage("--node-port goes with one --tcp");
    const json::object labels{{"app", options.args[0]}};
    json::object spec{{"type", type}, {"selector", labels}};
    if (!ports.empty()) spec["ports"] = std::move(ports);
    if (!options.cluster_ip.empty()) spec["clusterIP"] = options.cluster_ip;
    if (is_alias) spec["externalName"] = options.external_name;
    return json::object{
        {"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", new_metadata(options, labels)}, {"spec", std::move(spec)}};
}

/// pods=1,requests.cpu=500m
Result<json::object> parse_amounts(const std::string& text) {
    json::object out;
    for (size_t from = 0; from <= text.size();) {
        const size_t end = std::min(text.find(',', from), text.size());
        const std::string pair = text.substr(from, end - from);
        from = end + 1;
        const size_t equals = pair.find('=');
        if (equals == std::string::npos || pair.find('=', equals + 1) != std::string::npos)
            return usage(fmt::format("invalid argument syntax {}, expected <resource>=<value>", pair));
        TRY(const api::Quantity amount, api::Quantity::parse(pair.substr(equals + 1)));
        out[pair.substr(0, equals)] = amount.text.view();
    }
    return out;
}

Result<json::array> parse_scopes(const std::string& text) {
    json::array out;
    for (size_t from = 0; from <= text.size();) {
        const size_t end = std::min(text.find(',', from), text.size());
        std::string scope = text.substr(from, end - from);
        from = end + 1;
        std::erase(scope, ' ');
        if (scope.empty()) return usage("invalid resource quota scope \"\"");
        out.emplace_back(std::move(scope));
    }
    return out;
}

Result<json::object> make_quota(const Options& options) {
    json::object spec;
    if (!options.hard.empty()) {
        TRY(spec["hard"], parse_amounts(options.hard));
    }
    if (!options.scopes.empty()) {
        TRY(spec["scopes"], parse_scopes(options.scopes));
    }
    return json::object{
        {"apiVersion", "v1"}, {"kind", "ResourceQuota"}, {"metadata", new_metadata(options)}, {"spec", std::move(spec)}};
}

}  // namespace

Result<json::object> make_generated(const Options& options) {
    if (options.args.size() != 1)
        return usage_with_help(options, "exactly one NAME is required, got " + std::to_string(options.args.size()));
    if (options.verb == "create configmap") return make_config_map(options);
    if (options.verb.starts_with("create secret ")) return make_secret(options, new_metadata(options));
    if (options.verb == "create deployment") return make_deployment(options);
    if (options.verb == "create job") return make_job(options, new_metadata(options));
    if (options.verb == "create cronjob") return make_cronjob(options, new_metadata(options));
    if (options.verb == "create poddisruptionbudget") return make_budget(options, new_metadata(options));
    if (options.verb == "create priorityclass") return make_priority_class(options);
    if (options.verb == "create quota") return make_quota(options);
    if (options.verb == "create service clusterip") return make_service(options, "ClusterIP");
    if (options.verb == "create service nodeport") return make_service(options, "NodePort");
    if (options.verb == "create service loadbalancer") return make_service(options, "LoadBalancer");
    if (options.verb == "create service externalname") return make_service(options, "ExternalName");
    return json::object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", options.args[0]}}}};
}

Result<void> run_create(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    if (options.verb != "create") {
        TRY(json::object object, options.from.empty() ? make_generated(options) : fetch_job_pattern(client, options));
        return create_object(client, options, make_manifest(options, std::move(object)));
    }
    if (options.files.empty() && !options.args.empty())
        return usage_with_help(
            options,
            fmt::format("cannot create \"{}\" by flags: configmap, secret generic|tls|docker-registry, deployment, "
                        "job, cronjob, poddisruptionbudget, priorityclass, quota, service "
                        "clusterip|nodeport|loadbalancer|externalname and namespace can be; everything else comes from "
                        "-f FILE",
                        options.args[0]));
    if (options.files.empty()) return usage("must specify one of -f and -k");
    TRY_VOID(refuse_words(options));
    return create_from_files(client, options);
}

}  // namespace orilla::cli
