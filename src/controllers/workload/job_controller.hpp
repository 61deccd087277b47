// Applies plan_job. What it remembers of a Job is a help alone: when pods ended, on the monotonic clock, which no change of the
// wall clock disturbs.
#pragma once

#include <map>

#include "controller.hpp"
#include "workload/job_plan.hpp"

namespace orilla::controllers {

class JobController final : public Controller {
  public:
    explicit JobController(const Surroundings& with);
    /// NS/JOB, or /NS/POD of a pod that is tracked and that no Job has.
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    using JobPtr = std::shared_ptr<const api::Job>;
    /// A time of the wall clock, as it was understood when it was seen first.
    struct Mark {
        int64_t wall_s = 0, at_ms = 0;
    };
    struct Memory {
        struct Failure {
            int64_t at_ms;
            std::string pod_uid;
        };
        std::string uid;
        std::vector<Failure> failures;  ///< since the last success; the newest, as many as make a difference
        int64_t success_ms = INT64_MIN;
        int64_t status_ms = INT64_MIN / 2;  ///< when its status was written
        Mark began, ended;
    };

    void pod_changed(const objects::FeedEvent& event);
    void note_end(const api::Pod& pod, const api::OwnerReference& owner);
    Memory& remember(const api::ObjectMeta& job);
    int64_t elapsed_ms(Mark& mark, int64_t wall_s) const;
    loop::Task<JobObserved> observe(JobPtr job);
    loop::Task<Result<void>> apply(JobPtr job, JobAction action);
    loop::Task<Result<void>> write(JobPtr job, WriteJobStatus action);
    loop::Task<Result<void>> create_pods(JobPtr job, std::vector<NewJobPod> pods);
    loop::Task<Result<void>> create_pod(JobPtr job, NewJobPod wanted);
    loop::Task<Result<void>> delete_pod(JobPtr job, std::string name);
    loop::Task<Result<void>> drop_pod(JobPtr job, std::string name);
    loop::Task<Result<void>> let_go(std::string ns, std::vector<std::string> names);
    loop::Task<Result<void>> let_go_strays(std::string ns, std::string job);
    loop::Task<Result<void>> let_go_orphan(std::string ns, std::string name);

    objects::Feed& pods_;
    std::map<std::string, Memory> memories_;  ///< by key
    loop::Worker worker_;
};

}  // namespace orilla::controllers
