// Finding what an earlier daemon left: supervisors that still live are connected to, the dead are listed as dead, and those
// that belong to nobody are ended.
#pragma once

#include <string>

#include "cgroup.hpp"
#include "exits.hpp"
#include "pod_table.hpp"
#include "supervisors.hpp"

namespace orilla::runtime {

class Adoption {
  public:
    Adoption(loop::Loop& loop, Cgroups& cgroups, PodTable& pods, Supervisors& supervisors, Exits& exits)
        : loop_(loop), cgroups_(cgroups), pods_(pods), supervisors_(supervisors), exits_(exits) {}

    /// Everything below the run directory.
    loop::Task<void> adopt(std::string run_dir);

  private:
    PodPtr read_pod(const std::string& pod_id);
    loop::Task<void> adopt_pod(PodPtr pod);

    loop::Loop& loop_;
    Cgroups& cgroups_;
    PodTable& pods_;
    Supervisors& supervisors_;
    Exits& exits_;
};

}  // namespace orilla::runtime
