// How important pods are: what PriorityClasses may say, and the two that every cluster has.
#pragma once

#include <cstdint>
#include <string_view>

namespace orilla::api {

inline constexpr int32_t user_priority_max = 1'000'000'000;

struct SystemPriority {
    std::string_view name;
    int32_t value;
    std::string_view description;
};
inline constexpr SystemPriority system_priorities[] = {
    {"system-node-critical", 2'000'001'000, "Used for system critical pods that must not be moved from their current node."},
    {"system-cluster-critical", 2'000'000'000,
     "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."},
};
/// Null when there is none.
const SystemPriority* find_system_priority(std::string_view name);

}  // namespace orilla::api
