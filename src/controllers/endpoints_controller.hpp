// Applies plan_endpoints.
#pragma once

#include "controller_base.hpp"
#include "endpoints_plan.hpp"

namespace orilla::controllers {

class EndpointsController final : public loop::Reconciler {
  public:
    EndpointsController(loop::Loop& loop, store::Objects& objects);
    void start();
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    void pod_changed(const store::WatchEvent& event);
    void slice_changed(const store::WatchEvent& event);
    loop::Task<Result<void>> apply(std::string ns, EndpointsAction action);

    store::Objects& objects_;
    store::Follower services_, pods_, slices_, endpoints_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
