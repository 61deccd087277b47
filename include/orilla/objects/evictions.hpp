// Evictions: deletions of pods that a PodDisruptionBudget may refuse. It promises that of two evictions that see the last one
// which a budget allows only one takes place, and that none leaves fewer pods ready than the budget's status asks for, also
// when that status is older than the pods: after a crash, whatever of it was not on disk yet.
#pragma once

#include <memory>
#include <string>

#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {

class Evictions {
  public:
    explicit Evictions(Objects& objects) : objects_(objects) {}
    /// Code too_many_requests, with a cause, when a budget stands against it.
    Task<Result<void>> evict(std::string ns, std::string pod, DeleteOptions options = {});

  private:
    class One;
    /// Budgets and pods are followed from the first eviction on, until they are as readers see them.
    Task<void> catch_up();

    Objects& objects_;
    std::unique_ptr<Follower> budgets_, pods_;
};

}  // namespace orilla::objects
