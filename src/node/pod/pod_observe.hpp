// Observing: the runtime's containers, what the status remembers from before a reboot, and the agent's memory, put
// together into one PodObserved. An end that is seen for the first time is counted.
#pragma once

#include "pod/pod_memory.hpp"

namespace orilla::node {

/// `pod` is null when its object is gone.
PodObserved observe_pod(PodMemory& memory, const api::Pod* pod);

}  // namespace orilla::node
