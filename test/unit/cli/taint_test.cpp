#include "verbs/taint.hpp"

#include "cli_support.hpp"
#include "print/output.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {

Options tainting(std::vector<std::string> args, bool overwrite = false) {
    Options options;
    options.verb = "taint";
    options.args = std::move(args);
    options.overwrite = overwrite;
    return options;
}
std::string refused(std::vector<std::string> args) {
    const std::string text = complaint(parse_taint_change(tainting(std::move(args))));
    return text.substr(0, text.find('\n'));
}
/// "done: taints", or the complaint.
std::string outcome_of(std::vector<std::string> args, const char* taints, bool overwrite = false) {
    const Options options = tainting(std::move(args), overwrite);
    const auto change = parse_taint_change(options);
    REQUIRE(change);
    const boost::json::object node{{"metadata", {{"name", "box"}}}, {"spec", {{"taints", boost::json::parse(taints)}}}};
    const auto planned = plan_taints(options, node, *change);
    return planned ? planned->done + ": " + sorted_json(planned->taints) : planned.error().message();
}

}  // namespace

TEST_CASE("parse_taint_change: nodes first, then what is added and removed") {
    const auto change = parse_taint_change(tainting({"nodes", "box", "a=1:NoSchedule", "b:NoExecute", "c-", "d:NoSchedule-"}));
    REQUIRE(change);
    CHECK(change->words == std::vector<std::string>{"nodes", "box"});
    CHECK(change->added == std::vector<TaintWord>{{"a", "1", "NoSchedule"}, {"b", "", "NoExecute"}});
    CHECK(change->removed == std::vector<TaintWord>{{"c", "", ""}, {"d", "", "NoSchedule"}});
}

TEST_CASE("parse_taint_change: what is wrong is told in kubectl's words") {
    CHECK(refused({"a=1:NoSchedule"}) == "error: one or more resources must be specified as <resource> <name>");
    CHECK(refused({"nodes", "box"}) == "error: at least one taint update is required");
    CHECK(refused({"nodes", "a=1:NoSchedule", "box"}) == "error: all resources must be specified before taint changes: box");
    CHECK(refused({"nodes", "box", "a=1"}).starts_with("error: invalid taint spec: a=1, name part must consist"));
    CHECK(refused({"nodes", "box", "a=1:Now"}) == "error: invalid taint effect: Now, unsupported taint effect");
    CHECK(refused({"nodes", "box", "a=1=2:NoSchedule"}) == "error: invalid taint spec: a=1=2:NoSchedule");
    CHECK(refused({"nodes", "box", "a:b:NoSchedule"}) == "error: invalid taint spec: a:b:NoSchedule");
    CHECK(refused({"nodes", "box", "=1:NoSchedule"}).starts_with("error: invalid taint spec: =1:NoSchedule, "));
    CHECK(refused({"nodes", "box", "a=-:NoSchedule"}).starts_with("error: invalid taint spec: a=-:NoSchedule, "));
    CHECK(refused({"nodes", "box", "a=1:NoSchedule", "a=2:NoSchedule"}) ==
          "error: duplicated taints with the same key and effect: {a 2 NoSchedule <nil>}");
    CHECK(refused({"nodes", "box", "a=1:NoSchedule", "a-"}) ==
          "error: can not both modify and remove the following taint(s) in the same command: a=");
}

TEST_CASE("plan_taints: adds, removes, and changes only with --overwrite") {
    CHECK(outcome_of({"node", "box", "a=1:NoSchedule"}, "[]") == R"(tainted: [{"effect":"NoSchedule","key":"a","value":"1"}])");
    const char* const have = R"([{"key":"a","value":"1","effect":"NoSchedule"},{"key":"a","effect":"NoExecute"}])";
    CHECK(outcome_of({"node", "box", "a=2:NoSchedule"}, have) ==
          "error: node box already has a taint(s) with same effect(s) and --overwrite is false");
    CHECK(outcome_of({"node", "box", "a=2:NoSchedule"}, have, true) ==
          R"(modified: [{"effect":"NoSchedule","key":"a","value":"2"},{"effect":"NoExecute","key":"a"}])");
    CHECK(outcome_of({"node", "box", "a:NoSchedule-"}, have) == R"(untainted: [{"effect":"NoExecute","key":"a"}])");
    CHECK(outcome_of({"node", "box", "a-"}, have) == "untainted: []");
    CHECK(outcome_of({"node", "box", "b:NoSchedule", "a-"}, have) == R"(modified: [{"effect":"NoSchedule","key":"b"}])");
    CHECK(outcome_of({"node", "box", "b-"}, have) == "error: taint \"b\" not found");
    CHECK(outcome_of({"node", "box", "b:NoSchedule-", "c-"}, have) ==
          "error: [taint \"b:NoSchedule\" not found, taint \"c\" not found]");
}
