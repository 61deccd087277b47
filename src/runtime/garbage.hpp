// What belongs to no pod that anybody knows: pods, cgroups and writable layers that a killed daemon has left.
#pragma once

#include <string>
#include <vector>

#include "cgroup.hpp"
#include "orilla/loop/io_thread.hpp"
#include "pod_table.hpp"
#include "removal.hpp"
#include "sandboxes.hpp"

namespace orilla::runtime {

class Garbage {
  public:
    /// `scratch_root` as in RuntimeOptions.
    Garbage(loop::Loop& loop, loop::Executor& files, std::string scratch_root, Cgroups& cgroups, PodTable& pods,
            Sandboxes& sandboxes, Removal& removal);

    loop::Task<Result<void>> collect(std::vector<std::string> known_pod_ids);

  private:
    loop::Task<Result<void>> collect_cgroup(std::string path);
    loop::Task<void> collect_scratch();

    loop::Loop& loop_;
    loop::Executor& files_;
    const std::string scratch_root_;
    Cgroups& cgroups_;
    PodTable& pods_;
    Sandboxes& sandboxes_;
    Removal& removal_;
};

}  // namespace orilla::runtime
