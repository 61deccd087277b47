// Applies plan_endpoints.
#pragma once

#include "controller.hpp"
#include "service/endpoints_plan.hpp"

namespace orilla::controllers {

class EndpointsController final : public Controller {
  public:
    explicit EndpointsController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    void pod_changed(const objects::FeedEvent& event);
    void node_changed(const objects::FeedEvent& event);
    loop::Task<void> look_at_all();
    Zones zones_of(const std::vector<std::shared_ptr<const api::Pod>>& pods);
    void slice_changed(const objects::FeedEvent& event);
    loop::Task<void> catch_up();
    std::vector<std::shared_ptr<const api::Pod>> pods_of(const api::Service& service);
    loop::Task<Result<void>> apply(std::string ns, EndpointsAction action);

    objects::Feed &pods_, &slices_;
    loop::Worker worker_;
    loop::Scope scope_;
};

}  // namespace orilla::controllers
