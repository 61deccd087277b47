// Containers: prepared here (cgroup, writable layer, plans), started by the supervisor. Of one that cannot be started nothing
// stays.
#pragma once

#include <string>

#include "cgroup.hpp"
#include "container_files.hpp"
#include "container_plan.hpp"
#include "exits.hpp"
#include "orilla/loop/io_thread.hpp"
#include "pod_table.hpp"
#include "removal.hpp"
#include "seccomp_profile.hpp"

namespace orilla::runtime {

class Containers {
  public:
    Containers(loop::Loop& loop, loop::Executor& files, std::string base_layer, Cgroups& cgroups, PodTable& pods, Exits& exits,
               Removal& removal);

    /// As PodRuntime promises them.
    loop::Task<Result<ContainerState>> start(std::string pod_id, ContainerSpec spec);
    loop::Task<Result<void>> signal(std::string pod_id, std::string container_id, int signal);
    Result<void> note_stop(const std::string& pod_id, const std::string& container_id, const StopProgress& stop);
    loop::Task<Result<void>> remove(std::string pod_id, std::string container_id);

  private:
    Result<ContainerFacts> prepare(const PodEntry& pod, const ContainerSpec& spec, std::vector<DeviceRule> devices);
    loop::Task<Result<ContainerFiles>> make_files(ContainerSpec spec);
    ContainerState note_start(PodEntry& pod, const ContainerSpec& spec, const supervisor::Started& started);
    loop::Task<Result<ContainerState>> launch(PodPtr pod, ContainerSpec spec);
    loop::Task<void> discard(PodPtr pod, std::string container_id);
    loop::Task<void> discard_scratch(std::string scratch_dir);

    loop::Loop& loop_;
    loop::Executor& files_;
    const std::string base_layer_;
    Cgroups& cgroups_;
    PodTable& pods_;
    Exits& exits_;
    Removal& removal_;
    const KernelFacts kernel_;
    SeccompProfiles seccomp_;
};

}  // namespace orilla::runtime
