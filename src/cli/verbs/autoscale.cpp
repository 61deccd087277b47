// autoscale: a HorizontalPodAutoscaler of a few flags.
#include "verbs/autoscale.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// 80% is of what is requested, 500m or 200Mi an amount for each pod.
Result<json::object> make_metric(const std::string& flag, const std::string& resource, const std::string& text) {
    json::object target;
    if (text.ends_with('%')) {
        int percent = 0;
        const char* end = text.data() + text.size() - 1;
        const auto parsed = std::from_chars(text.data(), end, percent);
        if (parsed.ec != std::errc() || parsed.ptr != end || percent < 1)
            return usage(fmt::format("invalid --{}={}: a percentage must be a whole number above 0", flag, text));
        target = {{"type", "Utilization"}, {"averageUtilization", percent}};
    } else {
        const auto amount = api::Quantity::parse(text);
        if (!amount || amount->compare({}) <= 0)
            return usage(fmt::format("invalid --{}={}: it is no percentage (80%) and no amount (500m, 200Mi)", flag, text));
        target = {{"type", "AverageValue"}, {"averageValue", amount->text.str()}};
    }
    return json::object{{"type", "Resource"}, {"resource", {{"name", resource}, {"target", std::move(target)}}}};
}

Result<json::array> make_metrics(const Options& options) {
    json::array out;
    if (options.cpu_percent && (!options.cpu.empty() || !options.memory.empty()))
        return usage("--cpu-percent goes without --cpu and --memory");
    if (options.cpu_percent && *options.cpu_percent >= 0) {
        TRY(json::object metric, make_metric("cpu-percent", "cpu", fmt::format("{}%", *options.cpu_percent)));
        out.emplace_back(std::move(metric));
    }
    if (!options.cpu.empty()) {
        TRY(json::object metric, make_metric("cpu", "cpu", options.cpu));
        out.emplace_back(std::move(metric));
    }
    if (!options.memory.empty()) {
        TRY(json::object metric, make_metric("memory", "memory", options.memory));
        out.emplace_back(std::move(metric));
    }
    return out;
}

Result<void> autoscale_one(Client& client, const Options& options, const Target& target) {
    if (target.kind->scale.replicas.empty())
        return Error(Code::bad_request,
                     fmt::format("error: cannot autoscale a {}: it has no number of replicas", std::string(target.kind->kind)));
    TRY_VOID(fetch(client, options, target));
    TRY(json::object made, make_autoscaler(options, target));
    const api::KindInfo& kind = api::kind_of<api::HorizontalPodAutoscaler>();
    const Target own{&kind, text_at(object_at(made, "metadata"), "name"), target.ns, ""};
    if (options.dry_run == "client") return print_done(options, own, "autoscaled", made);
    Request request;
    request.method = "POST";
    request.path = path_of(kind, target.ns) + "?fieldManager=kubectl-autoscale";
    if (options.dry_run == "server") request.path += "&dryRun=All";
    request.body = json::serialize(made);
    TRY(const std::string body, client.send(request));
    TRY(const json::object answer, parse_object(body));
    return print_done(options, own, "autoscaled", answer);
}

}  // namespace

Result<json::object> make_autoscaler(const Options& options, const Target& target) {
    const int64_t most = options.max_replicas.value_or(0), least = options.min_replicas.value_or(-1);
    if (most < 1) return usage(fmt::format("--max=MAXPODS is required and must be at least 1, max: {}", most));
    if (most < least)
        return usage(fmt::format("--max=MAXPODS must be larger or equal to --min=MINPODS, max: {}, min: {}", most, least));
    TRY(json::array metrics, make_metrics(options));
    json::object spec{{"scaleTargetRef",
                       {{"apiVersion", std::string(target.kind->api_version)},
                        {"kind", std::string(target.kind->kind)},
                        {"name", target.name}}},
                      {"maxReplicas", most}};
    if (least > 0) spec["minReplicas"] = least;
    if (!metrics.empty()) spec["metrics"] = std::move(metrics);
    json::object metadata{{"name", options.name.empty() ? target.name : options.name}};
    if (!options.ns.empty()) metadata["namespace"] = options.ns;
    return json::object{{"apiVersion", "autoscaling/v2"},
                        {"kind", "HorizontalPodAutoscaler"},
                        {"metadata", std::move(metadata)},
                        {"spec", std::move(spec)}};
}

Result<void> run_autoscale(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, true));
    TRY(const auto members, expand(client, options, targets));
    Failures failures;
    for (const Target& target : members) failures.add_if(autoscale_one(client, options, target));
    return failures.outcome();
}

}  // namespace orilla::cli
