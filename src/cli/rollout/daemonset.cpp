#include <fmt/core.h>

#include <boost/json.hpp>

#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "rollout/controller_revision.hpp"
#include "rollout/kind_rollout.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<RolloutStatus> summarise_daemon_set(const json::object& set) {
    const json::object& status = object_at(set, "status");
    const std::string name = text_at(object_at(set, "metadata"), "name");
    if (text_at(object_at(object_at(set, "spec"), "updateStrategy"), "type") != "RollingUpdate") return no_rolling_update();
    if (number_at(object_at(set, "metadata"), "generation") > number_at(status, "observedGeneration"))
        return RolloutStatus{"Waiting for daemon set spec update to be observed...\n", false};
    const int64_t wanted = number_at(status, "desiredNumberScheduled"), updated = number_at(status, "updatedNumberScheduled");
    const int64_t available = number_at(status, "numberAvailable");
    const std::string waiting = fmt::format("Waiting for daemon set \"{}\" rollout to finish: ", name);
    std::string left;
    if (updated < wanted) left = fmt::format("{} out of {} new pods have been updated...\n", updated, wanted);
    else if (available < wanted) left = fmt::format("{} of {} updated pods are available...\n", available, wanted);
    if (!left.empty()) return RolloutStatus{waiting + left, false};
    return RolloutStatus{fmt::format("daemon set \"{}\" successfully rolled out\n", name), true};
}

}  // namespace

const KindRollout daemonset_rollout = {
    .kind = api::kind_of<api::DaemonSet>,
    .summarise = summarise_daemon_set,
    .history_kind = api::kind_of<api::ControllerRevision>,
    .read_revision = read_controller_revision,
    .no_history = no_last_revision,
};

}  // namespace orilla::cli
