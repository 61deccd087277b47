// What clients do with StatefulSets and DaemonSets: one random request at a time, and what makes them ones that can work.
#pragma once

#include <string>
#include <vector>

#include "client_requests.hpp"
#include "orilla/base/random.hpp"

namespace orilla::sim {

struct ClientRequest {
    std::string what;
    loop::Task<Result<void>> task;
};

/// `pods` is what its pods look like, should it be made or changed.
ClientRequest act_on_stateful_set(objects::Objects& objects, Random& random, const std::string& ns, api::PodSpec pods);
ClientRequest act_on_daemon_set(objects::Objects& objects, Random& random, const std::string& ns, api::PodSpec pods);
/// Everything that lets them come to rest: images that exist, no partition, and no pod that only its deletion can mend.
std::vector<ClientRequest> mend_sets(objects::Objects& objects);

}  // namespace orilla::sim
