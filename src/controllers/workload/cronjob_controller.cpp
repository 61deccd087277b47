#include "workload/cronjob_controller.hpp"

#include <algorithm>

#include "orilla/kinds/owners.hpp"
#include "owned.hpp"
#include "workload/job_plan.hpp"

namespace orilla::controllers {
namespace {
constexpr std::string_view cronjob_component = "cronjob-controller";

bool has_ended(const api::Job& job) { return find_job_end(job) != nullptr; }
}  // namespace

CronJobController::CronJobController(const Surroundings& with)
    : Controller(with),
      jobs_(with.objects.feed<api::Job>()),
      local_zone_(with.options.local_zone),
      worker_(with.loop, *this, {.name = "cronjob"}) {
    jobs_.keep(objects::owner_terms);
    follow<api::CronJob>([this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    follow<api::Job>([this](const objects::FeedEvent& event) { job_changed(event); });
}

/// How far a Job is does not matter to it, whether it has ended does.
void CronJobController::job_changed(const objects::FeedEvent& event) {
    const auto *job = event.as<api::Job>(), *before = event.before_as<api::Job>();
    const bool modified = event.type == store::WatchEvent::Type::modified;
    if (modified && job && before && has_ended(*job) == has_ended(*before) &&
        job->metadata.owner_references == before->metadata.owner_references)
        return;
    queue_owner(event, api::kind_of<api::CronJob>(), worker_.queue());
}

CronJobObserved CronJobController::observe(const api::CronJob& cronjob) {
    CronJobObserved seen;
    seen.jobs = jobs_.find<api::Job>(objects::owned_by(cronjob.metadata.uid));
    seen.local_zone = local_zone_;
    seen.now_s = loop_.clock().wall_s();
    Memory& memory = memories_[key_of(cronjob.metadata)];
    if (cronjob.metadata.uid != memory.uid) memory = {cronjob.metadata.uid.str(), 0, {}};
    if (!starts_lie_ahead(cronjob, seen.now_s)) memory.set_back_s = 0;
    else if (memory.set_back_s == 0 || memory.set_back_s > seen.now_s) memory.set_back_s = seen.now_s;
    seen.set_back_s = memory.set_back_s;
    return seen;
}

void CronJobController::tell(const api::CronJob& cronjob, const std::vector<CronJobEvent>& events) {
    std::set<std::string> now;
    std::set<std::string>& told = memories_[key_of(cronjob.metadata)].told;
    for (const auto& event : events) {
        if (!event.once.empty()) now.insert(event.reason + event.once);
        if (event.once.empty() || !told.contains(event.reason + event.once))
            events_.record(cronjob, cronjob_component, event.type, event.reason, event.message);
    }
    told = std::move(now);
}

loop::Task<Result<loop::Outcome>> CronJobController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const CronJobPtr cronjob = objects_.get<api::CronJob>(ns, name);
    if (!cronjob) {
        memories_.erase(key);
        co_return loop::Outcome{};
    }
    AWAIT_VOID(jobs_.catch_up());
    CronJobPlan plan = plan_cronjob(*cronjob, observe(*cronjob));
    tell(*cronjob, plan.events);
    std::vector<std::string> gone = std::move(plan.old_jobs);
    gone.insert(gone.end(), plan.replaced.begin(), plan.replaced.end());
    for (auto& job : gone) CO_TRY_VOID(remove(cronjob, std::move(job)));
    Result<void> started = ok();
    if (plan.start) {
        AWAIT(started, start_job(cronjob, plan));
    }
    CO_TRY_VOID(write_status(objects_, cronjob, std::move(plan.status)));
    if (!started) co_return std::move(started).error();
    co_return loop::Outcome{plan.again_after_ms};
}

/// One that is there already was made by an earlier daemon, which did not live to write that down.
loop::Task<Result<void>> CronJobController::start_job(CronJobPtr cronjob, CronJobPlan& plan) {
    const std::string ns = plan.start->metadata.namespace_.str(), name = plan.start->metadata.name.str();
    AWAIT(auto made, objects_.create<api::Job>(std::move(*plan.start)));
    const bool existed = !made && made.error().code() == Code::already_exists;
    if (!made && !existed) {
        if (!is_ending(objects_, ns))
            events_.record(*cronjob, cronjob_component, "Warning", "FailedCreate",
                           "Error creating job: " + made.error().message());
        co_return std::move(made).error();
    }
    const JobPtr job = existed ? objects_.get<api::Job>(ns, name) : *made;
    plan.status.last_schedule_time = api::Time(plan.start_s);
    if (!existed) events_.record(*cronjob, cronjob_component, "Normal", "SuccessfulCreate", "Created job " + name);
    auto& active = plan.status.active;
    const bool ours = job && api::is_controlled_by(job->metadata, cronjob->metadata.uid) && !has_ended(*job);
    if (ours && std::ranges::none_of(active, [&job](const auto& one) { return one.uid == job->metadata.uid; }))
        active.push_back(api::reference_to(api::kind_of<api::Job>(), job->metadata));
    co_return ok();
}

loop::Task<Result<void>> CronJobController::remove(CronJobPtr cronjob, std::string name) {
    objects::DeleteOptions options;
    options.propagation = objects::Propagation::background;
    AWAIT(auto removed, objects_.remove<api::Job>(cronjob->metadata.namespace_.str(), name, std::move(options)));
    if (!removed && removed.error().code() == Code::not_found) co_return ok();
    if (!removed) {
        events_.record(*cronjob, cronjob_component, "Warning", "FailedDelete", "Deleted job: " + removed.error().message());
        co_return std::move(removed).error();
    }
    events_.record(*cronjob, cronjob_component, "Normal", "SuccessfulDelete", "Deleted job " + name);
    co_return ok();
}

}  // namespace orilla::controllers
