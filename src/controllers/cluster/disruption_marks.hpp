// Takes back a pod's condition DisruptionTarget when nobody has deleted the pod two minutes later: what would be said of its
// end then is not true.
#pragma once

#include "controller.hpp"

namespace orilla::controllers {

/// Milliseconds until the condition is stale, at most what is left of two minutes; -1: there is none that could be.
int64_t plan_stale_mark(const api::Pod& pod, int64_t now_s);

class DisruptionMarks final : public Controller {
  public:
    explicit DisruptionMarks(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    loop::Worker worker_;
};

}  // namespace orilla::controllers
