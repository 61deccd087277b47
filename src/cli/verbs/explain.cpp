#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "print/output.hpp"
#include "served_kinds.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// The group's OpenAPI document, whose schemas explain reads.
Result<json::object> fetch_schemas(Client& client, const api::KindInfo& kind) {
    const std::string group =
        kind.group.empty() ? "api/" + std::string(kind.version) : fmt::format("apis/{}/{}", kind.group, kind.version);
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
    if (property.contains("additionalProperties"))
        return "map[string]" + type_text(object_at(property, "additionalProperties"));
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
    return line.size() > indent.size() ? fmt::format("{}{}\n", out, line) : out;
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
            print(fmt::format("{}{}\t<{}>{}\n", indent, name, type_text(property), needed ? " -required-" : ""));
            if (!recursive) describe(property, indent + "  ");
            else if (depth < explain_depth_max) fields(object_at(schemas, schema_name(property)), indent + "  ", depth + 1);
        }
    }

    static void describe(const json::object& property, const std::string& indent) {
        std::string allowed;
        for (const auto& value : array_at(property, "enum")) allowed += (allowed.empty() ? "" : ", ") + text_of(value);
        if (!allowed.empty()) print(fmt::format("{}enum: {}\n", indent, allowed));
        print(wrapped(text_at(property, "description"), indent) + "\n");
    }
};

struct Explained {
    std::string field, type, description;
    std::string schema;                ///< its name; empty for plain values
    std::vector<std::string> allowed;  ///< values, where only certain ones are
};

/// Follows FIELD.FIELD from the kind's schema.
Result<Explained> find_field(const json::object& schemas, Explained at, std::string path) {
    while (!path.empty()) {
        const size_t end = path.find('.');
        at.field = path.substr(0, end);
        path = end == std::string::npos ? "" : path.substr(end + 1);
        const json::object& properties = object_at(object_at(schemas, at.schema), "properties");
        if (at.schema.empty() || !properties.contains(at.field))
            return Error(Code::not_found, fmt::format("error: field \"{}\" does not exist", at.field));
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
        return usage(
            "You must specify the type of resource to explain. Use \"orilla api-resources\" for a complete list of supported "
            "resources.");
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
    if (!kind->group.empty()) print(fmt::format("GROUP:      {}\n", kind->group));
    print(fmt::format("KIND:       {}\nVERSION:    {}\n\n", kind->kind, kind->version));
    if (!found.field.empty()) print(fmt::format("FIELD: {} <{}>\n", found.field, found.type));
    if (!found.allowed.empty()) print("ENUM:\n");
    for (const auto& value : found.allowed) print(fmt::format("    {}\n", value));
    if (!found.field.empty()) print("\n");
    print(fmt::format("DESCRIPTION:\n{}\n", wrapped(found.description, "    ")));
    if (found.schema.empty()) return ok();
    print("FIELDS:\n");
    Explainer{schemas, options.recursive}.fields(object_at(schemas, found.schema), "  ", 1);
    return ok();
}

}  // namespace orilla::cli
