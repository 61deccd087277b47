// Watches every eviction that a PodDisruptionBudget gives away: one was allowed, and enough pods stay ready. And every pod that
// is evicted from under a budget: it was given away.
#pragma once

#include <map>
#include <set>
#include <string>

#include "host.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::sim {

class BudgetWatch {
  public:
    BudgetWatch(loop::Loop& loop, objects::Objects& objects, Host& host);
    void start();

  private:
    void budget_changed(const objects::FeedEvent& event);
    void check_spent(const api::PodDisruptionBudget& budget, const std::string& pod);
    void pod_changed(const objects::FeedEvent& event);
    bool was_ready_lately(const api::Pod& pod);

    loop::Loop& loop_;
    objects::Objects& objects_;
    Host& host_;
    std::map<std::string, int64_t> ready_ms_;    ///< by uid: when it was ready and nobody had deleted it, last
    std::set<std::string> given_;                ///< NAMESPACE/POD that a budget has given away, in this daemon's life
    std::map<std::string, int64_t> budgets_ms_;  ///< by namespace: when a budget, or a pod's labels, changed last
    objects::Follower budgets_, pods_;
};

}  // namespace orilla::sim
