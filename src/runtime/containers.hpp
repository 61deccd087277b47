// Containers: prepared here (cgroup, writable layer, plans), started by the supervisor. Of one that cannot be started nothing
// stays. A disk that does not answer keeps nobody for long: what is at work on it goes on alone, and what it has made by then
// is removed.
#pragma once

#include <memory>
#include <string>

#include "cgroup.hpp"
#include "container_files.hpp"
#include "container_plan.hpp"
#include "exits.hpp"
#include "orilla/loop/gate.hpp"
#include "orilla/loop/io_thread.hpp"
#include "pod_table.hpp"
#include "removal.hpp"
#include "seccomp_profile.hpp"

namespace orilla::runtime {

struct ContainerDisk {
    std::string base_layer;
    int64_t answer_ms_max = 0;
};

class Containers {
  public:
    Containers(loop::Loop& loop, loop::Executor& files, ContainerDisk disk, Cgroups& cgroups, PodTable& pods, Exits& exits,
               Removal& removal);

    /// As PodRuntime promises them.
    loop::Task<Result<ContainerState>> start(std::string pod_id, ContainerSpec spec);
    loop::Task<Result<void>> signal(std::string pod_id, std::string container_id, int signal);
    Result<void> note_stop(const std::string& pod_id, const std::string& container_id, const StopProgress& stop);
    loop::Task<Result<void>> remove(std::string pod_id, std::string container_id);

  private:
    struct FilesOnTheirWay;
    Result<ContainerFacts> prepare(const PodEntry& pod, const ContainerSpec& spec, const ContainerFiles& files);
    loop::Task<Result<ContainerFiles>> make_files(ContainerSpec spec);
    loop::Task<void> make_wanted(ContainerSpec spec, loop::Pass place, std::shared_ptr<FilesOnTheirWay> on_their_way);
    loop::Task<void> await_files(std::shared_ptr<FilesOnTheirWay> on_their_way, int64_t deadline_ms);
    ContainerState note_start(PodEntry& pod, const ContainerSpec& spec, const supervisor::Started& started);
    loop::Task<Result<ContainerState>> launch(PodPtr pod, ContainerSpec spec);
    loop::Task<void> discard(PodPtr pod, std::string container_id);
    loop::Task<Result<void>> remove_scratch(std::string scratch_dir);
    loop::Task<void> discard_scratch(std::string scratch_dir);

    loop::Loop& loop_;
    loop::Executor& files_;
    const ContainerDisk disk_;
    Cgroups& cgroups_;
    PodTable& pods_;
    Exits& exits_;
    Removal& removal_;
    const KernelFacts kernel_;
    SeccompProfiles seccomp_;
    loop::KeyedLock scratch_;  ///< directories that something is at work on
    loop::Scope on_disk_;      ///< what goes on when its caller does not wait any more
};

}  // namespace orilla::runtime
