// Watches every step of every rollout: the ReplicaSets of a Deployment never want more pods than its replicas and
// maxSurge together, no ReplicaSet makes more than it wants, no available pod is taken away when that leaves fewer than
// replicas - maxUnavailable, and Recreate never mixes. What clients and faults do to pods is not held against it.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "host.hpp"
#include "job_watch.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::sim {

/// What is known of rollouts from one life of the daemon to the next.
struct RolloutHistory {
    struct Allowed {
        int64_t at_ms;
        int32_t pods;
    };
    std::map<std::string, std::deque<Allowed>> allowed;  ///< by uid of the Deployment or ReplicaSet, newest last
    std::map<std::string, std::string> strategies;       ///< by uid
    std::map<std::string, int64_t> changed_ms;           ///< by uid: its size or strategy
    std::map<std::string, int32_t> wanted;               ///< by uid of the Deployment: sum of its ReplicaSets
    std::set<std::string> touched;                       ///< pods that a client deleted or relabelled
    std::map<std::string, int64_t> touched_ms;           ///< by NAMESPACE/DEPLOYMENT
    JobHistory jobs;
};

class RolloutWatch {
  public:
    RolloutWatch(loop::Loop& loop, objects::Objects& objects, Host& host, RolloutHistory& history);
    void start();

  private:
    using PodPtr = std::shared_ptr<const api::Pod>;
    using DeploymentPtr = std::shared_ptr<const api::Deployment>;
    template <class T>
    std::shared_ptr<const T> object_of(const store::EntryPtr& entry);
    void deployment_changed(const store::WatchEvent& event);
    void note(const api::Deployment& deployment);
    void set_changed(const store::WatchEvent& event);
    void pod_changed(const store::WatchEvent& event);
    void check_made(const api::Pod& pod);
    void check_taken(const api::Pod& pod);
    void check_recreate(const api::Deployment& deployment, const api::ReplicaSet& set, const api::Pod& pod);
    std::vector<PodPtr> pods_of(const api::Deployment& deployment);
    std::shared_ptr<const api::ReplicaSet> set_of(const api::Pod& pod);
    DeploymentPtr deployment_of(const api::ObjectMeta& set);
    bool runs(const api::Pod& pod);
    bool runs_anything(const api::Pod& pod);
    bool was_disturbed(const api::Deployment& deployment);
    void allow(const std::string& uid, int32_t pods);
    int32_t allowed(const std::string& uid);
    bool changed_lately(const std::string& uid);

    loop::Loop& loop_;
    objects::Objects& objects_;
    Host& host_;
    RolloutHistory& history_;
    bool started_ = false;
    objects::Follower deployments_, sets_, pods_;
};

}  // namespace orilla::sim
