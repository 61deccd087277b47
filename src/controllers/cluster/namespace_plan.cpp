#include "cluster/namespace_plan.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <map>

#include "orilla/kinds/pod_facts.hpp"

namespace orilla::controllers {
namespace {

/// Workloads before the rest: a pod that is ending may still want its ConfigMaps, Secrets and Services.
bool goes_first(const api::KindInfo& kind) { return makes_pods(kind) || kind.is_same_kind(api::kind_of<api::Pod>()); }

void put_condition(api::NamespaceStatus& status, const api::NamespaceStatus& before, std::string_view type, bool value,
                   std::string_view reason, const std::string& message, int64_t now_s) {
    api::NamespaceCondition out;
    out.type = api::Str(type);
    out.status = value ? "True" : "False";
    out.reason = api::Str(reason);
    out.message = api::Str(message);
    out.last_transition_time = api::Time(now_s);
    for (const auto& old : before.conditions)
        if (old.type == type && old.status == out.status) out.last_transition_time = old.last_transition_time;
    status.conditions.push_back(std::move(out));
}

std::string remaining_words(const std::vector<Content>& seen) {
    std::string out;
    for (const auto& content : seen) {
        if (content.count == 0) continue;
        out += fmt::format("{}{} has {} resource instances", out.empty() ? "" : ", ", content.kind->resource, content.count);
    }
    return out;
}

std::string finalizer_words(const std::vector<Content>& seen) {
    std::map<std::string, size_t> counts;
    for (const auto& content : seen)
        for (const auto& [name, count] : content.finalizers) counts[name] += count;
    std::string out;
    for (const auto& [name, count] : counts)
        out += fmt::format("{}{} in {} resource instances", out.empty() ? "" : ", ", name, count);
    return out;
}

}  // namespace

std::vector<NamespaceAction> plan_namespace(const api::Namespace& desired, const std::vector<Content>& seen) {
    std::vector<NamespaceAction> actions;
    if (!desired.metadata.deletion_timestamp) return actions;
    bool first_left = false, any_left = false;
    for (const auto& content : seen) {
        any_left |= content.count > 0;
        first_left |= content.count > 0 && goes_first(*content.kind);
    }
    // What makes pods before the pods, so that they are not made again.
    for (const bool makers : {true, false})
        for (const auto& content : seen)
            if (content.not_deleted > 0 && makes_pods(*content.kind) == makers && (!first_left || goes_first(*content.kind)))
                actions.emplace_back(DeleteContent{content.kind});
    if (!any_left) actions.emplace_back(Finalize{});
    return actions;
}

api::NamespaceStatus summarise_namespace(const api::Namespace& desired, const std::vector<Content>& seen,
                                         const std::string& failure, int64_t now_s) {
    api::NamespaceStatus status;
    status.phase = desired.metadata.deletion_timestamp ? "Terminating" : "Active";
    if (!desired.metadata.deletion_timestamp) return status;
    const api::NamespaceStatus& before = desired.status;
    put_condition(status, before, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                  "All resources successfully discovered", now_s);
    put_condition(status, before, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                  "All legacy kube types successfully parsed", now_s);
    put_condition(status, before, "NamespaceDeletionContentFailure", !failure.empty(),
                  failure.empty() ? "ContentDeleted" : "ContentDeletionFailed",
                  failure.empty() ? "All content successfully deleted, may be waiting on finalization"
                                  : "Failed to delete all resource types, 1 remaining: " + failure,
                  now_s);
    const std::string remaining = remaining_words(seen), finalizers = finalizer_words(seen);
    put_condition(status, before, "NamespaceContentRemaining", !remaining.empty(),
                  remaining.empty() ? "ContentRemoved" : "SomeResourcesRemain",
                  remaining.empty() ? "All content successfully removed" : "Some resources are remaining: " + remaining, now_s);
    put_condition(status, before, "NamespaceFinalizersRemaining", !finalizers.empty(),
                  finalizers.empty() ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
                  finalizers.empty() ? "All content-preserving finalizers finished"
                                     : "Some content in the namespace has finalizers remaining: " + finalizers,
                  now_s);
    return status;
}

}  // namespace orilla::controllers
