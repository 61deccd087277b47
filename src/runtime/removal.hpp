// Taking away what is no pod's any more: trees in a child of their own, cgroups until their last process is dead.
#pragma once

#include <string>

#include "cgroup.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::runtime {

class Removal {
  public:
    /// `image` is the supervisor's program.
    Removal(loop::Loop& loop, int image, Cgroups& cgroups) : loop_(loop), image_(image), cgroups_(cgroups) {}

    /// Fine when there is nothing.
    loop::Task<Result<void>> remove_tree(std::string path);
    /// A pod's directory with what is mounted in it.
    loop::Task<Result<void>> remove_pod_dir(std::string dir);
    /// Kills what is in it until it can be removed; timeout when that takes too long.
    loop::Task<Result<void>> remove_cgroup(std::string path);

  private:
    loop::Loop& loop_;
    const int image_;
    Cgroups& cgroups_;
};

}  // namespace orilla::runtime
