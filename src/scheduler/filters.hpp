// Why a node is no place for a pod, filter by filter in the reference scheduler's order and words. The first one that objects
// has the word. Pure.
#pragma once

#include <string>
#include <vector>

#include "neighbours.hpp"
#include "placements.hpp"
#include "volume_needs.hpp"

namespace orilla::scheduler {

/// What the filters know. `load`: what the node's pods take, those who are expected included.
struct Question {
    const api::Pod& pod;
    const PodRequests& wanted;
    const api::Node& node;
    const NodeLoad& load;
    const Neighbours& others;
    const VolumeNeeds& volumes;
};

struct Objection {
    std::vector<std::string> reasons = {};  ///< empty: there is none
    bool helpless = false;                  ///< it stays so when pods leave the node
};

Objection find_objection(const Question& question);

/// Whether the two look alike to every filter: a pod that did not fit one does not fit the other.
bool offer_the_same(const api::Node& a, const api::Node& b);

}  // namespace orilla::scheduler
