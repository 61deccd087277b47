// What the pod network and the services need of the kernel, tried out in a network namespace that is thrown away.
#pragma once

#include <string>
#include <vector>

namespace orilla::network {

struct MissingFeature {
    std::string name;      ///< "nf_tables"
    std::string sentence;  ///< what failed, what will not work, what to do
};

/// An empty list is good news. Changes nothing that stays; needs root.
std::vector<MissingFeature> check_kernel();

}  // namespace orilla::network
