// create: from files, or the few kinds that people make by hand.
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "manifests.hpp"
#include "orilla/api/codec.hpp"
#include "output.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

json::object metadata_of(const std::string& name) { return {{"name", name}}; }

/// --from-literal and --from-file, as {key, content}.
Result<std::vector<std::pair<std::string, std::string>>> read_sources(const Options& options) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& literal : options.from_literal) {
        const size_t equals = literal.find('=');
        if (equals == std::string::npos || equals == 0)
            return Error(Code::bad_request, "error: invalid literal source " + literal + ", expected key=value");
        out.emplace_back(literal.substr(0, equals), literal.substr(equals + 1));
    }
    for (const auto& file : options.from_file) {
        const size_t equals = file.find('=');
        const std::string path = equals == std::string::npos ? file : file.substr(equals + 1);
        const std::string key = equals == std::string::npos ? std::filesystem::path(path).filename().string() : file.substr(0, equals);
        std::ifstream in(path, std::ios::binary);
        if (!in) return Error(Code::bad_request, "error: cannot read " + path);
        std::stringstream text;
        text << in.rdbuf();
        out.emplace_back(key, text.str());
    }
    return out;
}

Result<json::object> make_config_map(const Options& options, const std::string& name) {
    TRY(auto sources, read_sources(options));
    json::object data;
    for (const auto& [key, value] : sources) data[key] = value;
    json::object out{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", metadata_of(name)}};
    if (!data.empty()) out["data"] = std::move(data);
    return out;
}

Result<json::object> make_secret(const Options& options, const std::string& name) {
    TRY(auto sources, read_sources(options));
    json::object data;
    for (const auto& [key, value] : sources) data[key] = api::encode_base64(value);
    json::object out{{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", metadata_of(name)}};
    if (!options.type.empty()) out["type"] = options.type;
    if (!data.empty()) out["data"] = std::move(data);
    return out;
}

Result<json::object> make_deployment(const Options& options, const std::string& name) {
    if (options.image.empty()) return Error(Code::bad_request, "error: required flag(s) \"image\" not set");
    const json::object labels{{"app", name}};
    std::string container = options.image.substr(options.image.rfind('/') + 1);
    container = container.substr(0, container.find_first_of(":@"));
    const json::object pod_template{
        {"metadata", {{"labels", labels}}},
        {"spec", {{"containers", json::array{json::object{{"name", container}, {"image", options.image}}}}}}};
    return json::object{{"apiVersion", "apps/v1"},
                        {"kind", "Deployment"},
                        {"metadata", {{"name", name}, {"labels", labels}}},
                        {"spec", {{"replicas", options.replicas.value_or(1)}, {"selector", {{"matchLabels", labels}}}, {"template", pod_template}}}};
}

Result<json::object> make_service(const Options& options, const std::string& type, const std::string& name) {
    json::array ports;
    for (const auto& pair : options.tcp) {
        const size_t colon = pair.find(':');
        const int port = atoi(pair.c_str());
        if (port <= 0) return Error(Code::bad_request, "error: --tcp=" + pair + ": expected PORT or PORT:TARGET");
        const std::string target = colon == std::string::npos ? pair : pair.substr(colon + 1);
        json::object one{{"name", pair.substr(0, colon) + "-" + target}, {"port", port}, {"protocol", "TCP"}};
        if (target.find_first_not_of("0123456789") == std::string::npos) one["targetPort"] = atoi(target.c_str());
        else one["targetPort"] = target;
        ports.emplace_back(std::move(one));
    }
    if (ports.empty()) return Error(Code::bad_request, "error: at least one tcp port must be specified: --tcp=80:8080");
    const json::object labels{{"app", name}};
    return json::object{{"apiVersion", "v1"},
                        {"kind", "Service"},
                        {"metadata", {{"name", name}, {"labels", labels}}},
                        {"spec", {{"type", type == "nodeport" ? "NodePort" : "ClusterIP"}, {"selector", labels}, {"ports", std::move(ports)}}}};
}

Result<json::object> make_named(const Options& options) {
    std::vector<std::string> words = options.args;
    const std::string what = words[0];
    std::string kind_type;
    if ((what == "secret" || what == "service" || what == "svc") && words.size() > 2) {
        kind_type = words[1];
        words.erase(words.begin() + 1);
    }
    if (words.size() != 2) return Error(Code::bad_request, "error: exactly one NAME is required, got " + std::to_string(words.size() - 1));
    const std::string name = words[1];
    if (what == "configmap" || what == "cm") return make_config_map(options, name);
    if (what == "secret" && (kind_type.empty() || kind_type == "generic")) return make_secret(options, name);
    if (what == "deployment" || what == "deploy") return make_deployment(options, name);
    if ((what == "service" || what == "svc") && (kind_type == "clusterip" || kind_type == "nodeport"))
        return make_service(options, kind_type, name);
    if (what == "namespace" || what == "ns")
        return json::object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", metadata_of(name)}};
    return Error(Code::bad_request, "error: cannot create \"" + what + (kind_type.empty() ? "" : " " + kind_type) +
                                        "\" by hand: configmap, secret generic, deployment, service clusterip|nodeport and namespace "
                                        "can be; everything else comes from -f FILE");
}

}  // namespace

Result<void> run_create(Client& client, const Options& options) {
    if (!options.files.empty()) return create_from_files(client, options);
    if (options.args.empty()) return Error(Code::bad_request, "error: must specify one of -f, or what to create");
    TRY(json::object object, make_named(options));
    return create_object(client, options, make_manifest(options, std::move(object)));
}

}  // namespace orilla::cli
