// The volumes of one pod: made beside its turns, because a file system may never answer; kept as the API's objects say; and
// taken away with its logs. A file system that hangs keeps one thread, and nobody else.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pod/agent_pod.hpp"
#include "pod/pod_files.hpp"

namespace orilla::node {

class PodVolumes {
  public:
    PodVolumes(AgentPod& pod, SetupFailure& failure)
        : me_(pod),
          failure_(failure),
          files_(pod.agent.loop, pod.agent.ports.files, pod.agent.ports.places, pod.dir()),
          tasks_(pod.agent.loop) {}

    /// Begins to make them, and the places of the logs; wakes the pod when that has ended.
    loop::Task<Result<void>> prepare(std::shared_ptr<const api::Pod> pod);
    /// downwardAPI volumes show labels and annotations; and those of an adopted pod may lack what changed while no daemon ran.
    void follow_metadata(const std::shared_ptr<const api::Pod>& pod);
    /// A ConfigMap or Secret that the pod names has changed.
    void follow_source(const std::shared_ptr<const api::Pod>& pod);
    /// An earlier daemon made them.
    void adopt() { ready_ = true; }
    /// Nobody waits any more for what is being made.
    void abandon();
    /// They are made anew for the next sandbox.
    void forget() { ready_ = false; }
    /// Deletes volumes and logs.
    loop::Task<Result<void>> remove();

    bool ready() const { return ready_; }
    bool preparing() const { return preparing_; }
    /// What an earlier daemon left included.
    bool on_disk() const { return on_disk_; }

  private:
    loop::Task<void> make(std::vector<VolumeWork> volumes, std::vector<std::string> directories);
    loop::Task<void> note_made(std::vector<VolumeWork> volumes, std::vector<std::string> directories,
                               std::optional<Result<void>>* made);
    void tell_hung() const;
    loop::Task<void> refresh(std::shared_ptr<const api::Pod> pod);

    AgentPod& me_;
    SetupFailure& failure_;
    bool ready_ = false;
    bool preparing_ = false;
    bool sources_changed_ = false;  ///< while they were being prepared
    bool on_disk_ = true;
    /// Of the labels and annotations that projected volumes were last written for. None: by an earlier daemon.
    std::optional<size_t> projected_metadata_;
    PodFiles files_;
    loop::Scope tasks_;
};

}  // namespace orilla::node
