// Applies plan_endpoints.
#pragma once

#include "controller_base.hpp"
#include "orilla/objects/term_index.hpp"
#include "service/endpoints_plan.hpp"

namespace orilla::controllers {

class EndpointsController final : public loop::Reconciler {
  public:
    /// `pods` by their labels.
    EndpointsController(loop::Loop& loop, objects::Objects& objects, objects::TermIndex& pods);
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

    objects::Objects& objects_;
    objects::TermIndex& pods_;
    objects::TermIndex services_, slices_;
    objects::Follower endpoints_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
