// Applies plan_endpoints.
#pragma once

#include "controller_base.hpp"
#include "orilla/objects/term_index.hpp"
#include "service/endpoints_plan.hpp"

namespace orilla::controllers {

class EndpointsController final : public loop::Reconciler {
  public:
    /// `pods` by their labels.
    EndpointsController(loop::Loop& loop, store::Objects& objects, store::TermIndex& pods);
    void start();
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    void pod_changed(const store::WatchEvent& event);
    void queue_services(const api::Pod& pod);
    loop::Task<void> catch_up();
    std::vector<std::shared_ptr<const api::Pod>> pods_of(const api::Service& service);
    void slice_changed(const store::WatchEvent& event);
    loop::Task<Result<void>> apply(std::string ns, EndpointsAction action);

    store::Objects& objects_;
    store::TermIndex& pods_;
    store::TermIndex services_, slices_;
    store::Follower endpoints_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
