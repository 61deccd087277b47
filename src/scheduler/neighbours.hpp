// What pods say about each other's company: affinity, anti-affinity and topology spread, over the pods that have a node. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "budget_guard.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::scheduler {

using NodePtr = std::shared_ptr<const api::Node>;
using PodPtr = std::shared_ptr<const api::Pod>;
using NamespacePtr = std::shared_ptr<const api::Namespace>;

/// Everybody who has a node and has not ended. Only filled for pods that ask about others, or when others ask about them.
struct Neighbours {
    std::vector<PodPtr> pods;
    std::vector<NamespacePtr> namespaces;
    std::vector<NodePtr> nodes;
    std::vector<BudgetPtr> budgets = {};
};

/// The pod's own terms and constraints ask about others.
bool asks_about_others(const api::Pod& pod);
/// Another pod that comes may make a place fit: affinity, or a spread that is to be even.
bool wants_company(const api::Pod& pod);

/// Why the node is no place for the pod, in the words of the reference scheduler; empty when it is one.
struct CompanyVerdict {
    std::string reason;
    bool helpless = false;  ///< it stays so when others leave
};
/// PodTopologySpread.
CompanyVerdict check_spread(const api::Pod& pod, const api::Node& node, const Neighbours& others);
/// InterPodAffinity.
CompanyVerdict check_company(const api::Pod& pod, const api::Node& node, const Neighbours& others);

}  // namespace orilla::scheduler
