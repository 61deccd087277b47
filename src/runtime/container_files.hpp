// What the start of a container asks of the data disk, and by paths that users name: all of it may never answer, so it is for
// an executor's threads and not for the loop.
#pragma once

#include <vector>

#include "cgroup.hpp"
#include "orilla/runtime/spec.hpp"
#include "seccomp_local.hpp"

namespace orilla::runtime {

struct ContainerFiles {
    std::vector<DeviceRule> device_rules = default_device_rules();
    std::vector<DeviceSpec> host_devices;  ///< all that a privileged container gets
    SeccompFilter seccomp;                 ///< of a local profile
};

/// Makes the writable layer and the directory of the log, looks at devices and reads the local profile. EEXIST when a writable
/// layer, or a part of one, is there already.
Result<ContainerFiles> make_container_files(const ContainerSpec& spec);

}  // namespace orilla::runtime
