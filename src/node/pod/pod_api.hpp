// What the pod agent needs from the API, as a seam: tests give it plain values, the daemon the object store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "orilla/loop/task.hpp"
#include "pod/container_spec.hpp"

namespace orilla::node {

struct PodKey {
    std::string ns;
    std::string name;
    std::string uid;
    auto operator<=>(const PodKey&) const = default;
};

class PodApi {
  public:
    virtual ~PodApi() = default;
    /// Null when there is none of that name or it has another uid.
    virtual std::shared_ptr<const api::Pod> find_pod(const PodKey& key) const = 0;
    /// This node as it is known; null when nobody knows it.
    virtual std::shared_ptr<const api::Node> find_node() const { return nullptr; }
    /// The pods bound to this node.
    virtual std::vector<PodKey> list_pods() const = 0;
    /// Soft; nothing happens when the pod is gone.
    virtual loop::Task<Result<void>> write_status(PodKey key, api::PodStatus status) = 0;
    /// Deletes the object for good (grace period 0).
    virtual loop::Task<Result<void>> finish_delete(PodKey key) = 0;
    /// type is Normal or Warning; `container` may be empty.
    virtual void record_event(const PodKey& key, std::string_view container, std::string_view type, std::string_view reason,
                              std::string_view message) = 0;
    /// What the pod refers to, as it is now.
    virtual loop::Task<EnvSources> read_sources(std::shared_ptr<const api::Pod> pod) = 0;
};

}  // namespace orilla::node
