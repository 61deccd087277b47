// Applies plan_namespace, and puts back the standard namespaces when one is gone.
#pragma once

#include "cluster/namespace_plan.hpp"
#include "controller.hpp"

namespace orilla::controllers {

class NamespaceController final : public Controller {
  public:
    explicit NamespaceController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    void changed(const objects::FeedEvent& event);
    void content_changed(const objects::FeedEvent& event);
    loop::Task<Result<loop::Outcome>> put_back(std::string name);
    loop::Task<void> settle();
    loop::Task<Result<std::vector<Content>>> observe(std::string ns);
    loop::Task<Result<Content>> observe_kind(const api::KindInfo& kind, std::string ns);
    loop::Task<Result<void>> apply(std::string ns, NamespaceAction action);
    loop::Task<Result<void>> finalize(std::string ns);

    loop::Worker worker_;
};

}  // namespace orilla::controllers
