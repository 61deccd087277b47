// version, api-resources, explain, kubeconfig, check.
#include <algorithm>
#include <boost/json.hpp>

#include "orilla/api/type_info.hpp"
#include "output.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;

namespace {
Result<void> refuse_words(const Options& options) {
    if (options.args.empty()) return ok();
    return Error(Code::bad_request, "error: unexpected argument \"" + options.args[0] + "\"");
}
}  // namespace

Result<void> run_version(Client& client, const Options& options) {
    TRY_VOID(refuse_words(options));
    const json::object own{{"gitVersion", "v" ORILLA_VERSION}};
    Request request;
    request.path = "/version";
    auto body = client.send(request);
    json::object all{{"clientVersion", own}};
    if (body) {
        TRY(json::object server, parse_object(*body));
        all["serverVersion"] = std::move(server);
    }
    if (is_machine_output(options.output)) {
        TRY(std::string text, render_object(json::serialize(all), options));
        print(text);
        return ok();
    }
    print("Client Version: " ORILLA_VERSION "\n");
    if (!body) return std::move(body).error();
    print("Server Version: " + text_at(object_at(all, "serverVersion"), "gitVersion") + "\n");
    return ok();
}

Result<void> run_api_resources(Client&, const Options& options) {
    TRY_VOID(refuse_words(options));
    TextTable table;
    const bool wide = options.output == "wide";
    std::vector<std::string> head{"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"};
    if (wide) head.emplace_back("VERBS"), head.emplace_back("CATEGORIES");
    if (!options.no_headers && options.output != "name") table.add(head);
    for (const auto& kind : api::all_kinds()) {
        const auto joined = [](const auto& words) {
            std::string out;
            for (auto word : words) out += (out.empty() ? "" : ",") + std::string(word);
            return out;
        };
        if (options.output == "name") {
            print(std::string(kind.resource) + "\n");
            continue;
        }
        std::vector<std::string> row{std::string(kind.plural), joined(kind.short_names), std::string(kind.api_version),
                                     kind.namespaced ? "true" : "false", std::string(kind.kind)};
        if (wide) row.push_back(joined(kind.verbs)), row.push_back(joined(kind.categories));
        table.add(std::move(row));
    }
    print(table.render());
    return ok();
}

namespace {

/// The group's OpenAPI document, whose schemas explain reads.
Result<json::object> fetch_schemas(Client& client, const api::KindInfo& kind) {
    const std::string group = kind.group.empty() ? "api/" + std::string(kind.version)
                                                 : "apis/" + std::string(kind.group) + "/" + std::string(kind.version);
    Request request;
    request.path = "/openapi/v3/" + group;
    TRY(std::string body, client.send(request));
    TRY(json::object document, parse_object(body));
    return object_at(object_at(document, "components"), "schemas");
}

/// Name of the schema that a property leads to, through lists and maps; empty for plain values.
std::string schema_name(const json::object& property) {
    std::string ref = text_at(property, "$ref");
    for (const auto& part : array_at(property, "allOf")) ref = text_at(part.get_object(), "$ref");
    for (const char* inner : {"items", "additionalProperties"})
        if (ref.empty() && property.contains(inner)) return schema_name(object_at(property, inner));
    return ref.substr(ref.rfind('/') + 1);
}

std::string type_text(const json::object& property) {
    if (property.contains("items")) return "[]" + type_text(object_at(property, "items"));
    if (property.contains("additionalProperties")) return "map[string]" + type_text(object_at(property, "additionalProperties"));
    const std::string name = schema_name(property);
    return name.empty() ? text_at(property, "type") : name.substr(name.rfind('.') + 1);
}

void print_fields(const json::object& schema) {
    TextTable table;
    const json::array& required = array_at(schema, "required");
    for (const auto& property : object_at(schema, "properties")) {
        const bool needed = std::any_of(required.begin(), required.end(), [&](const auto& name) { return text_of(name) == property.key(); });
        std::string type = "<" + type_text(property.value().get_object()) + ">";
        if (needed) type += " -required-";
        std::string allowed;
        for (const auto& value : array_at(property.value().get_object(), "enum")) allowed += (allowed.empty() ? "enum: " : ", ") + text_of(value);
        table.add({"  " + std::string(property.key()), type, allowed});
    }
    print("FIELDS:\n" + table.render());
}

}  // namespace

Result<void> run_explain(Client& client, const Options& options) {
    if (options.args.size() != 1) return Error(Code::bad_request, "error: expected one resource, for example: explain pod.spec.containers");
    std::string path = options.args[0];
    const size_t dot = path.find('.');
    const api::KindInfo* kind = api::find_kind_by_any_name(path.substr(0, dot));
    if (!kind) return Error(Code::not_found, "error: the server doesn't have a resource type \"" + path.substr(0, dot) + "\"");
    TRY(json::object schemas, fetch_schemas(client, *kind));
    std::string name;
    for (const auto& schema : schemas)
        for (const auto& gvk : array_at(schema.value().get_object(), "x-kubernetes-group-version-kind"))
            if (text_at(gvk.get_object(), "kind") == kind->kind) name = schema.key();
    path = dot == std::string::npos ? "" : path.substr(dot + 1);
    std::string field, type = std::string(kind->kind);
    while (!path.empty()) {
        const size_t end = path.find('.');
        field = path.substr(0, end);
        path = end == std::string::npos ? "" : path.substr(end + 1);
        const json::object& properties = object_at(object_at(schemas, name), "properties");
        if (!properties.contains(field)) return Error(Code::not_found, "error: field \"" + field + "\" does not exist");
        const json::object& property = object_at(properties, field);
        type = type_text(property);
        name = schema_name(property);
        if (name.empty() && !path.empty()) return Error(Code::not_found, "error: field \"" + path + "\" does not exist");
    }
    print("KIND:       " + std::string(kind->kind) + "\nVERSION:    " + std::string(kind->api_version) + "\n\n");
    if (!field.empty()) print("FIELD: " + field + " <" + type + ">\n\n");
    if (!name.empty()) print_fields(object_at(schemas, name));
    return ok();
}

Result<void> run_kubeconfig(Client& client, const Options& options, const Local& local) {
    if (!options.data_dir.empty()) {
        const std::string server = options.server.empty() ? "https://127.0.0.1:6443" : options.server;
        TRY(const std::string text, local.kubeconfig(options.data_dir, server));
        print(text);
        return ok();
    }
    Request request;
    request.path = "/orilla/v1/kubeconfig?server=" + escape(options.server);
    TRY(const std::string text, client.send(request));
    print(text);
    return ok();
}

Result<void> run_check(const Options& options, const Local& local) {
    TRY_VOID(refuse_words(options));
    bool fatal = false;
    for (const auto& missing : local.check_kernel()) {
        print((missing.fatal ? "missing: " : "limited: ") + missing.name + ": " + missing.sentence + "\n");
        fatal |= missing.fatal;
    }
    if (fatal) return Error(Code::unsupported, "error: this kernel cannot run Orilla");
    print("This kernel has everything that Orilla needs.\n");
    return ok();
}

}  // namespace orilla::cli
