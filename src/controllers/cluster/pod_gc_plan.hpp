// What becomes of a pod whose node does not exist: nobody will ever run or stop it. It fails, so that whoever owns it makes
// another, and is taken away without grace. Decides only.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

/// Phase Failed, with a condition that says who ended it.
struct FailPod {
    api::PodCondition condition;
    bool operator==(const FailPod&) const = default;
};
struct RemovePod {
    std::string uid;
    bool operator==(const RemovePod&) const = default;
};
using PodGcAction = std::variant<FailPod, RemovePod>;

std::vector<PodGcAction> plan_pod_gc(const api::Pod& pod, int64_t now_s);

}  // namespace orilla::controllers
