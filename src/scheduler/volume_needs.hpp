// What a pod's claims ask of the node that it is put on, in the reference scheduler's words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::objects {
class Objects;
}

namespace orilla::scheduler {

struct VolumeNeeds {
    std::string refusal;                                              ///< why no node will do; empty: some may
    std::vector<std::shared_ptr<const api::PersistentVolume>> bound;  ///< the node must reach them
    std::vector<std::string> waiting;                                 ///< claims that get their volume once the pod has a node
    bool has_no_volume = false;  ///< of a class that makes none, and none that is there fits
    bool is_taken = false;       ///< another pod has a claim that is for one pod alone
};

VolumeNeeds find_volume_needs(objects::Objects& objects, const api::Pod& pod);

}  // namespace orilla::scheduler
