#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

std::string_view meaning_of(std::string_view scope) {
    if (scope == "Terminating")
        return "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being "
               "actively terminated by the system.";
    if (scope == "NotTerminating")
        return "Matches all pods that do not have an active deadline. These pods usually include long running pods whose "
               "container command is not expected to terminate.";
    if (scope == "BestEffort")
        return "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.";
    if (scope == "NotBestEffort")
        return "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed "
               "quality of service.";
    return {};
}

std::vector<std::string> sorted_names(const json::object& amounts) {
    std::vector<std::string> names;
    for (const auto& one : amounts) names.emplace_back(one.key());
    std::ranges::sort(names);
    return names;
}

bool is_binary(std::string_view amount) { return amount.ends_with('i'); }

/// With the suffixes of what it is compared with: 1Gi of 2Gi, where 1073741824 was added up.
std::string shown_beside(const std::string& used, const std::string& hard) {
    const auto amount = api::Quantity::parse(used);
    if (!amount || is_binary(used) == is_binary(hard) || !is_binary(hard)) return used;
    return api::Quantity::from_bytes(amount->value()).text.str();
}

void describe_scopes(Description& out, int level, const json::object& quota, std::string_view bullet) {
    std::vector<std::string> scopes;
    for (const auto& scope : array_at(object_at(quota, "spec"), "scopes")) scopes.push_back(text_of(scope));
    if (scopes.empty()) return;
    std::ranges::sort(scopes);
    std::string all;
    for (const auto& scope : scopes) all += (all.empty() ? "" : ", ") + scope;
    out.line(level, "Scopes:\t" + all);
    for (const auto& scope : scopes)
        if (const auto meaning = meaning_of(scope); !meaning.empty())
            out.line(level, std::string(bullet) + std::string(meaning));
}

void describe_amounts(Description& out, int level, const json::object& quota, std::string_view rule) {
    const json::object& status = object_at(quota, "status");
    const json::object &hard = object_at(status, "hard"), &used = object_at(status, "used");
    out.line(level, fmt::format("Resource\tUsed\tHard\n{}--------\t{}\t{}", std::string(static_cast<size_t>(level) * 2, ' '),
                                rule, rule));
    for (const auto& name : sorted_names(hard)) {
        const std::string most = text_at(hard, name), now = text_at(used, name);
        out.line(level, fmt::format("{}\t{}\t{}", name, now.empty() ? "0" : shown_beside(now, most), most));
    }
}

void describe_resource_quota(Description& out, const json::object& object, const Surroundings&) {
    describe_scopes(out, 0, object, " * ");
    describe_amounts(out, 0, object, "----");
}

}  // namespace

void describe_quotas(Description& out, const json::array& quotas) {
    if (quotas.empty()) return out.line(0, "No resource quota.");
    out.line(0, "Resource Quotas");
    for (const auto& item : quotas) {
        const json::object& quota = item.get_object();
        out.line(1, "Name:\t" + text_at(metadata_of(quota), "name"));
        describe_scopes(out, 1, quota, "* ");
        describe_amounts(out, 1, quota, "---");
    }
}

const KindDescription resourcequota_description{api::kind_of<api::ResourceQuota>, describe_resource_quota, {}, nullptr, false};

}  // namespace orilla::cli
