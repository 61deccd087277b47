// The life of a pod without its containers: directory, cgroup and supervisor, made in this order and removed in the opposite
// one. What a failed start has made is removed again.
#pragma once

#include <map>
#include <string>

#include "cgroup.hpp"
#include "pod_table.hpp"
#include "removal.hpp"
#include "supervisors.hpp"

namespace orilla::runtime {

class Sandboxes {
  public:
    Sandboxes(loop::Loop& loop, Cgroups& cgroups, PodTable& pods, Supervisors& supervisors, Removal& removal)
        : loop_(loop), cgroups_(cgroups), pods_(pods), supervisors_(supervisors), removal_(removal) {}

    /// As PodRuntime promises them.
    loop::Task<Result<std::string>> make_namespaces(std::string pod_id);
    loop::Task<Result<void>> create(PodSandboxSpec spec);
    loop::Task<Result<void>> remove(std::string pod_id);

  private:
    Result<void> prepare(PodEntry& pod, const PodSandboxSpec& spec);
    loop::Task<Result<void>> set_up(PodPtr pod, PodSandboxSpec spec);
    loop::Task<Result<void>> remove_entry(PodPtr pod);
    loop::Task<Result<void>> take_down(PodPtr pod);

    loop::Loop& loop_;
    Cgroups& cgroups_;
    PodTable& pods_;
    Supervisors& supervisors_;
    Removal& removal_;
    std::map<std::string, uint32_t> first_ids_;  ///< of the user namespaces of pods, those to be created included
};

}  // namespace orilla::runtime
