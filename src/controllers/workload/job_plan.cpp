#include "workload/job_plan.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/well_known.hpp"
#include "workload/job_end.hpp"

namespace orilla::controllers {
namespace {

using Action = FailureVerdict::Action;

/// In an order that is the same on every run.
struct PodsByName {
    bool operator()(const api::Pod* a, const api::Pod* b) const { return a->metadata.name < b->metadata.name; }
};
using PodSet = std::set<const api::Pod*, PodsByName>;

/// The newest failure of an index that has failures of its own.
struct IndexFailure {
    const api::Pod* pod = nullptr;
    IndexFailures with;  ///< those before it, and itself
};

class JobPlanner {
  public:
    JobPlanner(const api::Job& job, const JobObserved& seen)
        : job_(job), seen_(seen), indexed_(is_indexed(job)), per_index_(indexed_ && job.spec.backoff_limit_per_index) {}
    JobPlan make();

  private:
    bool claim();
    JobPlan plan_ended();
    void take_counted();
    void count_succeeded(const api::Pod& pod);
    void count_failed(const api::Pod& pod);
    void note_index_failure(const api::Pod& pod, int32_t index, const FailureVerdict& verdict);
    bool list(api::List<api::Str>& uids, const api::Str& uid);
    void drop_all();
    void plan_numbers();
    void drop_misplaced();
    int64_t plan_index(int32_t index, std::vector<NewJobPod>& out) const;
    std::vector<NewJobPod> plan_new_indexes(int32_t count);
    void follow_suspension();
    void summarise();
    void set_condition(std::string_view type, bool value, std::string_view reason, std::string_view message);
    void plan_status();
    void plan_let_go(const api::JobStatus& counted);
    bool waits_for_replacement(const api::Pod& pod, int32_t index) const;
    void again(int64_t after_ms) {
        plan_.again_after_ms = plan_.again_after_ms < 0 ? after_ms : std::min(plan_.again_after_ms, after_ms);
    }

    const api::Job& job_;
    const JobObserved& seen_;
    const bool indexed_, per_index_;
    std::vector<PodPtr> own_;
    JobPods pods_;
    api::JobStatus status_;
    JobCounts counts_;
    int listed_ = 0;
    std::optional<JobEnd> end_;
    std::map<int32_t, IndexFailure> failures_;  ///< by index
    PodSet ignored_, dropped_;                  ///< by a rule; to be deleted
    std::vector<std::string> let_go_;
    std::vector<NewJobPod> new_pods_;
    std::vector<JobEvent> events_;
    JobPlan plan_;
};

JobPlan JobPlanner::make() {
    status_ = job_.status;
    if (claim()) return std::move(plan_);
    if (find_job_end(job_)) return plan_ended();
    pods_ = sort_job_pods(job_, own_);
    take_counted();
    for (const auto& pod : pods_.succeeded) count_succeeded(*pod);
    for (const auto& pod : pods_.failed) count_failed(*pod);
    counts_.active = static_cast<int32_t>(pods_.active.size());
    for (const auto& pod : pods_.active)
        for (const auto* list : {&pod->status.init_container_statuses, &pod->status.container_statuses})
            for (const auto& status : *list) counts_.restarts += status.restart_count;
    end_ = decide_job_end(job_, counts_, seen_.active_ms);
    if (end_ || job_.spec.suspend.value_or(false)) drop_all();
    else if (!job_.metadata.deletion_timestamp) plan_numbers();
    summarise();
    plan_status();
    for (const api::Pod* pod : dropped_) {
        // Of a Job that ends they have failed; of one that goes on they are of no account.
        if (end_) plan_.actions.emplace_back(DeletePod{pod->metadata.name.str()});
        else plan_.actions.emplace_back(DropPod{pod->metadata.name.str()});
    }
    if (!let_go_.empty()) plan_.actions.emplace_back(LetGoPods{std::move(let_go_)});
    if (!new_pods_.empty()) plan_.actions.emplace_back(CreateJobPods{std::move(new_pods_)});
    return std::move(plan_);
}

/// Sorts out whose pods these are. True when some change hands: they are counted once that is settled.
bool JobPlanner::claim() {
    auto parsed = api::selector_of(job_.spec.selector);
    const api::Selector selector = parsed ? std::move(*parsed) : api::Selector::nothing();
    const bool takes = !job_.metadata.deletion_timestamp && !find_job_end(job_);
    bool moves = false;
    for (const auto& pod : seen_.pods) {
        const bool mine = api::is_controlled_by(pod->metadata, job_.metadata.uid);
        const bool matches = selector.matches(pod->metadata.labels);
        const std::string name = pod->metadata.name.str();
        if (mine && matches) {
            own_.push_back(pod);
        } else if (mine) {
            plan_.actions.emplace_back(ReleasePod{name});
            moves = true;
        } else if (api::find_controller(pod->metadata)) {
            if (is_tracked(*pod)) let_go_.push_back(name);  // of an earlier Job of this name
        } else if (matches && takes && !pod->metadata.deletion_timestamp) {
            plan_.actions.emplace_back(AdoptPod{name});
            moves = true;
        }
    }
    return moves;
}

/// Nothing is counted any more: the pods go free, and the Job in its time.
JobPlan JobPlanner::plan_ended() {
    for (const auto& pod : own_) {
        if (api::is_active(*pod)) plan_.actions.emplace_back(DeletePod{pod->metadata.name.str()});
        if (is_tracked(*pod)) let_go_.push_back(pod->metadata.name.str());
    }
    if (!let_go_.empty()) plan_.actions.emplace_back(LetGoPods{std::move(let_go_)});
    if (!job_.spec.ttl_seconds_after_finished || job_.metadata.deletion_timestamp) return std::move(plan_);
    const int64_t left_ms = int64_t{*job_.spec.ttl_seconds_after_finished} * 1000 - seen_.ended_ms;
    if (left_ms > 0) again(left_ms);
    else plan_.actions.emplace_back(DeleteJob{});
    return std::move(plan_);
}

/// What lost its finalizer since it was listed is one more in the sums.
void JobPlanner::take_counted() {
    std::unordered_set<std::string_view> tracked;
    for (const auto& pod : own_)
        if (is_tracked(*pod)) tracked.insert(pod->metadata.uid.view());
    auto& uncounted = status_.uncounted_terminated_pods.ensure();
    const auto take = [&tracked](api::List<api::Str>& uids, int32_t& sum) {
        api::List<api::Str> left;
        for (const auto& uid : uids)
            if (tracked.contains(uid.view())) left.push_back(uid);
            else ++sum;
        uids = std::move(left);
    };
    take(uncounted.succeeded, status_.succeeded);
    take(uncounted.failed, status_.failed);
    listed_ = static_cast<int>(uncounted.succeeded.size() + uncounted.failed.size());
    counts_.failed = status_.failed + static_cast<int32_t>(uncounted.failed.size());
    counts_.succeeded = status_.succeeded + static_cast<int32_t>(uncounted.succeeded.size());
    if (!indexed_) return;
    const int32_t completions = job_.spec.completions.value_or(0);
    counts_.completed = api::IndexSet::read(status_.completed_indexes, completions);
    counts_.succeeded = counts_.completed.count();
    if (status_.failed_indexes) counts_.failed_indexes = api::IndexSet::read(*status_.failed_indexes, completions);
}

/// True when it was not listed before. Beyond the limit it is counted in a later status.
bool JobPlanner::list(api::List<api::Str>& uids, const api::Str& uid) {
    if (std::find(uids.begin(), uids.end(), uid) != uids.end()) return false;
    if (listed_ < job_uncounted_max) {
        ++listed_;
        uids.push_back(uid);
    }
    return true;
}

void JobPlanner::count_succeeded(const api::Pod& pod) {
    if (!indexed_) {
        counts_.succeeded += list(status_.uncounted_terminated_pods->succeeded, pod.metadata.uid);
        return;
    }
    const int32_t index = completion_index(job_, pod);
    if (index < 0 || counts_.failed_indexes.contains(index)) return;
    counts_.completed.add(index);
    counts_.succeeded = counts_.completed.count();
}

void JobPlanner::count_failed(const api::Pod& pod) {
    const int32_t index = indexed_ ? completion_index(job_, pod) : -1;
    if (indexed_ && index < 0) return;
    const FailureVerdict verdict = judge_failure(job_, pod);
    if (verdict.action == Action::fail_job && counts_.fatal.empty()) counts_.fatal = verdict.message;
    if (per_index_) note_index_failure(pod, index, verdict);
    if (verdict.action == Action::ignore) ignored_.insert(&pod);
    else counts_.failed += list(status_.uncounted_terminated_pods->failed, pod.metadata.uid);
}

void JobPlanner::note_index_failure(const api::Pod& pod, int32_t index, const FailureVerdict& verdict) {
    const IndexFailures before = failures_before(pod);
    IndexFailures with = before;
    ++(verdict.action == Action::ignore ? with.ignored : with.counted);
    IndexFailure& newest = failures_[index];
    if (!newest.pod || newest.with.sum() < with.sum()) newest = {&pod, with};
    const bool over = verdict.action == Action::count && before.counted >= *job_.spec.backoff_limit_per_index;
    if ((over || verdict.action == Action::fail_index) && !counts_.completed.contains(index)) counts_.failed_indexes.add(index);
}

// ---- pods ------------------------------------------------------------------------------------------------------------

void JobPlanner::drop_all() {
    for (const auto& pod : pods_.active)
        if (dropped_.size() < replicaset_burst_max) dropped_.insert(pod.get());
}

/// Pods of no index, of one that is done, and all but the best of each index.
void JobPlanner::drop_misplaced() {
    std::map<int32_t, const api::Pod*> best;
    for (const auto& pod : pods_.active) {
        const int32_t index = completion_index(job_, *pod);
        if (index < 0 || counts_.completed.contains(index) || counts_.failed_indexes.contains(index)) {
            dropped_.insert(pod.get());
            continue;
        }
        const api::Pod*& kept = best[index];
        if (!kept) {
            kept = pod.get();
            continue;
        }
        const bool better = goes_before(*kept, *pod);
        dropped_.insert(better ? kept : pod.get());
        if (better) kept = pod.get();
    }
}

void JobPlanner::plan_numbers() {
    if (indexed_) drop_misplaced();
    const auto active = static_cast<int32_t>(pods_.active.size() - dropped_.size());
    int32_t wanted = job_.spec.parallelism.value_or(1);
    if (job_.spec.completions)
        wanted = std::min(wanted, *job_.spec.completions - counts_.succeeded - counts_.failed_indexes.count());
    else if (counts_.succeeded > 0) wanted = std::min(wanted, active);
    wanted = std::max(wanted, 0);
    if (active > wanted) {
        std::vector<const api::Pod*> surplus;
        for (const auto& pod : pods_.active)
            if (!dropped_.contains(pod.get())) surplus.push_back(pod.get());
        std::sort(surplus.begin(), surplus.end(), [](const auto* a, const auto* b) { return goes_before(*a, *b); });
        surplus.resize(static_cast<size_t>(std::min(active - wanted, replicaset_burst_max)));
        dropped_.insert(surplus.begin(), surplus.end());
        return;
    }
    const int32_t missing = std::min(wanted - active - static_cast<int32_t>(pods_.terminating.size()), replicaset_burst_max);
    if (missing <= 0) return;
    const int64_t wait_ms = seen_.failures > 0 && !per_index_ ? job_back_off_ms(seen_.failures) - seen_.since_failure_ms : 0;
    if (wait_ms > 0) return again(wait_ms);
    if (indexed_) new_pods_ = plan_new_indexes(missing);
    else new_pods_.resize(static_cast<size_t>(missing));
}

/// Adds a pod for the index, or tells how long it has to wait.
int64_t JobPlanner::plan_index(int32_t index, std::vector<NewJobPod>& out) const {
    const auto failure = failures_.find(index);
    if (failure == failures_.end()) {
        out.push_back({index, {}});
        return 0;
    }
    const auto& [pod, with] = failure->second;
    // One that ended in the future: the clock was set back, and how long ago it was nobody knows.
    const int64_t since_ms = (seen_.now_s - finished_at_s(*pod, seen_.now_s)) * 1000;
    const int64_t wait_ms = since_ms < 0 ? 0 : job_back_off_ms(with.sum()) - since_ms;
    if (wait_ms <= 0) out.push_back({index, with});
    return std::max<int64_t>(wait_ms, 0);
}

/// The lowest ones that are free.
std::vector<NewJobPod> JobPlanner::plan_new_indexes(int32_t count) {
    std::set<int32_t> taken;
    for (const auto* list : {&pods_.active, &pods_.terminating})
        for (const auto& pod : *list) taken.insert(completion_index(job_, *pod));
    std::vector<NewJobPod> out;
    const auto& done = counts_.completed.ranges();
    auto range = done.begin();
    for (int32_t index = 0; index < *job_.spec.completions && static_cast<int32_t>(out.size()) < count; ++index) {
        while (range != done.end() && range->last < index) ++range;
        if (range != done.end() && range->first <= index) {
            index = range->last;
            continue;
        }
        if (taken.contains(index) || counts_.failed_indexes.contains(index)) continue;
        if (const int64_t wait_ms = plan_index(index, out); wait_ms > 0) again(wait_ms);
    }
    return out;
}

// ---- status ----------------------------------------------------------------------------------------------------------

void JobPlanner::set_condition(std::string_view type, bool value, std::string_view reason, std::string_view message) {
    const std::string_view status = value ? "True" : "False";
    auto& conditions = status_.conditions;
    auto found = std::find_if(conditions.begin(), conditions.end(), [type](const auto& one) { return one.type == type; });
    if (found != conditions.end() && found->status == status) return;
    if (found == conditions.end()) found = conditions.insert(conditions.end(), api::JobCondition{});
    found->type = type;
    found->status = status;
    found->reason = reason;
    found->message = message;
    found->last_probe_time = found->last_transition_time = api::Time(seen_.now_s);
}

void JobPlanner::follow_suspension() {
    const bool was = find_job_condition(job_.status, "Suspended");
    const bool is = job_.spec.suspend.value_or(false);
    if (is && !was) {
        set_condition("Suspended", true, "JobSuspended", "Job suspended");
        events_.push_back({"Normal", "Suspended", "Job suspended"});
    } else if (!is && was) {
        set_condition("Suspended", false, "JobResumed", "Job resumed");
        events_.push_back({"Normal", "Resumed", "Job resumed"});
        status_.start_time = api::Time(seen_.now_s);
    }
    if (!is && !status_.start_time) status_.start_time = api::Time(seen_.now_s);
}

void JobPlanner::summarise() {
    const auto dropped = static_cast<int32_t>(dropped_.size());
    status_.active = counts_.active - dropped;
    status_.ready = pods_.ready;
    status_.terminating = pods_.going + dropped;
    if (indexed_) {
        status_.completed_indexes = counts_.completed.render();
        status_.succeeded = counts_.succeeded;
        if (per_index_) status_.failed_indexes = api::Str(counts_.failed_indexes.render());
    }
    if (!end_) return follow_suspension();
    if (!status_.start_time) status_.start_time = api::Time(seen_.now_s);
    set_condition(end_->success ? "SuccessCriteriaMet" : "FailureTarget", true, end_->reason, end_->message);
    const auto& uncounted = *status_.uncounted_terminated_pods;
    const bool counted = uncounted.succeeded.empty() && uncounted.failed.empty() && listed_ < job_uncounted_max;
    if (!counted || counts_.active > 0 || pods_.going > 0) return;
    set_condition(end_->success ? "Complete" : "Failed", true, end_->reason, end_->message);
    if (end_->success) {
        status_.completion_time = api::Time(seen_.now_s);
        events_.push_back({"Normal", "Completed", "Job completed"});
        if (job_.spec.completions && status_.succeeded > *job_.spec.completions)
            events_.push_back(
                {"Warning", "TooManySucceededPods", "Too many succeeded pods running after completion count reached"});
    } else {
        events_.push_back({"Warning", end_->reason, end_->message});
    }
}

void JobPlanner::plan_status() {
    const bool differs = !(status_ == job_.status);
    const bool matters =
        end_ || !(status_.conditions == job_.status.conditions) || status_.start_time != job_.status.start_time;
    if (!differs || (!matters && seen_.status_due_ms > 0)) {
        if (differs) again(seen_.status_due_ms);
        plan_let_go(job_.status);
    } else {
        plan_let_go(status_);
        plan_.actions.emplace_back(WriteJobStatus{std::move(status_), std::move(events_)});
    }
    if (!job_.spec.active_deadline_seconds || end_ || job_.spec.suspend.value_or(false)) return;
    again(std::max<int64_t>(*job_.spec.active_deadline_seconds * 1000 - seen_.active_ms, 1));
}

/// The newest failure of an index tells the next pod how many there were.
bool JobPlanner::waits_for_replacement(const api::Pod& pod, int32_t index) const {
    if (!per_index_ || end_ || job_.metadata.deletion_timestamp) return false;
    if (counts_.completed.contains(index) || counts_.failed_indexes.contains(index)) return false;
    const auto newest = failures_.find(index);
    if (newest == failures_.end() || newest->second.pod != &pod) return false;
    for (const auto* list : {&pods_.active, &pods_.terminating})
        for (const auto& other : *list)
            if (completion_index(job_, *other) == index && failures_before(*other).sum() >= newest->second.with.sum())
                return false;
    return true;
}

/// Those that `counted`, which is stored by then, accounts for.
void JobPlanner::plan_let_go(const api::JobStatus& counted) {
    std::unordered_set<std::string_view> listed;
    if (counted.uncounted_terminated_pods)
        for (const auto* uids : {&counted.uncounted_terminated_pods->succeeded, &counted.uncounted_terminated_pods->failed})
            for (const auto& uid : *uids) listed.insert(uid.view());
    const auto done = api::IndexSet::read(counted.completed_indexes, job_.spec.completions.value_or(0));
    for (const auto& pod : pods_.succeeded) {
        const int32_t index = indexed_ ? completion_index(job_, *pod) : -1;
        const bool settled = indexed_ && (index < 0 || done.contains(index) || counts_.failed_indexes.contains(index));
        if (settled || listed.contains(pod->metadata.uid.view())) let_go_.push_back(pod->metadata.name.str());
    }
    for (const auto& pod : pods_.failed) {
        const int32_t index = indexed_ ? completion_index(job_, *pod) : -1;
        const bool settled =
            (indexed_ && index < 0) || ignored_.contains(pod.get()) || listed.contains(pod->metadata.uid.view());
        if (settled && !waits_for_replacement(*pod, index)) let_go_.push_back(pod->metadata.name.str());
    }
}

}  // namespace

int64_t job_back_off_ms(int failures) {
    if (failures <= 0) return 0;
    return std::min(job_back_off_ms_first << std::min(failures - 1, 10), job_back_off_ms_max);
}

const api::JobCondition* find_job_end(const api::Job& job) {
    const auto* complete = find_job_condition(job.status, "Complete");
    return complete ? complete : find_job_condition(job.status, "Failed");
}

int64_t job_ended_at_s(const api::Job& job) {
    const auto* end = find_job_end(job);
    if (!end) return 0;
    return job.status.completion_time ? job.status.completion_time.unix_s : end->last_transition_time.unix_s;
}

JobPlan plan_job(const api::Job& job, const JobObserved& seen) {
    if (job.spec.managed_by && job.spec.managed_by != api::own_job_manager) return {};
    return JobPlanner(job, seen).make();
}

}  // namespace orilla::controllers
