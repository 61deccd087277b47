#include "describe/discovery.hpp"

#include <fmt/core.h>
#include <span>
#include <vector>

#include "orilla/base/machine.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::apiserver {

namespace {
/// The release of Kubernetes whose API this is; clients compare the minor version with their own.
constexpr std::string_view kubernetes_minor = "33";
#if defined(__clang__)
constexpr std::string_view compiler = "clang " __clang_version__;
#else
constexpr std::string_view compiler = "gcc " __VERSION__;
#endif

struct GroupVersion {
    std::string_view group;
    std::string_view version;
    std::string_view api_version;
    bool operator==(const GroupVersion&) const = default;
};

/// In the registry's order, which is that of priority.
std::vector<GroupVersion> group_versions(const api::KindRegistry& kinds) {
    std::vector<GroupVersion> all;
    for (const api::KindInfo& kind : kinds.all()) {
        const GroupVersion one{kind.group, kind.version, kind.api_version};
        bool known = false;
        for (const GroupVersion& other : all) known = known || other == one;
        if (!known) all.push_back(one);
    }
    return all;
}

std::vector<std::string_view> groups(const api::KindRegistry& kinds) {
    std::vector<std::string_view> all;
    for (const GroupVersion& one : group_versions(kinds))
        if (!one.group.empty() && (all.empty() || all.back() != one.group)) all.push_back(one.group);
    return all;
}

void append_strings(std::string& out, std::span<const std::string_view> texts) {
    out += '[';
    for (size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += ',';
        api::append_json_string(out, texts[i]);
    }
    out += ']';
}

/// "name":"value", with a comma in front unless it is the first of its object.
void append_member(std::string& out, std::string_view name, std::string_view value) {
    if (out.back() != '{') out += ',';
    api::append_json_string(out, name);
    out += ':';
    api::append_json_string(out, value);
}

void append_strings_member(std::string& out, std::string_view name, std::span<const std::string_view> values) {
    if (values.empty()) return;
    out += ',';
    api::append_json_string(out, name);
    out += ':';
    append_strings(out, values);
}

// ---- legacy ----------------------------------------------------------------------------------------------------------

void append_group(std::string& out, const api::KindRegistry& kinds, std::string_view group, bool with_type) {
    out += '{';
    if (with_type) out += R"("kind":"APIGroup","apiVersion":"v1")";
    append_member(out, "name", group);
    out += R"(,"versions":[)";
    std::string preferred;
    for (const GroupVersion& one : group_versions(kinds)) {
        if (one.group != group) continue;
        std::string version = "{";
        append_member(version, "groupVersion", one.api_version);
        append_member(version, "version", one.version);
        version += '}';
        if (preferred.empty()) preferred = version;
        else out += ',';
        out += version;
    }
    out += R"(],"preferredVersion":)" + preferred + '}';
}

void append_resource(std::string& out, const api::KindInfo& kind) {
    out += '{';
    append_member(out, "name", kind.plural);
    append_member(out, "singularName", kind.singular);
    out += kind.namespaced ? R"(,"namespaced":true)" : R"(,"namespaced":false)";
    append_member(out, "kind", kind.kind);
    out += R"(,"verbs":)";
    append_strings(out, kind.verbs);
    append_strings_member(out, "shortNames", kind.short_names);
    append_strings_member(out, "categories", kind.categories);
    if (!kind.storage_version_hash.empty()) append_member(out, "storageVersionHash", kind.storage_version_hash);
    out += '}';
}

void append_subresource(std::string& out, const api::KindInfo& kind, const api::SubresourceInfo& part) {
    out += ",{";
    append_member(out, "name", fmt::format("{}/{}", kind.plural, part.name));
    append_member(out, "singularName", "");
    out += kind.namespaced ? R"(,"namespaced":true)" : R"(,"namespaced":false)";
    if (part.group != kind.group || part.version != kind.version) {
        append_member(out, "group", part.group);
        append_member(out, "version", part.version);
    }
    append_member(out, "kind", part.kind);
    out += R"(,"verbs":)";
    append_strings(out, part.verbs);
    out += '}';
}

// ---- aggregated ------------------------------------------------------------------------------------------------------

void append_response_kind(std::string& out, std::string_view group, std::string_view version, std::string_view kind) {
    out += R"("responseKind":{)";
    append_member(out, "group", group);
    append_member(out, "version", version);
    append_member(out, "kind", kind);
    out += '}';
}

void append_aggregated_resource(std::string& out, const api::KindInfo& kind) {
    out += '{';
    append_member(out, "resource", kind.plural);
    out += ',';
    append_response_kind(out, kind.group, kind.version, kind.kind);
    append_member(out, "scope", kind.namespaced ? "Namespaced" : "Cluster");
    append_member(out, "singularResource", kind.singular);
    out += R"(,"verbs":)";
    append_strings(out, kind.verbs);
    append_strings_member(out, "shortNames", kind.short_names);
    append_strings_member(out, "categories", kind.categories);
    if (!kind.subresources.empty()) out += R"(,"subresources":[)";
    for (const api::SubresourceInfo& part : kind.subresources) {
        if (out.back() != '[') out += ',';
        out += '{';
        append_member(out, "subresource", part.name);
        out += ',';
        append_response_kind(out, part.group, part.version, part.kind);
        out += R"(,"verbs":)";
        append_strings(out, part.verbs);
        out += '}';
    }
    if (!kind.subresources.empty()) out += ']';
    out += '}';
}

void append_aggregated_group(std::string& out, const api::KindRegistry& kinds, std::string_view group) {
    out += R"({"metadata":{)";
    if (!group.empty()) append_member(out, "name", group);
    out += R"(},"versions":[)";
    for (const GroupVersion& one : group_versions(kinds)) {
        if (one.group != group) continue;
        if (out.back() != '[') out += ',';
        out += '{';
        append_member(out, "version", one.version);
        append_member(out, "freshness", "Current");
        out += R"(,"resources":[)";
        for (const api::KindInfo& kind : kinds.all()) {
            if (kind.group != one.group || kind.version != one.version) continue;
            if (out.back() != '[') out += ',';
            append_aggregated_resource(out, kind);
        }
        out += "]}";
    }
    out += "]}";
}
}  // namespace

std::string render_api_versions(std::string_view address) {
    std::string out = R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[)";
    if (!address.empty()) {
        out += R"({"clientCIDR":"0.0.0.0/0")";
        append_member(out, "serverAddress", address);
        out += '}';
    }
    return out + "]}\n";
}

std::string render_api_group_list(const api::KindRegistry& kinds) {
    std::string out = R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)";
    for (const std::string_view group : groups(kinds)) {
        if (out.back() != '[') out += ',';
        append_group(out, kinds, group, false);
    }
    return out + "]}\n";
}

std::string render_api_group(const api::KindRegistry& kinds, std::string_view group) {
    for (const std::string_view known : groups(kinds)) {
        if (known != group) continue;
        std::string out;
        append_group(out, kinds, group, true);
        return out + "\n";
    }
    return {};
}

std::string render_api_resource_list(const api::KindRegistry& kinds, std::string_view group, std::string_view version) {
    std::string out = R"({"kind":"APIResourceList","apiVersion":"v1")";
    bool found = false;
    for (const api::KindInfo& kind : kinds.all()) {
        if (kind.group != group || kind.version != version) continue;
        if (!found) {
            append_member(out, "groupVersion", kind.api_version);
            out += R"(,"resources":[)";
        } else {
            out += ',';
        }
        found = true;
        append_resource(out, kind);
        for (const api::SubresourceInfo& part : kind.subresources) append_subresource(out, kind, part);
    }
    return found ? out + "]}\n" : std::string();
}

std::string render_aggregated_discovery(const api::KindRegistry& kinds, bool core, Form form) {
    std::string out = R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/)";
    out += form == Form::discovery_v2 ? "v2" : "v2beta1";
    out += R"(","metadata":{},"items":[)";
    if (core) {
        append_aggregated_group(out, kinds, "");
    } else {
        for (const std::string_view group : groups(kinds)) {
            if (out.back() != '[') out += ',';
            append_aggregated_group(out, kinds, group);
        }
    }
    return out + "]}\n";
}

std::string render_version(const BuildInfo& build) {
    std::string out = R"({"major":"1")";
    append_member(out, "minor", kubernetes_minor);
    append_member(out, "gitVersion", "v1." + std::string(kubernetes_minor) + ".0+orilla-" ORILLA_VERSION);
    append_member(out, "gitCommit", build.commit);
    append_member(out, "gitTreeState", build.tree_state);
    append_member(out, "buildDate", build.date);
    append_member(out, "goVersion", "none");  // clients print it; there is no Go in here
    append_member(out, "compiler", compiler);
    append_member(out, "platform", "linux/" + std::string(machine_architecture));
    return out + "}\n";
}

}  // namespace orilla::apiserver
