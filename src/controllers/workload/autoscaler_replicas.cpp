#include "workload/autoscaler_replicas.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "orilla/kinds/pod_facts.hpp"

namespace orilla::controllers {
namespace {

constexpr int64_t initialisation_s = 300;    ///< so long a pod's cpu is that of its start, until it is ready
constexpr int64_t initial_readiness_s = 30;  ///< who was not ready by then, and lost it, was ready before
constexpr int64_t nano_per_milli = 1'000'000;

/// A request may be as large as a number can be.
void add_to(int64_t& sum, int64_t more) { sum = sum > INT64_MAX - more ? INT64_MAX : sum + more; }

int64_t percent_of(int64_t amount, int64_t percent) {
    constexpr double most = 9e18;
    return static_cast<int64_t>(std::min(static_cast<double>(amount) * static_cast<double>(percent) / 100, most));
}

/// In thousandths. Nothing when it was not measured.
Result<std::optional<int64_t>> used_milli(const UsageTarget& target, const MeteredPod& pod) {
    if (!pod.usage) return std::optional<int64_t>();
    int64_t sum = 0;
    bool found = target.container.empty();
    for (const auto& container : pod.usage->containers) {
        if (!target.container.empty() && container.name != target.container) continue;
        found = true;
        add_to(sum, target.resource == "cpu" ? (container.usage.cpu_nanocores + nano_per_milli - 1) / nano_per_milli
                                             : container.usage.memory_bytes * 1000);
    }
    if (found) return std::optional(sum);
    const api::ObjectMeta& meta = pod.pod->metadata;
    return Error(Code::not_found, fmt::format("container {} not present in metrics for pod {}/{}", target.container,
                                              meta.namespace_.view(), meta.name.view()));
}

Result<void> add_request(const UsageTarget& target, const api::Pod& pod, const api::Container& container, int64_t& sum) {
    if (!target.container.empty() && container.name != target.container) return ok();
    const auto* request = container.resources.requests.get(target.resource);
    if (!request)
        return Error(Code::invalid, fmt::format("missing request for {} in container {} of Pod {}", target.resource,
                                                container.name.view(), pod.metadata.name.view()));
    add_to(sum, std::max<int64_t>(request->milli_value(), 0));
    return ok();
}

Result<int64_t> requested_milli(const UsageTarget& target, const api::Pod& pod) {
    int64_t sum = 0;
    const auto* whole = pod.spec.resources ? pod.spec.resources->requests.get(target.resource) : nullptr;
    if (whole && target.container.empty()) return std::max<int64_t>(whole->milli_value(), 0);
    for (const auto& container : pod.spec.containers) TRY_VOID(add_request(target, pod, container, sum));
    for (const auto& container : pod.spec.init_containers)
        if (api::is_sidecar(container)) TRY_VOID(add_request(target, pod, container, sum));
    return sum;
}

/// A pod in the calculation: what it uses, or is taken to use, and what it requested.
struct Counted {
    PodPart part;
    int64_t used = 0;
    int64_t requested = 0;
};

struct Ratio {
    double ratio = 0;  ///< of what is used to what is wanted
    std::optional<int32_t> utilization{};
    int64_t average = 0;
    int64_t count = 0;
};

/// Over those that are in.
template <class IsIn>
Result<Ratio> ratio_of(const UsageTarget& target, const std::vector<Counted>& pods, const IsIn& is_in) {
    Ratio found;
    int64_t used = 0, requested = 0;
    for (const Counted& pod : pods) {
        if (!is_in(pod)) continue;
        add_to(used, pod.used);
        add_to(requested, pod.requested);
        ++found.count;
    }
    if (found.count == 0) return Error(Code::unavailable, "did not receive metrics for targeted pods (pods might be unready)");
    found.average = used / found.count;
    if (!target.utilization) {
        found.ratio = static_cast<double>(found.average) / static_cast<double>(target.average_milli);
        return found;
    }
    if (requested == 0) return Error(Code::unavailable, "no metrics returned matched known pods");
    const int64_t percent = used <= INT64_MAX / 100 ? used * 100 / requested : used / std::max<int64_t>(requested / 100, 1);
    found.utilization = static_cast<int32_t>(std::min<int64_t>(percent, INT32_MAX));
    found.ratio = static_cast<double>(*found.utilization) / static_cast<double>(*target.utilization);
    return found;
}

Result<std::vector<Counted>> count_pods(const UsageTarget& target, const std::vector<MeteredPod>& pods, int64_t now_s) {
    std::vector<Counted> counted;
    for (const MeteredPod& pod : pods) {
        Counted one{part_of(pod, target.resource, now_s)};
        TRY(const auto used, used_milli(target, pod));
        one.used = used.value_or(0);
        counted.push_back(one);
    }
    return counted;
}

/// As if those were measured of whom nothing is known: carefully, against the direction.
void assume(const UsageTarget& target, double ratio, Counted& pod) {
    if (pod.part == PodPart::unready || ratio > 1.0) pod.used = 0;
    else if (!target.utilization) pod.used = target.average_milli;
    else pod.used = percent_of(pod.requested, std::max(100, *target.utilization));
}

int32_t rounded_up(double replicas) { return static_cast<int32_t>(std::ceil(std::min<double>(replicas, INT32_MAX))); }

/// Some are missing, or would not be ready for the load that others have.
Result<int32_t> propose_carefully(const UsageTarget& target, std::vector<Counted> pods, double ratio, int32_t current,
                                  const Tolerances& tolerances) {
    for (Counted& pod : pods)
        if (pod.part == PodPart::missing || pod.part == PodPart::unready) assume(target, ratio, pod);
    // What is just right is left as it is by whoever is not known.
    const bool with_missing = ratio != 1.0, with_unready = ratio > 1.0;
    TRY(const Ratio next, ratio_of(target, pods, [&](const Counted& pod) {
            return pod.part == PodPart::ready || (with_missing && pod.part == PodPart::missing) ||
                   (with_unready && pod.part == PodPart::unready);
        }));
    const bool other_side = (ratio < 1.0 && next.ratio > 1.0) || (ratio > 1.0 && next.ratio < 1.0);
    if (tolerances.allow(next.ratio) || other_side) return current;
    const int32_t replicas = rounded_up(next.ratio * static_cast<double>(next.count));
    const bool wrong_way = (next.ratio < 1.0 && replicas > current) || (next.ratio > 1.0 && replicas < current);
    return wrong_way ? current : replicas;
}

}  // namespace

PodPart part_of(const MeteredPod& metered, const std::string& resource, int64_t now_s) {
    const api::Pod& pod = *metered.pod;
    if (pod.metadata.deletion_timestamp || pod.status.phase == "Failed") return PodPart::ignored;
    if (pod.status.phase == "Pending") return PodPart::unready;
    if (!metered.usage) return PodPart::missing;
    if (resource != "cpu") return PodPart::ready;
    const auto* ready = api::find_pod_condition(pod, "Ready");
    if (!ready || !pod.status.start_time) return PodPart::unready;
    const int64_t started_s = pod.status.start_time.unix_s, changed_s = ready->last_transition_time.unix_s;
    const bool is_unready = ready->status == "False";
    // Where the clock was set back nothing follows from these times.
    if (started_s > now_s || changed_s > now_s) return is_unready ? PodPart::unready : PodPart::ready;
    if (started_s + initialisation_s > now_s) {
        const int64_t window_ms = metered.usage->window_ms;
        const bool too_early = metered.usage->taken_wall_s * 1000 < changed_s * 1000 + window_ms;
        return is_unready || too_early ? PodPart::unready : PodPart::ready;
    }
    return is_unready && started_s + initial_readiness_s > changed_s ? PodPart::unready : PodPart::ready;
}

Result<Proposal> propose_replicas(const UsageTarget& target, const std::vector<MeteredPod>& pods, int32_t current,
                                  const Tolerances& tolerances, int64_t now_s) {
    if (std::ranges::none_of(pods, [](const MeteredPod& pod) { return pod.usage.has_value(); }))
        return Error(Code::unavailable, fmt::format("unable to get metrics for resource {}: no metrics returned from resource "
                                                    "metrics API",
                                                    target.resource));
    auto counted = count_pods(target, pods, now_s);
    if (!counted) return std::move(counted).error().with_context("unable to get metrics for resource " + target.resource);
    const auto is_ready = [](const Counted& pod) { return pod.part == PodPart::ready; };
    if (std::ranges::none_of(*counted, is_ready))
        return Error(Code::unavailable, "did not receive metrics for targeted pods (pods might be unready)");
    for (size_t i = 0; target.utilization && i < pods.size(); ++i) {
        TRY((*counted)[i].requested, requested_milli(target, *pods[i].pod));
    }
    TRY(const Ratio seen, ratio_of(target, *counted, is_ready));
    Proposal proposal{current, seen.utilization, seen.average};
    const auto any = [&](PodPart part) { return std::ranges::find(*counted, part, &Counted::part) != counted->end(); };
    const bool unready_counts = any(PodPart::unready) && seen.ratio > 1.0;
    if (unready_counts || any(PodPart::missing)) {
        TRY(proposal.replicas, propose_carefully(target, std::move(*counted), seen.ratio, current, tolerances));
    } else if (!tolerances.allow(seen.ratio)) {
        proposal.replicas = rounded_up(seen.ratio * static_cast<double>(seen.count));
    }
    return proposal;
}

}  // namespace orilla::controllers
