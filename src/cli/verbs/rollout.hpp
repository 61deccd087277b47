// What `rollout` reads out of a Deployment and its ReplicaSets. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::cli {

struct RolloutStatus {
    std::string text;  ///< one line, as kubectl says it
    bool done = false;
};
/// Fails when the Deployment is past its progress deadline.
Result<RolloutStatus> summarise_rollout(const boost::json::object& deployment);
int64_t revision_of(const boost::json::object& set);
/// `history` is sorted by revision; 0 is the one before the last.
Result<const boost::json::object*> find_revision(const std::vector<boost::json::object>& history, int64_t revision,
                                                 const std::string& deployment);
std::string render_history(const std::vector<boost::json::object>& history);
/// kubectl's words for a kind that has no rollouts.
Error refuse_kind(const std::string& what, const api::KindInfo& kind, const std::string& name);

}  // namespace orilla::cli
