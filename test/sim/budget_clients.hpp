// What clients do with PodDisruptionBudgets, and what must be true of those at rest.
#pragma once

#include <string>
#include <vector>

#include "daemon.hpp"
#include "set_clients.hpp"

namespace orilla::sim {

/// Makes a budget of one of the applications, changes it or takes it away.
ClientRequest act_on_budget(objects::Objects& objects, Random& random, const std::string& ns);
/// Evicts the pod.
ClientRequest request_eviction(Daemon& daemon, const api::ObjectMeta& pod);
/// Their numbers are those of the pods, and nobody is waited for.
void check_budgets(objects::Objects& objects, std::vector<std::string>& out);

}  // namespace orilla::sim
