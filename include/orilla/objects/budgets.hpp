// Which PodDisruptionBudgets a pod is under, and the pods of one: found by the indexes of feeds that somebody follows.
#pragma once

#include <memory>
#include <vector>

#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {

/// Whether there is any at all, as far as the store knows.
bool has_budgets(Objects& objects);
/// By the labels of a pod.
std::vector<std::shared_ptr<const api::PodDisruptionBudget>> budgets_of(Objects& objects, const api::ObjectMeta& pod);
/// Whatever became of them: those that have ended, too.
std::vector<std::shared_ptr<const api::Pod>> pods_of(Objects& objects, const api::PodDisruptionBudget& budget);

/// Of its pods as they are now, by what its status says of those that were evicted.
size_t count_healthy(Objects& objects, const api::PodDisruptionBudget& budget, int64_t now_s);

}  // namespace orilla::objects
