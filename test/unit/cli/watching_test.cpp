#include "print/watching.hpp"

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string verdict(const std::string& wanted, const char* text) {
    auto condition = parse_condition(wanted);
    if (!condition) return condition.error().message();
    const auto found = text ? object(text) : boost::json::object();
    auto result = holds(*condition, text ? &found : nullptr);
    return result ? (*result ? "yes" : "no") : result.error().message();
}

Result<int64_t> timeout_of(const std::string& verb, const std::string& timeout) {
    Options options;
    options.verb = verb;
    options.timeout = timeout;
    return parse_timeout(options, wait_default_ms);
}

constexpr const char* ready =
    R"({"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Paused","status":"False"}],"phase":"Running","n":3,"l":[1,2]}})";
}  // namespace

TEST_CASE("holds: conditions, whatever their case and value") {
    CHECK(verdict("condition=Ready", ready) == "yes");
    CHECK(verdict("condition=ready=true", ready) == "yes");
    CHECK(verdict("condition=Ready=False", ready) == "no");
    CHECK(verdict("condition=Paused=false", ready) == "yes");
    CHECK(verdict("condition=Nosuch", ready) == "no");
    CHECK(verdict("condition=Ready", nullptr) == "no");
}

TEST_CASE("holds: being there and being gone") {
    CHECK(verdict("delete", nullptr) == "yes");
    CHECK(verdict("delete", ready) == "no");
    CHECK(verdict("create", ready) == "yes");
    CHECK(verdict("create", nullptr) == "no");
}

TEST_CASE("holds: a jsonpath with its value, or with any") {
    CHECK(verdict("jsonpath={.status.phase}=Running", ready) == "yes");
    CHECK(verdict("jsonpath=.status.phase=Running", ready) == "yes");
    CHECK(verdict("jsonpath={.status.phase}=Failed", ready) == "no");
    CHECK(verdict("jsonpath={.status.n}=3", ready) == "yes");
    CHECK(verdict("jsonpath={.status.n}", ready) == "yes");
    CHECK(verdict("jsonpath={.nosuch}", ready) == "no");
    CHECK(verdict("jsonpath={.status.conditions[?(@.type==\"Ready\")].status}=True", ready) == "yes");
    CHECK(verdict("jsonpath={.status.l[*]}=1", ready) == "error: given jsonpath expression matches more than one value");
}

TEST_CASE("parse_condition: what is no condition is refused") {
    for (const char* bad : {"", "nosuch", "condition=", "jsonpath=", "Delete"})
        CHECK(verdict(bad, ready) == "error: unrecognized condition: \"" + std::string(bad) + "\"");
    CHECK(verdict("jsonpath={.a}=", ready).starts_with("error: jsonpath wait has to have a value after equal sign"));
}

TEST_CASE("parse_timeout: limits, none, and what is no duration") {
    CHECK(*timeout_of("wait", "") == wait_default_ms);
    CHECK(*timeout_of("wait", "5s") == 5'000);
    CHECK(*timeout_of("wait", "0") == 0);
    CHECK(*timeout_of("wait", "-1s") == wait_ms_max);
    CHECK(*timeout_of("delete", "0s") == wait_ms_max);
    CHECK(*timeout_of("rollout status", "0s") == wait_ms_max);
    CHECK(complaint(timeout_of("wait", "bad")).starts_with("error: invalid argument \"bad\" for \"--timeout\" flag"));
}
