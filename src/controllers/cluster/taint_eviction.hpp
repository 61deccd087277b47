// Deletes the pods of a node that has taints of the effect NoExecute, when their tolerations end: at once where there is none.
// It counts from when it has seen the taint, in monotonic time, and looks at nothing while no node has such a taint.
#pragma once

#include <map>
#include <string>

#include "controller.hpp"

namespace orilla::controllers {

class TaintEviction final : public Controller {
  public:
    explicit TaintEviction(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    struct Stay {
        std::string uid;
        int64_t since_ms = 0;
    };
    void pod_changed(const objects::FeedEvent& event);
    void node_changed(const objects::FeedEvent& event);
    void let_stay(const std::string& key, const api::Pod& pod);
    loop::Task<Result<void>> evict(std::shared_ptr<const api::Pod> pod);

    std::map<std::string, Stay> stays_;  ///< pods that will go, by key
    loop::Worker worker_;
};

}  // namespace orilla::controllers
