#include "verbs/change.hpp"

#include "cli_support.hpp"
#include "print/output.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
Options labeling(std::vector<std::string> args, const std::string& verb = "label") {
    Options options;
    options.verb = verb;
    options.args = std::move(args);
    return options;
}
std::string refused_change(std::vector<std::string> args) { return complaint(parse_label_change(labeling(std::move(args)))); }
}  // namespace

TEST_CASE("parse_label_change: objects first, then KEY=VALUE and KEY-") {
    auto change = parse_label_change(labeling({"pods", "web", "a=1", "b-", "c=", "d=x=y"}));
    REQUIRE(change);
    CHECK(change->words == std::vector<std::string>{"pods", "web"});
    CHECK(sorted_json(change->values) == R"({"a":"1","b":null,"c":"","d":"x=y"})");
    CHECK(sorted_json(parse_label_change(labeling({"a-", "b=1"}))->values) == R"({"a":null,"b":"1"})");
}

TEST_CASE("parse_label_change: contradictions and omissions are errors") {
    CHECK(refused_change({"pods", "web"}) == "error: at least one label update is required");
    CHECK(refused_change({"pods", "a=1", "web"}) == "error: all resources must be specified before label changes: web");
    CHECK(refused_change({"pods", "web", "a=1", "a-"}) == "error: can not both modify and remove a label in the same command");
    CHECK(refused_change({"pods", "web", "=1"}) == "error: invalid label: \"=1\"");
    Options listing = labeling({"pods", "web"});
    listing.list = true;
    CHECK(parse_label_change(listing));
}

TEST_CASE("plan_label: a value that is there changes only with --overwrite") {
    Options options = labeling({});
    const auto have = object(R"({"a":"1"})");
    CHECK(complaint(plan_label(options, have, object(R"({"a":"2"})"))) ==
          "error: 'a' already has a value (1), and --overwrite is false");
    options.overwrite = true;
    CHECK(plan_label(options, have, object(R"({"a":"2"})"))->changes);
    CHECK(complaint(plan_label(labeling({}, "annotate"), have, object(R"({"a":"2"})"))) ==
          "error: --overwrite is false but found the following declared annotation(s): 'a' already has a value (1)");
}

TEST_CASE("plan_label: tells what it does") {
    const Options options = labeling({});
    const auto have = object(R"({"a":"1"})");
    CHECK(plan_label(options, have, object(R"({"b":"2"})"))->done == "labeled");
    CHECK(plan_label(options, have, object(R"({"a":null})"))->done == "unlabeled");
    CHECK(plan_label(options, have, object(R"({"a":"1"})"))->done == "not labeled");
    const auto absent = plan_label(options, have, object(R"({"b":null})"));
    CHECK(absent->done == "not labeled");
    CHECK(absent->absent == std::vector<std::string>{"b"});
    CHECK(plan_label(labeling({}, "annotate"), have, object(R"({"a":"1"})"))->done == "annotated");
}
