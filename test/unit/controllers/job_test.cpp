// Jobs from their first pod to their end, over all controllers.
#include "job_world.hpp"
#include "workload/job_pods.hpp"

using namespace orilla;
using namespace orilla::test;

TEST_CASE("job: runs as many pods as it may, counts each once, and completes") {
    JobWorld w;
    REQUIRE(w.create(job_with("sum", 5, 2)));
    w.pass(50);
    REQUIRE(w.active().size() == 2);
    const auto pod = w.active()[0];
    CHECK(pod->metadata.generate_name == "sum-");
    CHECK(pod->metadata.owner_references[0].kind == "Job");
    CHECK(*pod->metadata.labels.get("batch.kubernetes.io/job-name") == "sum");
    CHECK(w.tracked() == 2);
    for (int round = 0; round < 5; ++round) {
        w.end(w.active().at(0)->metadata.name.str(), 0);
        w.pass(2500);
        CHECK(w.active().size() == static_cast<size_t>(std::min(2, 4 - round)));
        if (round < 4) CHECK(w.status().succeeded == round + 1);
    }
    CHECK(w.is("Complete"));
    CHECK(w.is("SuccessCriteriaMet"));
    CHECK(w.reason("Complete") == "CompletionsReached");
    CHECK(w.status().succeeded == 5);
    CHECK(w.status().active == 0);
    CHECK(w.status().completion_time);
    CHECK(w.tracked() == 0);
    CHECK(w.objects.list<api::Pod>("default").size() == 5);
    CHECK(w.told("Completed") == 1);
}

TEST_CASE("job: one that always fails backs off, and fails after its limit") {
    JobWorld w;
    api::Job job = job_with("sum", 1, 1);
    job.spec.backoff_limit = 2;
    REQUIRE(w.create(job));
    w.pass(50);
    w.end_all(1);
    w.pass(9'000);
    CHECK(w.active().empty());
    w.pass(1'500);
    REQUIRE(w.active().size() == 1);
    w.end_all(1);
    w.pass(19'000);
    CHECK(w.active().empty());
    w.pass(1'500);
    REQUIRE(w.active().size() == 1);
    w.end_all(1);
    w.pass(200);
    CHECK(w.is("Failed"));
    CHECK(w.reason("Failed") == "BackoffLimitExceeded");
    CHECK(w.status().failed == 3);
    w.pass(3'600'000);
    CHECK(w.active().empty());
    CHECK(w.objects.list<api::Pod>("default").size() == 3);
    CHECK(w.told("BackoffLimitExceeded") == 1);
}

TEST_CASE("job: a deadline ends it with its pods, and waits for their end") {
    JobWorld w;
    api::Job job = job_with("sum", 3, 3);
    job.spec.active_deadline_seconds = 30;
    REQUIRE(w.create(job));
    w.pass(50);
    w.bind_all();
    w.pass(31'000);
    CHECK(w.active().empty());
    CHECK(w.is("FailureTarget"));
    CHECK_FALSE(w.is("Failed"));
    CHECK(w.status().terminating == 3);
    for (const auto& pod : w.objects.list<api::Pod>("default")) {
        objects::DeleteOptions now;
        now.grace_period_seconds = 0;
        REQUIRE(w.remove<api::Pod>(pod->metadata.name.str(), now));
    }
    w.pass(200);
    CHECK(w.is("Failed"));
    CHECK(w.reason("Failed") == "DeadlineExceeded");
    CHECK(w.status().failed == 3);
}

TEST_CASE("job: a wall clock that jumps ends no deadline and no time to live") {
    JobWorld w;
    api::Job job = job_with("sum", 1, 1);
    job.spec.active_deadline_seconds = 100;
    job.spec.ttl_seconds_after_finished = 100;
    REQUIRE(w.create(job));
    w.pass(50);
    w.clock.set_wall_offset_s(w.clock.wall_s() + 31'536'000 - w.clock.monotonic_ms() / 1000);
    w.pass(50'000);
    CHECK_FALSE(w.is("FailureTarget"));
    w.end_all(0);
    w.pass(200);
    REQUIRE(w.is("Complete"));
    w.clock.set_wall_offset_s(w.clock.wall_s() + 31'536'000 - w.clock.monotonic_ms() / 1000);
    w.pass(90'000);
    CHECK(w.get<api::Job>("sum"));
    w.pass(20'000);
    CHECK_FALSE(w.get<api::Job>("sum"));
    CHECK(w.objects.list<api::Pod>("default").empty());
}

TEST_CASE("job: Indexed gives each pod its number, and fills the lowest that is free") {
    JobWorld w;
    api::Job job = job_with("sum", 4, 2);
    job.spec.completion_mode = "Indexed";
    REQUIRE(w.create(job));
    w.pass(50);
    const auto first = w.active_at(0);
    REQUIRE(first);
    REQUIRE(w.active_at(1));
    CHECK(first->spec.hostname == "sum-0");
    CHECK(first->metadata.generate_name == "sum-0-");
    CHECK(*first->metadata.labels.get(api::completion_index_label) == "0");
    const auto& variable = first->spec.containers[0].env[0];
    CHECK(variable.name == "JOB_COMPLETION_INDEX");
    CHECK(variable.value_from->field_ref->field_path == "metadata.labels['batch.kubernetes.io/job-completion-index']");
    w.end(w.active_at(1)->metadata.name.str(), 0);
    CHECK(w.active_at(2));
    w.end(w.active_at(0)->metadata.name.str(), 1);
    w.pass(11'000);
    CHECK(w.active_at(0));
    CHECK(w.status().completed_indexes == "1");
    w.end_all(0);
    w.pass(100);
    w.end_all(0);
    w.pass(200);
    CHECK(w.is("Complete"));
    CHECK(w.status().completed_indexes == "0-3");
    CHECK(w.status().succeeded == 4);
    CHECK(w.status().failed == 1);
    w.pass(100);
    CHECK(w.tracked() == 0);
}

TEST_CASE("job: an index fails after its own limit, and the Job goes on with the others") {
    JobWorld w;
    api::Job job = job_with("sum", 2, 2);
    job.spec.completion_mode = "Indexed";
    job.spec.backoff_limit_per_index = 1;
    REQUIRE(w.create(job));
    w.pass(50);
    CHECK(*w.active_at(0)->metadata.annotations.get(api::index_failures_annotation) == "0");
    w.end(w.active_at(0)->metadata.name.str(), 1);
    w.pass(1'200);
    CHECK(w.tracked() == 2);  // its failure is remembered by nobody else
    w.pass(10'000);
    REQUIRE(w.active_at(0));
    CHECK(*w.active_at(0)->metadata.annotations.get(api::index_failures_annotation) == "1");
    w.pass(1'200);
    CHECK(w.tracked() == 2);
    w.end(w.active_at(0)->metadata.name.str(), 1);
    w.pass(60'000);
    CHECK_FALSE(w.active_at(0));
    CHECK(w.status().failed_indexes == "0");
    CHECK_FALSE(w.is("Failed"));
    w.end_all(0);
    w.pass(200);
    CHECK(w.is("Failed"));
    CHECK(w.reason("Failed") == "FailedIndexes");
    CHECK(w.status().completed_indexes == "1");
    CHECK(w.status().failed == 2);
    w.pass(100);
    CHECK(w.tracked() == 0);
}

TEST_CASE("job: a rule ends it, or counts nothing") {
    JobWorld w;
    api::Job job = job_with("sum", 1, 1);
    auto& rules = job.spec.pod_failure_policy.ensure().rules;
    auto& ignore = rules.emplace_back();
    ignore.action = "Ignore";
    ignore.on_pod_conditions.emplace_back().type = "DisruptionTarget";
    auto& fatal = rules.emplace_back();
    fatal.action = "FailJob";
    auto& codes = fatal.on_exit_codes.ensure();
    codes.operator_ = "In";
    codes.values.push_back(42);
    job.spec.backoff_limit = 0;
    REQUIRE(w.create(job));
    w.pass(50);
    const std::string name = w.active().at(0)->metadata.name.str();
    const auto disrupt = [now_s = w.clock.wall_s()](api::Pod& pod) {
        auto& condition = pod.status.conditions.emplace_back();
        condition.type = "DisruptionTarget";
        condition.status = "True";
        condition.last_transition_time = api::Time(now_s);
    };
    REQUIRE(w.edit_status<api::Pod>(name, disrupt));
    w.end(name, 137);
    w.pass(11'000);
    CHECK(w.status().failed == 0);
    CHECK(w.tracked() == 1);
    REQUIRE(w.active().size() == 1);
    w.end_all(42);
    w.pass(200);
    CHECK(w.is("Failed"));
    CHECK(w.reason("Failed") == "PodFailurePolicy");
    CHECK(w.status().conditions[0].message.str().find("failed with exit code 42 matching FailJob rule at index 1") !=
          std::string::npos);
}

TEST_CASE("job: enough of its indexes are enough where a rule says so") {
    JobWorld w;
    api::Job job = job_with("sum", 5, 3);
    job.spec.completion_mode = "Indexed";
    auto& rule = job.spec.success_policy.ensure().rules.emplace_back();
    rule.succeeded_indexes = "0,2";
    rule.succeeded_count = 1;
    REQUIRE(w.create(job));
    w.pass(50);
    w.end(w.active_at(2)->metadata.name.str(), 0);
    w.pass(500);
    CHECK(w.is("Complete"));
    CHECK(w.reason("Complete") == "SuccessPolicy");
    CHECK(w.status().conditions[0].message == "Matched rules at index 0");
    CHECK(w.active().empty());
}

TEST_CASE("job: a suspended one has no pods, and begins anew when it goes on") {
    JobWorld w;
    api::Job job = job_with("sum", 2, 2);
    REQUIRE(w.create(job));
    w.pass(50);
    const api::Time began = w.status().start_time;
    REQUIRE(w.edit<api::Job>("sum", [](api::Job& edited) { edited.spec.suspend = true; }));
    w.pass(1'500);
    CHECK(w.active().empty());
    CHECK(w.is("Suspended"));
    CHECK(w.status().failed == 0);
    CHECK(w.status().active == 0);
    w.pass(60'000);
    REQUIRE(w.edit<api::Job>("sum", [](api::Job& edited) { edited.spec.suspend = false; }));
    w.pass(1'500);
    CHECK(w.active().size() == 2);
    CHECK_FALSE(w.is("Suspended"));
    CHECK(w.status().start_time.unix_s > began.unix_s);
    CHECK(w.told("Suspended") == 1);
    CHECK(w.told("Resumed") == 1);
}

TEST_CASE("job: a pod that is being deleted is replaced at once, or when it has ended") {
    for (const char* policy : {"TerminatingOrFailed", "Failed"}) {
        JobWorld w;
        api::Job job = job_with("sum", 1, 1);
        job.spec.pod_replacement_policy = policy;
        REQUIRE(w.create(job));
        w.pass(50);
        w.bind_all();
        const std::string name = w.active().at(0)->metadata.name.str();
        REQUIRE(w.remove<api::Pod>(name));
        w.pass(15'000);
        const bool at_once = std::string_view(policy) != "Failed";
        CHECK(w.active().size() == (at_once ? 1 : 0));
        CHECK(w.status().failed == (at_once ? 1 : 0));
        CHECK(w.status().terminating == 1);
        w.end(name, 143);
        w.pass(15'000);
        CHECK(w.active().size() == 1);
        CHECK(w.status().failed == 1);
    }
}

TEST_CASE("job: a Job that goes lets its pods go") {
    for (const auto how : {objects::Propagation::background, objects::Propagation::foreground, objects::Propagation::orphan}) {
        JobWorld w;
        REQUIRE(w.create(job_with("sum", 2, 2)));
        w.pass(50);
        w.end(w.active().at(0)->metadata.name.str(), 0);
        objects::DeleteOptions options;
        options.propagation = how;
        REQUIRE(w.remove<api::Job>("sum", options));
        w.pass(2'000);
        CHECK_FALSE(w.get<api::Job>("sum"));
        CHECK(w.tracked() == 0);
        CHECK(w.objects.list<api::Pod>("default").size() == (how == objects::Propagation::orphan ? 2 : 0));
    }
}

TEST_CASE("job: takes a pod that matches, and frees one that does so no more") {
    JobWorld w;
    api::Job job = job_with("sum", 3, 2);
    job.spec.manual_selector = true;
    job.spec.selector.ensure().match_labels["app"] = "sum";
    job.spec.template_.metadata.labels["app"] = "sum";
    REQUIRE(w.create(pod_with("lone", "sum")));
    REQUIRE(w.create(job));
    w.pass(100);
    CHECK(w.active().size() == 2);
    CHECK(w.get<api::Pod>("lone")->metadata.owner_references.size() == 1);
    CHECK(w.tracked() == 2);
    REQUIRE(w.edit<api::Pod>("lone", [](api::Pod& pod) { pod.metadata.labels["app"] = "else"; }));
    w.pass(100);
    CHECK(w.get<api::Pod>("lone")->metadata.owner_references.empty());
    CHECK(w.get<api::Pod>("lone")->metadata.finalizers.empty());
    CHECK(w.active().size() == 3);
}

TEST_CASE("job: one that somebody else looks after is left alone") {
    JobWorld w;
    api::Job job = job_with("sum", 1, 1);
    job.spec.managed_by = "example.com/mine";
    REQUIRE(w.create(job));
    w.pass(5'000);
    CHECK(w.active().empty());
    CHECK(w.status() == api::JobStatus());
}

TEST_CASE("job: without a number of completions one success ends it") {
    JobWorld w;
    api::Job job = job_with("sum", 1, 3);
    job.spec.completions.reset();
    REQUIRE(w.create(job));
    w.pass(50);
    REQUIRE(w.active().size() == 3);
    w.end(w.active()[0]->metadata.name.str(), 0);
    w.pass(2'000);
    CHECK(w.active().size() == 2);
    CHECK_FALSE(w.is("Complete"));
    w.end_all(0);
    w.pass(2'000);
    CHECK(w.is("Complete"));
    CHECK(w.status().succeeded == 3);
}

TEST_CASE("job: what has been counted is looked at no more") {
    JobWorld w;
    REQUIRE(w.create(job_with("sum", 200, 5)));
    w.pass(50);
    for (int round = 0; round < 20; ++round) w.end_all(0);
    w.pass(2'000);
    CHECK(w.status().succeeded == 100);
    CHECK(w.objects.feed<api::Pod>().find<api::Pod>(controllers::open_job_pods("default", "sum")).size() == 5);
}

TEST_CASE("job: nothing is done to one that rests") {
    JobWorld w;
    REQUIRE(w.create(job_with("sum", 2, 1)));
    w.pass(5'000);
    const uint64_t before = w.store->revision();
    w.pass(600'000);
    CHECK(w.store->revision() == before);
}
