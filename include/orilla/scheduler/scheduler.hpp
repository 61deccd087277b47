// Gives every pod without a node one that has room, makes room for those that are more important than others, or says why
// there is none: an event and the PodScheduled condition.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/loop/work_queue.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::scheduler {

class Placements;
struct Neighbours;
struct Preempt;

class Scheduler final : public loop::Reconciler {
  public:
    Scheduler(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events);
    ~Scheduler() override;
    void start();
    const loop::WorkerCounters& counters() const { return worker_.counters(); }
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;

  private:
    loop::Task<Result<loop::Outcome>> schedule(std::shared_ptr<const api::Pod> pod);
    loop::Task<Result<loop::Outcome>> bind(std::shared_ptr<const api::Pod> pod, std::string node);
    loop::Task<Result<void>> preempt(std::shared_ptr<const api::Pod> pod, Preempt decision);
    loop::Task<Result<void>> end_victim(std::shared_ptr<const api::Pod> victim);
    /// `nominated`: where room is being made for it, "" for nowhere.
    loop::Task<Result<void>> tell_unschedulable(std::shared_ptr<const api::Pod> pod, std::string message,
                                                std::string nominated);
    Neighbours gather_others(const std::vector<std::shared_ptr<const api::Node>>& nodes);
    void pod_changed(const objects::FeedEvent& event);
    void node_changed(const objects::FeedEvent& event);
    /// Of the claim's pods, those that have no node.
    void claim_changed(std::string_view ns, std::string_view claim);
    void volume_changed(const objects::FeedEvent& event);
    loop::Task<Result<void>> ask_for_volumes(std::string ns, std::vector<std::string> claims, std::string node);
    void stop_waiting(const std::string& key);
    struct Told;
    void retry_waiting(bool (*helps)(const Told& told));
    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    /// What was said last of why no node fits, and when (monotonic).
    struct Told {
        std::string message;
        int64_t at_ms = 0;
        std::string nominated;
        int32_t priority = 0;
        bool room_would_do = false;  ///< another pod's end may help
        bool wants_volume = false;   ///< a new PersistentVolume may
    };
    std::map<std::string, Told> waiting_;        ///< pods that found no node
    std::set<std::string> waiting_for_company_;  ///< those among them that a pod which comes may help
    std::unique_ptr<Placements> placements_;
    objects::Follower pods_;
    objects::Follower nodes_;
    objects::Follower claims_;
    objects::Follower volumes_;
    loop::Worker worker_;
};

}  // namespace orilla::scheduler
