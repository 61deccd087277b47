// What this kernel offers: probed by trying, not by version, since distributions add and leave out.
#pragma once

#include "cgroup.hpp"
#include "container_plan.hpp"

namespace orilla::runtime {

KernelFacts find_kernel_facts(const Cgroups& cgroups);

}  // namespace orilla::runtime
