// The pods' network as whoever runs pods needs it: a namespace and an address for each. An interface without a kernel behind
// it: Links (links.hpp) is the real one, tests and simulations have their own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::network {

/// A pod's place in the network.
struct PodLink {
    std::string pod;  ///< the pod's uid, as given to attach
    Ipv4 ip;
    std::string netns_path;  ///< to enter with setns(2)
};

class PodLinks {
  public:
    virtual ~PodLinks() = default;
    /// Gives the pod a namespace and an address; a pod that has them gets the same ones. `pod` is its uid:
    /// 1-63 characters of [a-z0-9-].
    virtual loop::Task<Result<PodLink>> attach(std::string pod) = 0;
    /// The same in a network namespace that somebody else made, by its path (a pod with a user namespace of its own).
    virtual loop::Task<Result<PodLink>> attach_namespace(std::string pod, std::string netns_path) = 0;
    /// Removes the pod's link and namespace name; fine when there is none.
    virtual loop::Task<Result<void>> detach(std::string pod) = 0;
    /// Detaches every pod that is not in `pods`, and removes links without a namespace. For the start. A failure keeps it
    /// from nothing else and is told at the end.
    virtual loop::Task<Result<void>> keep_only(std::vector<std::string> pods) = 0;

    virtual std::optional<PodLink> find(const std::string& pod) const = 0;
    /// The bridge's address: the pods' gateway, and where DNS listens.
    virtual Ipv4 gateway() const = 0;
};

}  // namespace orilla::network
