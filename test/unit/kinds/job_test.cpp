#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/validation.hpp"

using namespace orilla::api;

namespace {

Object job_of(std::string_view spec, std::string_view restart_policy = "Never") {
    const std::string text =
        R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"sum","namespace":"default","uid":"u-1"},"spec":{)" +
        std::string(spec) + (spec.empty() ? "" : ",") + R"("template":{"spec":{"restartPolicy":")" +
        std::string(restart_policy) + R"(","containers":[{"name":"c","image":"i"}]}}}})";
    auto object = decode_object(orilla::test::builtin(), text);
    INFO((object ? std::string() : object.error().message()) << text);
    REQUIRE(object.has_value());
    return std::move(*object);
}
Object prepared_job(std::string_view spec, std::string_view restart_policy = "Never") {
    Object object = job_of(spec, restart_policy);
    apply_defaults(object);
    object.kind().rules->prepare_create(object);
    return object;
}
std::string job_flaws(const orilla::Result<void>& result) {
    return result ? "" : result.error().message().substr(result.error().message().find(" is invalid: ") + 13);
}
std::string created_job(std::string_view spec, std::string_view restart_policy = "Never") {
    return job_flaws(validate_create(prepared_job(spec, restart_policy)));
}
std::string updated_job(std::string_view to, std::string_view from) {
    return job_flaws(validate_update(prepared_job(to), prepared_job(from)));
}

}  // namespace

TEST_CASE("Job: defaults") {
    const Object plain = prepared_job("");
    const JobSpec& spec = plain.as<Job>().spec;
    CHECK(spec.completions == 1);
    CHECK(spec.parallelism == 1);
    CHECK(spec.backoff_limit == 6);
    CHECK(spec.completion_mode == "NonIndexed");
    CHECK(spec.suspend == false);
    CHECK(spec.pod_replacement_policy == "TerminatingOrFailed");
    const Object queue = prepared_job(R"("parallelism":3)");
    CHECK_FALSE(queue.as<Job>().spec.completions);
    const Object each = prepared_job(R"("completions":3,"completionMode":"Indexed","backoffLimitPerIndex":1)");
    CHECK(each.as<Job>().spec.backoff_limit == INT32_MAX);
    CHECK(each.as<Job>().spec.parallelism == 1);
    const Object policy =
        prepared_job(R"("podFailurePolicy":{"rules":[{"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget"}]}]})");
    CHECK(policy.as<Job>().spec.pod_replacement_policy == "Failed");
    CHECK(policy.as<Job>().spec.pod_failure_policy->rules[0].on_pod_conditions[0].status == "True");
}

TEST_CASE("Job: the server makes the selector and the labels") {
    const Object object = prepared_job("");
    const Job& made = object.as<Job>();
    CHECK(*made.spec.selector->match_labels.get("batch.kubernetes.io/controller-uid") == "u-1");
    for (const char* key : {"batch.kubernetes.io/controller-uid", "controller-uid"})
        CHECK(*made.spec.template_.metadata.labels.get(key) == "u-1");
    for (const char* key : {"batch.kubernetes.io/job-name", "job-name"})
        CHECK(*made.spec.template_.metadata.labels.get(key) == "sum");
    CHECK(made.metadata.labels == made.spec.template_.metadata.labels);
    CHECK(created_job("").empty());
    CHECK(created_job(R"("selector":{"matchLabels":{"a":"b"}})").find("`selector` not auto-generated") != std::string::npos);
    CHECK(created_job(R"("manualSelector":true)") == "spec.selector: Required value");
}

TEST_CASE("Job: a document that was not sent yet needs nothing of what the server makes") {
    Object object = job_of("");
    object.meta().uid = Str();
    apply_defaults(object);
    CHECK(validate_create(object));
}

TEST_CASE("Job: what may not be stored") {
    CHECK(created_job("", "Always") ==
          R"(spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never")");
    CHECK(created_job("", "OnFailure").empty());
    CHECK(created_job(R"("parallelism":-1)") == "spec.parallelism: Invalid value: -1: must be greater than or equal to 0");
    CHECK(created_job(R"("completionMode":"Indexed","parallelism":1)") ==
          "spec.completions: Required value: when completion mode is Indexed");
    CHECK(created_job(R"("completionMode":"Other")") ==
          R"(spec.completionMode: Unsupported value: "Other": supported values: "Indexed", "NonIndexed")");
    CHECK(created_job(R"("backoffLimitPerIndex":1)") ==
          "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode");
    CHECK(created_job(R"("managedBy":"me")") ==
          R"(spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo"))");
    CHECK(created_job(R"("managedBy":"example.com/me")").empty());
}

TEST_CASE("Job: policies that cannot work") {
    const auto with = [](std::string_view rule) { return R"("podFailurePolicy":{"rules":[)" + std::string(rule) + "]}"; };
    CHECK(created_job(with(R"({"action":"FailJob","onExitCodes":{"operator":"In","values":[1,42]}})")).empty());
    CHECK(created_job(with(R"({"action":"FailJob","onExitCodes":{"operator":"In","values":[0]}})")) ==
          "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator");
    CHECK(created_job(with(R"({"action":"FailIndex","onExitCodes":{"operator":"In","values":[1]}})")) ==
          R"(spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set)");
    CHECK(created_job(with(R"({"action":"Count"})")) ==
          "spec.podFailurePolicy.rules[0]: Invalid value: null: specifying one of OnExitCodes and OnPodConditions is required");
    CHECK(
        created_job(with(R"({"action":"Count","onExitCodes":{"containerName":"x","operator":"In","values":[1]}})")) ==
        R"(spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template)");
    CHECK(created_job(with(R"({"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget"}]})") +
                      R"(,"podReplacementPolicy":"TerminatingOrFailed")") ==
          R"(spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed")");
    const std::string indexed = R"("completionMode":"Indexed","completions":5,)";
    const auto success = [](std::string_view rule) { return R"("successPolicy":{"rules":[)" + std::string(rule) + "]}"; };
    CHECK(created_job(indexed + success(R"({"succeededIndexes":"0,2-4","succeededCount":2})")).empty());
    CHECK_FALSE(created_job(success(R"({"succeededCount":1})")).empty());
    CHECK(
        created_job(indexed + success(R"({"succeededIndexes":"3-7"})")) ==
        R"(spec.successPolicy.rules[0].succeededIndexes: Invalid value: "3-7": error parsing succeededIndexes: too large index: "7")");
    CHECK(
        created_job(indexed + success(R"({"succeededIndexes":"1,2","succeededCount":3})")) ==
        "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes "
        "in the specified succeededIndexes field)");
}

TEST_CASE("Job: what may change") {
    CHECK(updated_job(R"("parallelism":4,"completions":2)", R"("parallelism":2,"completions":2)").empty());
    CHECK(updated_job(R"("completions":3)", R"("completions":2)") == "spec.completions: Invalid value: 3: field is immutable");
    CHECK(updated_job(R"("completionMode":"Indexed","completions":3,"parallelism":3)",
                      R"("completionMode":"Indexed","completions":2,"parallelism":2)")
              .empty());
    Object before = prepared_job(R"("suspend":true)"), after = before.clone();
    after.as<Job>().spec.template_.spec.node_selector["disk"] = "fast";
    CHECK(validate_update(after, before));
    before.as<Job>().status.start_time = Time(1);
    const std::string said = job_flaws(validate_update(after, before));
    CHECK(said.starts_with(R"(spec.template: Invalid value: {"metadata":{)"));
    CHECK(said.ends_with("}}: field is immutable"));
}

TEST_CASE("Job: what get shows") {
    Object object = prepared_job(R"("completions":4,"parallelism":2)");
    Job& shown = object.as<Job>();
    shown.status.succeeded = 3;
    shown.status.start_time = Time(1000);
    auto row = render_row(object, 1090);
    CHECK(row[1].to_string() == "Running");
    CHECK(row[2].to_string() == "3/4");
    CHECK(row[3].to_string() == "90s");
    shown.status.completion_time = Time(1030);
    auto& condition = shown.status.conditions.emplace_back();
    condition.type = "Complete";
    condition.status = "True";
    row = render_row(object, 9000);
    CHECK(row[1].to_string() == "Complete");
    CHECK(row[3].to_string() == "30s");
    CHECK(render_row(prepared_job(R"("parallelism":3)"), 0)[2].to_string() == "0/1 of 3");
}

TEST_CASE("Job: what is counted is a record, what runs is a hint") {
    Object before = prepared_job(""), after = before.clone();
    after.as<Job>().status.active = 3;
    after.as<Job>().status.ready = 1;
    CHECK_FALSE(after.kind().rules->status_is_record(after, before));
    after.as<Job>().status.uncounted_terminated_pods.ensure().failed.push_back("u");
    CHECK(after.kind().rules->status_is_record(after, before));
}
