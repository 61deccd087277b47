#include "verbs/prune.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"
#include "served_kinds.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view pruned_by_default[] = {
    "core/v1/ConfigMap",
    "core/v1/Endpoints",
    "core/v1/PersistentVolumeClaim",
    "core/v1/Pod",
    "core/v1/ReplicationController",
    "core/v1/Secret",
    "core/v1/Service",
    "batch/v1/Job",
    "batch/v1/CronJob",
    "networking.k8s.io/v1/Ingress",
    "apps/v1/DaemonSet",
    "apps/v1/Deployment",
    "apps/v1/ReplicaSet",
    "apps/v1/StatefulSet",
    "core/v1/Namespace",
    "core/v1/PersistentVolume",
};

Result<const api::KindInfo*> find_named(std::string_view text) {
    const size_t first = text.find('/'), second = first == text.npos ? first : text.find('/', first + 1);
    if (second == text.npos || text.find('/', second + 1) != text.npos)
        return usage(fmt::format("invalid GroupVersionKind format: {}, please follow <group/version/kind>", text));
    const std::string_view kind = text.substr(second + 1);
    std::string_view version = text.substr(0, second);
    if (version.starts_with("core/") || version.starts_with("/")) version.remove_prefix(first + 1);
    if (const api::KindInfo* found = find_kind(version, kind)) return found;
    return usage(
        fmt::format("error retrieving RESTMappings to prune: invalid resource {}: no matches for kind \"{}\" in version \"{}\"",
                    text, kind, version));
}

bool was_applied(const json::object& metadata) {
    return object_at(metadata, "annotations").contains(api::last_applied_annotation);
}

/// Whatever the version: it is the same object.
bool is_named(const Manifest& manifest, const api::KindInfo& kind, const Target& target) {
    return manifest.kind->is_same_kind(kind) && manifest.name == target.name && manifest.ns == target.ns;
}

}  // namespace

Result<void> check_prune(const Options& options) {
    if (!options.prune) return ok();
    if (options.all && !options.selector.empty()) return usage("cannot set --all and --selector at the same time");
    if (!options.all && options.selector.empty())
        return usage(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. "
            "If "
            "you did not mean to prune all resources, specify a label selector");
    TRY_VOID(find_prunable_kinds(options));
    return ok();
}

Result<std::vector<const api::KindInfo*>> find_prunable_kinds(const Options& options) {
    std::vector<const api::KindInfo*> kinds;
    for (const auto& text : options.prune_allowlist) {
        TRY(const api::KindInfo* kind, find_named(text));
        kinds.push_back(kind);
    }
    if (!kinds.empty()) return kinds;
    for (const std::string_view text : pruned_by_default) {
        const auto kind = find_named(text);
        if (kind && ((*kind)->namespaced || options.ns.empty())) kinds.push_back(*kind);
    }
    return kinds;
}

std::vector<Target> plan_prune(const api::KindInfo& kind, const json::object& list, const std::vector<Manifest>& manifests) {
    std::vector<Target> out;
    for (const auto& item : array_at(list, "items")) {
        const json::object& metadata = object_at(item.get_object(), "metadata");
        Target target{&kind, text_at(metadata, "name"), text_at(metadata, "namespace"), ""};
        const auto names_it = [&](const Manifest& manifest) { return is_named(manifest, kind, target); };
        if (was_applied(metadata) && std::ranges::none_of(manifests, names_it)) out.push_back(std::move(target));
    }
    return out;
}

Result<std::vector<Target>> find_prunable(Client& client, const Options& options, const std::vector<Manifest>& manifests) {
    TRY(const auto kinds, find_prunable_kinds(options));
    std::set<std::string> namespaces;
    for (const auto& manifest : manifests)
        if (!manifest.ns.empty()) namespaces.insert(manifest.ns);
    std::vector<Target> out;
    for (const api::KindInfo* kind : kinds)
        for (const auto& ns : kind->namespaced ? namespaces : std::set<std::string>{""}) {
            Request request;
            request.path = path_of(*kind, ns) + list_query(options);
            auto body = client.send(request);
            if (!body && body.error().code() == Code::not_found) continue;  // the server has no such kind
            if (!body) return std::move(body).error();
            TRY(const json::object list, parse_object(*body));
            std::ranges::move(plan_prune(*kind, list, manifests), std::back_inserter(out));
        }
    return out;
}

}  // namespace orilla::cli
