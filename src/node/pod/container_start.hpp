// The start of one container, and what is remembered of it: what its attempts were made from, and whether they could run.
#pragma once

#include <memory>
#include <string>

#include "pod/agent_pod.hpp"
#include "pod/container_back_off.hpp"
#include "pod/container_image.hpp"

namespace orilla::node {

class ContainerStart {
  public:
    ContainerStart(const AgentContainer& container, ContainerBackOff& back_off, ContainerImage& image)
        : me_(container), back_off_(back_off), image_(image), hooks_(container.pod.agent.loop) {}

    /// An error only when the node could not tidy up; what is wrong with the container is remembered and told.
    loop::Task<Result<void>> run(std::shared_ptr<const api::Pod> pod, int attempt);
    /// Ends a postStart hook that is under way.
    void abandon() { hooks_.cancel(); }

    /// An attempt that could not run its first instruction; null when there is none.
    const ContainerState* failed() const { return failed_.get(); }
    /// What the newest attempt was made from, when this daemon started it: as the spec named it, and its id.
    const std::string& image() const { return image_name_; }
    const std::string& image_id() const { return image_id_; }
    bool post_start_done() const { return post_start_done_; }

  private:
    /// Fails it for its specification, or for what the node could not do.
    void refuse(const Error& error);
    void fail(int attempt, const Error& error);
    loop::Task<Result<void>> remove_old(int newest);
    loop::Task<void> run_post_start(api::LifecycleHandler handler, int attempt);

    const AgentContainer& me_;
    ContainerBackOff& back_off_;
    ContainerImage& image_;
    std::unique_ptr<ContainerState> failed_;
    std::string image_name_;
    std::string image_id_;
    bool post_start_done_ = true;
    loop::Scope hooks_;
};

}  // namespace orilla::node
