#include "workload/job_controller.hpp"

#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "owned.hpp"
#include "workload/job_end.hpp"

namespace orilla::controllers {
namespace {

constexpr std::string_view job_component = "job-controller";
/// Pods that end together are looked at together.
constexpr int64_t gather_ms = 10;
/// More failures make the back-off no longer.
constexpr size_t failures_remembered_max = 7;

std::string orphan_key(const api::ObjectMeta& pod) { return "/" + key_of(pod); }

bool selects_and_lives(const api::Job& job) { return !job.metadata.deletion_timestamp && !find_job_end(job); }

loop::Task<Result<void>> remove_tracking(objects::Objects& objects, std::string ns, std::string name) {
    objects::Objects::Change change = [](api::Object& object) -> Result<void> {
        return api::remove_finalizer(object.meta(), api::job_tracking_finalizer), ok();
    };
    return objects::unless_gone(objects.modify(api::kind_of<api::Pod>(), std::move(ns), std::move(name), std::move(change)));
}

/// One that has ended meanwhile is counted as what it was.
loop::Task<Result<void>> remove_tracking_unless_ended(objects::Objects& objects, std::string ns, std::string name) {
    objects::Objects::Change change = [](api::Object& object) -> Result<void> {
        if (!api::is_finished(object.as<api::Pod>())) api::remove_finalizer(object.meta(), api::job_tracking_finalizer);
        return ok();
    };
    return objects::unless_gone(objects.modify(api::kind_of<api::Pod>(), std::move(ns), std::move(name), std::move(change)));
}

loop::Task<Result<void>> adopt_tracked(objects::Objects& objects, std::string ns, std::string name, api::OwnerReference owner) {
    objects::Objects::Change change = [owner = std::move(owner)](api::Object& object) -> Result<void> {
        api::ObjectMeta& meta = object.meta();
        if (api::find_controller(meta)) return ok();
        meta.owner_references.push_back(owner);
        if (!api::has_finalizer(meta, api::job_tracking_finalizer))
            meta.finalizers.push_back(api::Str(api::job_tracking_finalizer));
        return ok();
    };
    return objects::unless_gone(objects.modify(api::kind_of<api::Pod>(), std::move(ns), std::move(name), std::move(change)));
}

loop::Task<Result<void>> release_tracked(objects::Objects& objects, std::string ns, std::string name, std::string owner_uid) {
    objects::Objects::Change change = [owner_uid](api::Object& object) -> Result<void> {
        api::remove_owner(object.meta(), owner_uid);
        return api::remove_finalizer(object.meta(), api::job_tracking_finalizer), ok();
    };
    return objects::unless_gone(objects.modify(api::kind_of<api::Pod>(), std::move(ns), std::move(name), std::move(change)));
}

}  // namespace

JobController::JobController(const Surroundings& with)
    : Controller(with), pods_(with.objects.feed<api::Pod>()), worker_(with.loop, *this, {.name = "job", .concurrency = 2}) {
    pods_.keep(objects::owner_terms);
    pods_.keep(open_job_pod_terms);
    objects_.feed<api::Job>().keep(objects::selector_terms<api::Job>);
    follow<api::Job>([this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
}

// ---- what is remembered ----------------------------------------------------------------------------------------------

JobController::Memory& JobController::remember(const api::ObjectMeta& job) {
    Memory& memory = memories_[key_of(job)];
    if (job.uid != memory.uid) {
        memory = {};
        memory.uid = job.uid.str();
    }
    return memory;
}

int64_t JobController::elapsed_ms(Mark& mark, int64_t wall_s) const {
    if (mark.wall_s != wall_s) mark = {wall_s, loop_.now_ms() - std::max<int64_t>(loop_.clock().wall_s() - wall_s, 0) * 1000};
    return loop_.now_ms() - mark.at_ms;
}

/// For the back-off, which counts failures since the last success.
void JobController::note_end(const api::Pod& pod, const api::OwnerReference& owner) {
    const auto job = objects_.get<api::Job>(pod.metadata.namespace_, owner.name);
    if (!job || job->metadata.uid != owner.uid || find_job_end(*job)) return;
    Memory& memory = remember(job->metadata);
    Mark mark;
    const int64_t at_ms = loop_.now_ms() - elapsed_ms(mark, finished_at_s(pod, loop_.clock().wall_s()));
    auto& failures = memory.failures;
    if (pod.status.phase == "Succeeded") {
        memory.success_ms = std::max(memory.success_ms, at_ms);
        std::erase_if(failures, [&memory](const auto& one) { return one.at_ms <= memory.success_ms; });
        return;
    }
    const bool known = std::ranges::any_of(failures, [&pod](const auto& one) { return pod.metadata.uid == one.pod_uid; });
    if (known || at_ms <= memory.success_ms) return;
    failures.push_back({at_ms, pod.metadata.uid.str()});
    std::ranges::sort(failures, {}, &Memory::Failure::at_ms);
    if (failures.size() > failures_remembered_max) failures.erase(failures.begin());
}

void JobController::pod_changed(const objects::FeedEvent& event) {
    const auto *pod = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    const bool modified = event.type == store::WatchEvent::Type::modified;
    if (modified && pod && before && looks_the_same_to_job(*pod, *before)) return;
    for (const auto& object : event.states()) {
        const auto* owner = api::find_controller(object->meta(), api::kind_of<api::Job>());
        if (owner) worker_.queue().add_after(key_of(object->meta().namespace_, owner->name), gather_ms);
    }
    if (!pod || event.is_deleted()) return;
    queue_adopters<api::Job>(objects_, event, worker_.queue());
    if (!api::find_controller(pod->metadata) && is_tracked(*pod)) worker_.queue().add(orphan_key(pod->metadata));
    // One that was taken away for the Job's own reasons is no failure.
    const bool counts = is_tracked(*pod) || !pod->metadata.deletion_timestamp;
    const bool ended = api::is_finished(*pod) || pod->metadata.deletion_timestamp;
    const auto* job = api::find_controller(pod->metadata, api::kind_of<api::Job>());
    if (job && counts && ended) note_end(*pod, *job);
}

// ---- acting ----------------------------------------------------------------------------------------------------------

loop::Task<JobObserved> JobController::observe(JobPtr job) {
    AWAIT_VOID(pods_.catch_up());
    JobObserved seen;
    seen.pods = pods_.find<api::Pod>(open_job_pods(job->metadata.namespace_, job->metadata.name));
    const auto* selector = job->spec.selector.get();
    const bool by_label = selector && !selector->match_labels.empty();
    const auto term = by_label ? objects::orphans_labelled(job->metadata.namespace_, selector->match_labels.begin()->key,
                                                           selector->match_labels.begin()->value)
                               : objects::orphans_in(job->metadata.namespace_);
    for (auto& pod : pods_.find<api::Pod>(term)) seen.pods.push_back(std::move(pod));
    Memory& memory = remember(job->metadata);
    if (job->status.start_time) seen.active_ms = elapsed_ms(memory.began, job->status.start_time.unix_s);
    if (find_job_end(*job)) seen.ended_ms = elapsed_ms(memory.ended, job_ended_at_s(*job));
    seen.failures = static_cast<int>(memory.failures.size());
    if (!memory.failures.empty()) seen.since_failure_ms = loop_.now_ms() - memory.failures.back().at_ms;
    seen.status_due_ms = std::max<int64_t>(memory.status_ms + job_status_interval_ms - loop_.now_ms(), 0);
    seen.now_s = loop_.clock().wall_s();
    co_return seen;
}

loop::Task<Result<loop::Outcome>> JobController::reconcile(std::string key) {
    const bool orphan = key.starts_with('/');
    const auto [ns, name] = split_key(orphan ? key.substr(1) : key);
    const JobPtr job = orphan ? nullptr : objects_.get<api::Job>(ns, name);
    if (!job) {
        if (!orphan) memories_.erase(key);
        auto letting_go = orphan ? let_go_orphan(ns, name) : let_go_strays(ns, name);
        CO_TRY_VOID(std::move(letting_go));
        co_return loop::Outcome{};
    }
    AWAIT(const JobObserved seen, observe(job));
    JobPlan plan = plan_job(*job, seen);
    for (auto& action : plan.actions) {
        CO_TRY_VOID(apply(job, std::move(action)));
    }
    co_return loop::Outcome{plan.again_after_ms};
}

loop::Task<Result<void>> JobController::apply(JobPtr job, JobAction action) {
    const std::string ns = job->metadata.namespace_.str();
    loop::Task<Result<void>> task;
    if (auto* found = std::get_if<AdoptPod>(&action)) {
        auto owner = api::make_controller_reference("batch/v1", "Job", job->metadata);
        task = adopt_tracked(objects_, ns, found->name, std::move(owner));
    } else if (auto* freed = std::get_if<ReleasePod>(&action)) {
        task = release_tracked(objects_, ns, freed->name, job->metadata.uid.str());
    } else if (auto* removed = std::get_if<DeletePod>(&action)) {
        task = delete_pod(job, removed->name);
    } else if (auto* dropped = std::get_if<DropPod>(&action)) {
        task = drop_pod(job, dropped->name);
    } else if (auto* status = std::get_if<WriteJobStatus>(&action)) {
        task = write(job, std::move(*status));
    } else if (auto* counted = std::get_if<LetGoPods>(&action)) {
        task = let_go(ns, std::move(counted->names));
    } else if (auto* wanted = std::get_if<CreateJobPods>(&action)) {
        task = create_pods(job, std::move(wanted->pods));
    } else {
        objects::DeleteOptions options;
        options.propagation = objects::Propagation::foreground;
        options.uid = job->metadata.uid.str();
        task = objects::unless_gone(objects_.remove<api::Job>(ns, job->metadata.name.str(), std::move(options)));
    }
    co_return co_await std::move(task);
}

loop::Task<Result<void>> JobController::write(JobPtr job, WriteJobStatus action) {
    remember(job->metadata).status_ms = loop_.now_ms();
    CO_TRY_VOID(write_status(objects_, job, std::move(action.status)));
    for (const auto& event : action.events) events_.record(*job, job_component, event.type, event.reason, event.message);
    co_return ok();
}

/// 1, 2, 4, ... at a time: where none can be made that is told once.
loop::Task<Result<void>> JobController::create_pods(JobPtr job, std::vector<NewJobPod> pods) {
    size_t batch = 1;
    for (size_t next = 0; next < pods.size(); batch = std::min(batch * 2, writes_together_max)) {
        std::vector<loop::Task<Result<void>>> tasks;
        for (; tasks.size() < batch && next < pods.size(); ++next) tasks.push_back(create_pod(job, pods[next]));
        CO_TRY_VOID(run_together(loop_, std::move(tasks)));
        co_await loop_.breathe();
    }
    co_return ok();
}

loop::Task<Result<void>> JobController::create_pod(JobPtr job, NewJobPod wanted) {
    AWAIT(auto created, objects_.create<api::Pod>(make_job_pod(*job, wanted)));
    if (created) {
        events_.record(*job, job_component, "Normal", "SuccessfulCreate", "Created pod: " + (*created)->metadata.name.str());
        co_return ok();
    }
    if (!is_ending(objects_, job->metadata.namespace_))
        events_.record(*job, job_component, "Warning", "FailedCreate", "Error creating: " + created.error().message());
    co_return std::move(created).error();
}

loop::Task<Result<void>> JobController::delete_pod(JobPtr job, std::string name) {
    AWAIT(auto removed, objects_.remove<api::Pod>(job->metadata.namespace_.str(), name));
    if (!removed && removed.error().code() == Code::not_found) co_return ok();
    if (!removed) {
        events_.record(*job, job_component, "Warning", "FailedDelete", "Error deleting: " + removed.error().message());
        co_return std::move(removed).error();
    }
    events_.record(*job, job_component, "Normal", "SuccessfulDelete", "Deleted pod: " + name);
    co_return ok();
}

loop::Task<Result<void>> JobController::drop_pod(JobPtr job, std::string name) {
    CO_TRY_VOID(remove_tracking_unless_ended(objects_, job->metadata.namespace_.str(), name));
    CO_RETURN_AWAIT(delete_pod(job, name));
}

loop::Task<Result<void>> JobController::let_go(std::string ns, std::vector<std::string> names) {
    for (size_t next = 0; next < names.size();) {
        std::vector<loop::Task<Result<void>>> tasks;
        for (; tasks.size() < writes_together_max && next < names.size(); ++next)
            tasks.push_back(remove_tracking(objects_, ns, names[next]));
        CO_TRY_VOID(run_together(loop_, std::move(tasks)));
        co_await loop_.breathe();
    }
    co_return ok();
}

/// The Job is gone: nobody counts its pods.
loop::Task<Result<void>> JobController::let_go_strays(std::string ns, std::string job) {
    AWAIT_VOID(pods_.catch_up());
    std::vector<std::string> names;
    for (const auto& pod : pods_.find<api::Pod>(open_job_pods(ns, job)))
        if (is_tracked(*pod)) names.push_back(pod->metadata.name.str());
    CO_RETURN_AWAIT(let_go(std::move(ns), std::move(names)));
}

loop::Task<Result<void>> JobController::let_go_orphan(std::string ns, std::string name) {
    const auto pod = objects_.get<api::Pod>(ns, name);
    if (!pod || !is_tracked(*pod) || api::find_controller(pod->metadata)) co_return ok();
    for (const auto& job : objects::find_selecting<api::Job>(objects_, ns, pod->metadata.labels))
        if (selects_and_lives(*job)) co_return ok();  // it adopts the pod
    CO_RETURN_AWAIT(remove_tracking(objects_, std::move(ns), std::move(name)));
}

}  // namespace orilla::controllers
