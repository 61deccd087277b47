// version, api-resources, explain, check.
#include <algorithm>
#include <boost/json.hpp>

#include "print/output.hpp"
#include "verbs/verbs.hpp"
#include "served_kinds.hpp"

namespace orilla::cli {
namespace json = boost::json;

Result<void> run_version(Client& client, const Options& options) {
    if (!options.output.empty() && options.output != "json" && options.output != "yaml") return usage("--output must be 'yaml' or 'json'");
    TRY_VOID(refuse_words(options));
    json::object all{{"clientVersion", {{"gitVersion", "v" ORILLA_VERSION}}}};
    Request request;
    request.path = "/version";
    auto body = options.client_only ? Result<std::string>(std::string("{}")) : client.send(request);
    if (body && !options.client_only) {
        TRY(json::object server, parse_object(*body));
        all["serverVersion"] = std::move(server);
    }
    if (is_machine_output(options.output)) {
        TRY(std::string text, render_object(json::serialize(all), options));
        print_value(text);
    } else {
        print("Client Version: v" ORILLA_VERSION "\n");
        if (all.contains("serverVersion")) print("Server Version: " + text_at(object_at(all, "serverVersion"), "gitVersion") + "\n");
    }
    if (!body) return std::move(body).error();
    return ok();
}

namespace {

template <class Words>
std::string comma_joined(const Words& words) {
    std::string out;
    for (auto word : words) out += (out.empty() ? "" : ",") + std::string(word);
    return out;
}

bool is_listed(const Options& options, const api::KindInfo& kind) {
    if (!options.api_group.empty() && kind.group != options.api_group) return false;
    if (!options.namespaced.empty() && kind.namespaced != (options.namespaced == "true")) return false;
    return std::ranges::all_of(options.verbs, [&kind](const std::string& verb) { return kind.has_verb(verb); });
}

}  // namespace

std::string render_api_resources(const Options& options) {
    TextTable table;
    const bool wide = options.output == "wide";
    std::vector<std::string> head{"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"};
    if (wide) head.emplace_back("VERBS"), head.emplace_back("CATEGORIES");
    if (!options.no_headers && options.output != "name") table.add(head);
    for (const api::KindInfo& kind : served_kinds().all()) {
        if (!is_listed(options, kind)) continue;
        std::vector<std::string> row{std::string(options.output == "name" ? kind.resource : kind.plural)};
        if (options.output != "name")
            row.insert(row.end(), {comma_joined(kind.short_names), std::string(kind.api_version), kind.namespaced ? "true" : "false", std::string(kind.kind)});
        if (wide) row.push_back(comma_joined(kind.verbs)), row.push_back(comma_joined(kind.categories));
        table.add(std::move(row));
    }
    return table.render();
}

Result<void> run_api_resources(Client&, const Options& options) {
    TRY_VOID(check_output(options, "name,wide"));
    TRY_VOID(refuse_words(options));
    if (!options.namespaced.empty() && options.namespaced != "true" && options.namespaced != "false")
        return usage("invalid argument \"" + options.namespaced + "\" for \"--namespaced\" flag: expected true or false");
    print(render_api_resources(options));
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

constexpr int explain_depth_max = 10;  ///< levels that --recursive prints

/// "DESCRIPTION" in lines of at most 80 columns.
std::string wrapped(const std::string& text, const std::string& indent) {
    constexpr size_t columns_max = 80;
    std::string out, line = indent;
    for (size_t from = 0; from < text.size();) {
        const size_t end = std::min(text.find_first_of(" \n", from), text.size());
        if (line.size() > indent.size() && line.size() + 1 + end - from > columns_max) out += line + "\n", line = indent;
        line += (line.size() > indent.size() ? " " : "") + text.substr(from, end - from);
        from = end + 1;
    }
    return line.size() > indent.size() ? out + line + "\n" : out;
}

struct Explainer {
    const json::object& schemas;
    bool recursive;

    void fields(const json::object& schema, const std::string& indent, int depth) const {
        std::vector<std::string> required;
        for (const auto& name : array_at(schema, "required")) required.push_back(text_of(name));
        std::vector<std::string> names;
        for (const auto& property : object_at(schema, "properties")) names.push_back(property.key());
        std::ranges::sort(names);
        for (const auto& name : names) {
            const json::object& property = object_at(object_at(schema, "properties"), name);
            const bool needed = std::ranges::find(required, name) != required.end();
            print(indent + name + "\t<" + type_text(property) + ">" + (needed ? " -required-" : "") + "\n");
            if (!recursive) describe(property, indent + "  ");
            else if (depth < explain_depth_max) fields(object_at(schemas, schema_name(property)), indent + "  ", depth + 1);
        }
    }

    static void describe(const json::object& property, const std::string& indent) {
        std::string allowed;
        for (const auto& value : array_at(property, "enum")) allowed += (allowed.empty() ? "" : ", ") + text_of(value);
        if (!allowed.empty()) print(indent + "enum: " + allowed + "\n");
        print(wrapped(text_at(property, "description"), indent) + "\n");
    }
};

struct Explained {
    std::string field, type, description;
    std::string schema;  ///< its name; empty for plain values
    std::vector<std::string> allowed;  ///< values, where only certain ones are
};

/// Follows FIELD.FIELD from the kind's schema.
Result<Explained> find_field(const json::object& schemas, Explained at, std::string path) {
    while (!path.empty()) {
        const size_t end = path.find('.');
        at.field = path.substr(0, end);
        path = end == std::string::npos ? "" : path.substr(end + 1);
        const json::object& properties = object_at(object_at(schemas, at.schema), "properties");
        if (at.schema.empty() || !properties.contains(at.field)) return Error(Code::not_found, "error: field \"" + at.field + "\" does not exist");
        const json::object& property = object_at(properties, at.field);
        at.type = type_text(property);
        at.schema = schema_name(property);
        at.description = text_at(property, "description");
        at.allowed.clear();
        for (const auto& value : array_at(property, "enum")) at.allowed.push_back(text_of(value));
    }
    return at;
}

}  // namespace

Result<void> run_explain(Client& client, const Options& options) {
    if (options.args.empty())
        return usage("You must specify the type of resource to explain. Use \"orilla api-resources\" for a complete list of supported resources.");
    if (options.args.size() > 1) return usage("We accept only this format: explain RESOURCE");
    const std::string path = options.args[0];
    const size_t dot = path.find('.');
    const api::KindInfo* kind = served_kinds().find_by_any_name(path.substr(0, dot));
    if (!kind) return unknown_type(path.substr(0, dot));
    TRY(const json::object schemas, fetch_schemas(client, *kind));
    Explained whole;
    for (const auto& schema : schemas)
        for (const auto& gvk : array_at(schema.value().get_object(), "x-kubernetes-group-version-kind"))
            if (text_at(gvk.get_object(), "kind") == kind->kind) whole.schema = schema.key();
    whole.description = text_at(object_at(schemas, whole.schema), "description");
    TRY(const Explained found, find_field(schemas, whole, dot == std::string::npos ? "" : path.substr(dot + 1)));
    if (!kind->group.empty()) print("GROUP:      " + std::string(kind->group) + "\n");
    print("KIND:       " + std::string(kind->kind) + "\nVERSION:    " + std::string(kind->version) + "\n\n");
    if (!found.field.empty()) print("FIELD: " + found.field + " <" + found.type + ">\n");
    if (!found.allowed.empty()) print("ENUM:\n");
    for (const auto& value : found.allowed) print("    " + value + "\n");
    if (!found.field.empty()) print("\n");
    print("DESCRIPTION:\n" + wrapped(found.description, "    ") + "\n");
    if (found.schema.empty()) return ok();
    print("FIELDS:\n");
    Explainer{schemas, options.recursive}.fields(object_at(schemas, found.schema), "  ", 1);
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
