// How many pods a metric asks for, by what those that there are use. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/objects/usage_meter.hpp"

namespace orilla::controllers {

struct MeteredPod {
    std::shared_ptr<const api::Pod> pod;
    std::optional<objects::PodUsage> usage;  ///< nothing: it was not measured
};

/// How far a figure may be off, as a part of what is wanted.
struct Tolerances {
    double up = 0.1;
    double down = 0.1;
    bool allow(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

/// One of both targets is set.
struct UsageTarget {
    std::string resource;                  ///< cpu, memory
    std::string container = {};            ///< empty: all of the pod
    std::optional<int32_t> utilization{};  ///< percent of what is requested
    int64_t average_milli = 0;             ///< for each pod
};

struct Proposal {
    int32_t replicas = 0;
    std::optional<int32_t> utilization{};  ///< percent, where that is what was wanted
    int64_t average_milli = 0;             ///< of the pods that were looked at
    bool operator==(const Proposal&) const = default;
};

/// In which part of the calculation a pod has.
enum class PodPart { ignored, unready, missing, ready };
PodPart part_of(const MeteredPod& pod, const std::string& resource, int64_t now_s);

/// Errors are in the words of Kubernetes' autoscaler.
Result<Proposal> propose_replicas(const UsageTarget& target, const std::vector<MeteredPod>& pods, int32_t current,
                                  const Tolerances& tolerances, int64_t now_s);

}  // namespace orilla::controllers
