#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "orilla/kinds/types.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"
#include "verbs/drain.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

bool is_finished(const json::object& pod) {
    const std::string phase = text_at(object_at(pod, "status"), "phase");
    return phase == "Succeeded" || phase == "Failed";
}

const json::object* find_controller(const json::object& pod) {
    for (const auto& item : array_at(object_at(pod, "metadata"), "ownerReferences"))
        if (text_at(item.get_object(), "controller") == "true") return &item.get_object();
    return nullptr;
}

bool has_local_storage(const json::object& pod) {
    return std::ranges::any_of(array_at(object_at(pod, "spec"), "volumes"),
                               [](const json::value& volume) { return volume.get_object().contains("emptyDir"); });
}

DrainVerdict refuse(std::string why) { return {false, std::move(why), true}; }

/// It is on its way for longer than anybody wants to wait.
DrainVerdict judge_ending(const json::object& pod, const Options& options, int64_t now_unix_s) {
    const std::string since = text_at(object_at(pod, "metadata"), "deletionTimestamp");
    const int64_t limit_s = options.skip_wait_for_delete_s.value_or(0);
    if (limit_s <= 0 || since.empty()) return {};
    const auto time = api::Time::parse(since);
    return {!time || now_unix_s - time->unix_s <= limit_s};
}

DrainVerdict judge_daemon(const json::object& pod, const Options& options, const FindDaemonSet& find_daemon_set) {
    const json::object* controller = find_controller(pod);
    if (!controller || text_at(*controller, "kind") != api::kind_of<api::DaemonSet>().kind || is_finished(pod)) return {};
    if (const auto error = find_daemon_set(text_at(object_at(pod, "metadata"), "namespace"), text_at(*controller, "name"))) {
        if (error->code() == Code::not_found && options.force) return {true, error->message()};
        return refuse(error->message());
    }
    if (!options.ignore_daemonsets) return refuse("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)");
    return {false, "ignoring DaemonSet-managed Pods"};
}

/// A pod of a manifest on the box is not the API's to delete.
DrainVerdict judge_mirror(const json::object& pod) {
    return {!object_at(object_at(pod, "metadata"), "annotations").contains(api::mirror_annotation)};
}

DrainVerdict judge_storage(const json::object& pod, const Options& options) {
    if (!has_local_storage(pod) || is_finished(pod)) return {};
    if (!options.delete_emptydir_data) return refuse("Pods with local storage (use --delete-emptydir-data to override)");
    return {true, "deleting Pods with local storage"};
}

DrainVerdict judge_unmanaged(const json::object& pod, const Options& options) {
    if (is_finished(pod) || find_controller(pod)) return {};
    if (!options.force) return refuse("cannot delete Pods that declare no controller (use --force to override)");
    return {true, "deleting Pods that declare no controller"};
}

}  // namespace

/// What is said last is said: as with kubectl, one thing of a pod.
DrainVerdict judge_pod(const json::object& pod, const Options& options, const FindDaemonSet& find_daemon_set,
                       int64_t now_unix_s) {
    DrainVerdict verdict = judge_ending(pod, options, now_unix_s);
    if (verdict.goes) verdict = judge_daemon(pod, options, find_daemon_set);
    if (verdict.goes) verdict = judge_mirror(pod);
    if (verdict.goes) verdict = judge_storage(pod, options);
    if (verdict.goes) verdict = judge_unmanaged(pod, options);
    return verdict;
}

void DrainPlan::note(Reasons& reasons, const std::string& why, const Leaving& pod) {
    const std::string name = fmt::format("{}/{}", pod.ns, pod.name);
    const auto found = std::ranges::find(reasons, why, &Reasons::value_type::first);
    if (found == reasons.end()) reasons.emplace_back(why, name);
    else found->second += ", " + name;
}

void DrainPlan::add(const Leaving& pod, const DrainVerdict& verdict) {
    if (verdict.goes) leaving_.push_back(pod);
    if (!verdict.why.empty()) note(verdict.is_refused ? refusals_ : warnings_, verdict.why, pod);
}

std::string DrainPlan::warnings() const {
    std::string out;
    for (const auto& [why, pods] : warnings_) out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", why, pods);
    return out;
}

std::vector<std::string> DrainPlan::refusals() const {
    std::vector<std::string> errors;
    for (const auto& [why, pods] : refusals_) errors.push_back(fmt::format("cannot delete {}: {}", why, pods));
    return errors;
}

std::string go_duration(int64_t ms) {
    const int64_t seconds = ms / 1000, hours = seconds / 3600, minutes = seconds / 60 % 60;
    if (ms % 1000 != 0 && seconds == 0) return fmt::format("{}ms", ms);
    std::string out = hours > 0 ? fmt::format("{}h", hours) : "";
    if (hours > 0 || minutes > 0) out += fmt::format("{}m", minutes);
    out += std::to_string(seconds % 60);
    if (ms % 1000 != 0) {
        std::string fraction = fmt::format("{:03}", ms % 1000);
        fraction.erase(fraction.find_last_not_of('0') + 1);
        out += "." + fraction;
    }
    return out + "s";
}

std::string join_errors(const std::vector<std::string>& errors) {
    if (errors.size() == 1) return errors[0];
    std::string out;
    for (const auto& error : errors) out += (out.empty() ? "[" : ", ") + error;
    return out.empty() ? "" : out + "]";
}

}  // namespace orilla::cli
