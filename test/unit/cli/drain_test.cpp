#include "verbs/drain.hpp"

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {

boost::json::object pod_of(const char* metadata, const char* spec = "{}", const char* status = R"({"phase":"Running"})") {
    return {
        {"metadata", boost::json::parse(metadata)}, {"spec", boost::json::parse(spec)}, {"status", boost::json::parse(status)}};
}
const char* const of_set =
    R"({"name":"a","namespace":"x","ownerReferences":[{"kind":"ReplicaSet","name":"s","controller":true}]})";
const char* const of_daemons =
    R"({"name":"a","namespace":"x","ownerReferences":[{"kind":"DaemonSet","name":"d","controller":true}]})";
const char* const bare = R"({"name":"a","namespace":"x"})";
const char* const scratch = R"({"volumes":[{"name":"v","emptyDir":{}}]})";

std::optional<Error> is_there(const std::string&, const std::string&) { return std::nullopt; }
std::optional<Error> is_gone(const std::string&, const std::string& name) {
    return Error(Code::not_found, "daemonsets.apps \"" + name + "\" not found");
}
DrainVerdict judge(const boost::json::object& pod, const Options& options = {}, const FindDaemonSet& find = is_there) {
    return judge_pod(pod, options, find, 1'700'000'000);
}

}  // namespace

TEST_CASE("judge_pod: a pod that comes again goes, one that nobody makes anew only by force") {
    Options force;
    force.force = true;
    CHECK(judge(pod_of(of_set)) == DrainVerdict{true});
    CHECK(judge(pod_of(bare)) ==
          DrainVerdict{false, "cannot delete Pods that declare no controller (use --force to override)", true});
    CHECK(judge(pod_of(bare), force) == DrainVerdict{true, "deleting Pods that declare no controller"});
    CHECK(judge(pod_of(bare, "{}", R"({"phase":"Succeeded"})")) == DrainVerdict{true});
}

TEST_CASE("judge_pod: pods of DaemonSets stay, and have to be named for that") {
    Options ignore, force;
    ignore.ignore_daemonsets = force.force = true;
    CHECK(judge(pod_of(of_daemons)) == DrainVerdict{false, "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)", true});
    CHECK(judge(pod_of(of_daemons), ignore) == DrainVerdict{false, "ignoring DaemonSet-managed Pods"});
    CHECK(judge(pod_of(of_daemons, "{}", R"({"phase":"Failed"})")) == DrainVerdict{true});
    CHECK(judge(pod_of(of_daemons), ignore, is_gone) == DrainVerdict{false, "daemonsets.apps \"d\" not found", true});
    CHECK(judge(pod_of(of_daemons), force, is_gone).goes);
}

TEST_CASE("judge_pod: what is in an emptyDir is not thrown away unasked") {
    Options discards;
    discards.delete_emptydir_data = true;
    CHECK(judge(pod_of(of_set, scratch)) ==
          DrainVerdict{false, "Pods with local storage (use --delete-emptydir-data to override)", true});
    CHECK(judge(pod_of(of_set, scratch), discards).goes);
    CHECK(judge(pod_of(of_set, scratch, R"({"phase":"Succeeded"})")) == DrainVerdict{true});
}

TEST_CASE("judge_pod: a pod of the box's own manifests is left alone without a word") {
    const auto own = pod_of(R"({"name":"a","namespace":"x","annotations":{"kubernetes.io/config.mirror":"manifest"}})");
    CHECK(judge(own) == DrainVerdict{false});
}

TEST_CASE("judge_pod: one that ends for too long is not waited for") {
    const auto ending = pod_of(R"({"name":"a","namespace":"x","deletionTimestamp":"2023-11-14T22:00:00Z"})");
    Options options;
    CHECK(judge(ending).is_refused);
    options.skip_wait_for_delete_s = 60;
    CHECK(judge(ending, options) == DrainVerdict{false});
}

TEST_CASE("DrainPlan: one refusal of a kind is told once, with all its pods") {
    DrainPlan plan;
    plan.add({"x", "a", ""}, {true});
    plan.add({"x", "b", ""}, {false, "one", true});
    plan.add({"y", "c", ""}, {false, "two", true});
    plan.add({"y", "d", ""}, {false, "one", true});
    plan.add({"y", "e", ""}, {false, "ignoring"});
    plan.add({"y", "f", ""}, {true, "deleting"});
    CHECK(plan.leaving() == std::vector<Leaving>{{"x", "a", ""}, {"y", "f", ""}});
    CHECK(plan.refusals() == std::vector<std::string>{"cannot delete one: x/b, y/d", "cannot delete two: y/c"});
    CHECK(plan.warnings() == "ignoring: y/e; deleting: y/f");
}

TEST_CASE("go_duration: as Go writes it") {
    CHECK(go_duration(5'000) == "5s");
    CHECK(go_duration(90'000) == "1m30s");
    CHECK(go_duration(3'600'000) == "1h0m0s");
    CHECK(go_duration(1'500) == "1.5s");
    CHECK(go_duration(20) == "20ms");
}
