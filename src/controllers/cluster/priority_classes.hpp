// Keeps the PriorityClasses that every cluster has.
#pragma once

#include "controller.hpp"

namespace orilla::controllers {

/// Those that are missing.
std::vector<api::PriorityClass> plan_priority_classes(const std::vector<std::shared_ptr<const api::PriorityClass>>& there);

class PriorityClassesController final : public Controller {
  public:
    explicit PriorityClassesController(const Surroundings& with);
    void start() override;
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    loop::Worker worker_;
};

}  // namespace orilla::controllers
