// The image of one container: looked up, or pulled beside the pod's turns, as its pull policy says.
#pragma once

#include <string>

#include "pod/agent_pod.hpp"
#include "pod/container_back_off.hpp"

namespace orilla::node {

class ContainerImage {
  public:
    ContainerImage(const AgentContainer& container, ContainerBackOff& back_off)
        : me_(container), back_off_(back_off), pulls_(container.pod.agent.loop) {}

    /// Gets it, unless it is there; a pull wakes the pod when it has ended.
    void ensure(const api::Container& spec);
    /// What the container is to be made from: null when it has been removed since it was looked up.
    const images::Image* take(const api::Container& spec);
    /// An earlier daemon made the container: what it was made from is still here.
    void adopt(const api::Container& spec);
    /// It is looked up again before the next start.
    void forget() { phase_ = ImagePhase::unknown; }
    /// Ends a pull that is under way.
    void abandon();

    ImagePhase phase() const { return phase_; }
    /// What status.containerStatuses[].imageID shows; empty: not known.
    const std::string& id() const { return id_; }

  private:
    void found(const images::Image& image);
    /// Fails the container for its image, which `event` tells of in full.
    void refuse(std::string_view reason, std::string_view event, const std::string& told, const std::string& why);
    loop::Task<void> pull(std::string image);

    const AgentContainer& me_;
    ContainerBackOff& back_off_;
    ImagePhase phase_ = ImagePhase::unknown;
    std::string id_;
    loop::Scope pulls_;
};

}  // namespace orilla::node
