#include "workload/job_plan.hpp"

#include <catch2/catch.hpp>

#include "job_world.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/owners.hpp"

using namespace orilla;
using namespace orilla::controllers;
using orilla::test::job_with;

namespace {

struct JobPlanWorld {
    explicit JobPlanWorld(int32_t completions = 10, int32_t parallelism = 2) {
        api::Object object(job_with("sum", completions, parallelism));
        object.meta().uid = "job";
        api::apply_defaults(object);
        object.kind().rules->prepare_create(object);
        job = object.as<api::Job>();
        job.status.start_time = api::Time(1);
        seen.now_s = 1000;
    }
    api::Pod& add(const char* name, const char* phase) {
        auto pod = std::make_shared<api::Pod>(make_job_pod(job, {}));
        pod->metadata.name = name;
        pod->metadata.uid = "uid-" + std::string(name);
        pod->status.phase = phase;
        seen.pods.push_back(pod);
        return *pod;
    }
    template <class T>
    std::optional<T> only() {
        std::optional<T> out;
        for (const auto& action : plan_job(job, seen).actions)
            if (const auto* one = std::get_if<T>(&action)) out = *one;
        return out;
    }
    api::Job job;
    JobObserved seen;
};

}  // namespace

TEST_CASE("plan_job: a pod that has ended is listed first, let go then, and counted last") {
    JobPlanWorld w;
    api::Pod& pod = w.add("a", "Succeeded");
    const auto listed = w.only<WriteJobStatus>();
    REQUIRE(listed);
    CHECK(listed->status.succeeded == 0);
    REQUIRE(listed->status.uncounted_terminated_pods->succeeded.size() == 1);
    CHECK(w.only<LetGoPods>() == LetGoPods{{"a"}});
    // Killed after the status: it is let go, and not listed again.
    w.job.status = listed->status;
    CHECK(w.only<LetGoPods>() == LetGoPods{{"a"}});
    CHECK_FALSE(w.only<WriteJobStatus>());
    // Killed after that: it is one more.
    pod.metadata.finalizers.clear();
    const auto counted = w.only<WriteJobStatus>();
    REQUIRE(counted);
    CHECK(counted->status.succeeded == 1);
    CHECK(counted->status.uncounted_terminated_pods->succeeded.empty());
    w.job.status = counted->status;
    CHECK_FALSE(w.only<WriteJobStatus>());
}

TEST_CASE("plan_job: what is listed lately waits for its turn, and holds back no replacement") {
    JobPlanWorld w;
    w.seen.status_due_ms = 700;
    w.add("a", "Succeeded");
    const JobPlan plan = plan_job(w.job, w.seen);
    CHECK_FALSE(w.only<WriteJobStatus>());
    CHECK_FALSE(w.only<LetGoPods>());
    REQUIRE(w.only<CreateJobPods>());
    CHECK(w.only<CreateJobPods>()->pods.size() == 2);
    CHECK(plan.again_after_ms == 700);
}

TEST_CASE("plan_job: never more pods than are still to succeed") {
    JobPlanWorld w(3, 5);
    w.add("a", "Succeeded");
    w.add("b", "Running");
    CHECK(w.only<CreateJobPods>()->pods.size() == 1);
}

TEST_CASE("plan_job: too many at once go into the lists in portions") {
    JobPlanWorld w(2000, 2000);
    for (int i = 0; i < 700; ++i) w.add(("p" + std::to_string(i)).c_str(), "Succeeded");
    const auto listed = w.only<WriteJobStatus>();
    CHECK(listed->status.uncounted_terminated_pods->succeeded.size() == job_uncounted_max);
    CHECK(w.only<LetGoPods>()->names.size() == job_uncounted_max);
    CHECK(w.only<CreateJobPods>()->pods.size() == 500);
}

TEST_CASE("plan_job: restarts of containers count where containers restart") {
    JobPlanWorld w;
    w.job.spec.template_.spec.restart_policy = "OnFailure";
    w.job.spec.backoff_limit = 3;
    auto& status = w.add("a", "Running").status.container_statuses.emplace_back();
    status.restart_count = 2;
    CHECK_FALSE(w.only<DeletePod>());
    status.restart_count = 3;
    CHECK(w.only<DeletePod>() == DeletePod{"a"});
    CHECK(w.only<WriteJobStatus>()->status.conditions[0].reason == "BackoffLimitExceeded");
}

TEST_CASE("plan_job: the pods of an earlier Job of the name are let go, and are none of ours") {
    JobPlanWorld w;
    w.add("old", "Running").metadata.owner_references[0].uid = "other";
    CHECK(w.only<LetGoPods>() == LetGoPods{{"old"}});
    CHECK(w.only<CreateJobPods>()->pods.size() == 2);
}

TEST_CASE("plan_job: fewer at a time costs those that cost least, and is no failure") {
    JobPlanWorld w(10, 1);
    w.add("a", "Running").spec.node_name = "box";
    w.add("b", "Pending");
    CHECK(w.only<DropPod>() == DropPod{"b"});
}

TEST_CASE("job_back_off_ms: doubles up to ten minutes") {
    CHECK(job_back_off_ms(0) == 0);
    CHECK(job_back_off_ms(1) == 10'000);
    CHECK(job_back_off_ms(3) == 40'000);
    CHECK(job_back_off_ms(7) == 600'000);
    CHECK(job_back_off_ms(1000) == 600'000);
}
