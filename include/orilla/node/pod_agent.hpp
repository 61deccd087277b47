// The pod agent: keeps every pod of this node as its object says. One keyed worker; each turn observes afresh, plans,
// applies and writes the status. Long acts (pulls, graceful stops) run beside it and only wake it. It promises that a
// pod that runs when the daemon starts is adopted, never restarted, and that what belongs to no pod is removed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "orilla/images/pod_images.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/network/pod_links.hpp"
#include "orilla/network/service_rules.hpp"
#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::objects {
class Objects;
class EventRecorder;
}  // namespace orilla::objects

namespace orilla::node {

class PodApi;

/// The world that the agent acts on.
struct PodPorts {
    runtime::PodRuntime& runtime;
    images::PodImages& images;
    network::PodLinks& links;
    network::ServiceRules& rules;  ///< of the hostPorts
    loop::Executor& files;         ///< for file work that may hang: one that hangs must not keep others
    loop::Executor& places;        ///< for volumes that lie where the user says: many that hang must not keep the files above
};

struct PodAgentOptions {
    std::string pods_dir;        ///< volumes: pods_dir/UID/volumes/NAME
    std::string logs_dir;        ///< logs_dir/NS_NAME_UID/CONTAINER/ATTEMPT.log
    std::string containers_dir;  ///< writable layers: containers_dir/UID_NAME-ATTEMPT
    std::string volumes_dir;     ///< volumes of orilla.dev/local
    std::string seccomp_dir;     ///< profiles of the node's own, as files of JSON
    std::string node_name;
    std::string node_ip;
    std::string cluster_domain;
    std::string host_resolv_conf = "/etc/resolv.conf";
    std::string host_hosts = "/etc/hosts";
    int64_t node_memory_bytes = 0;
    bool hardened_workloads = false;  ///< what a pod leaves open is confined further than Kubernetes does
    int pods_parallel_max = 8;        ///< pods acted on at a time
};

class PodAgent {
  public:
    PodAgent(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, PodPorts ports,
             PodAgentOptions options);
    ~PodAgent();

    /// Queues every pod of the node and everything the runtime or the disk still holds.
    void start();
    /// A pod was added, changed or deleted.
    void pod_changed(const std::string& ns, const std::string& name, const std::string& uid);
    /// A ConfigMap or Secret of this name changed: projected volumes of the pods that name it follow.
    void source_changed(const std::string& ns, const std::string& name);
    /// Images that pods of this node name: never collected.
    std::vector<std::string> images_in_use() const;
    const loop::WorkerCounters& counters() const;

    class Impl;

  private:
    std::unique_ptr<PodApi> api_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace orilla::node
