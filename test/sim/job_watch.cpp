#include "job_watch.hpp"

#include <algorithm>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::sim {

namespace {

bool job_has(const api::Job& job, std::string_view type) {
    return std::any_of(job.status.conditions.begin(), job.status.conditions.end(),
                       [type](const auto& one) { return one.type == type && one.status == "True"; });
}
bool job_ended(const api::Job& job) { return job_has(job, "Complete") || job_has(job, "Failed"); }

const api::OwnerReference* job_controller_of(const api::ObjectMeta& meta, std::string_view kind) {
    const auto* owner = api::find_controller(meta);
    return owner && owner->kind == kind ? owner : nullptr;
}
std::string what(const api::Job& job) { return "Job " + job.metadata.namespace_.str() + "/" + job.metadata.name.str(); }

}  // namespace

JobWatch::JobWatch(loop::Loop& loop, objects::Objects& objects, Host& host, JobHistory& history)
    : loop_(loop),
      objects_(objects),
      host_(host),
      history_(history),
      jobs_(objects, api::kind_of<api::Job>(), [this](const objects::FeedEvent& event) { job_changed(event); }),
      pods_(objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) { pod_changed(event); }) {}

void JobWatch::start() {
    pods_.start();
    jobs_.start();
    started_ = true;
}

void JobWatch::note_end(const api::Pod& pod, JobHistory::Seen& seen) {
    const std::string uid = pod.metadata.uid.str();
    if (pod.status.phase == "Failed") {
        seen.failed.insert(uid);
        return;
    }
    if (pod.status.phase != "Succeeded" || !seen.succeeded.insert(uid).second || pod.metadata.deletion_timestamp) return;
    const auto* text = pod.metadata.annotations.get(api::completion_index_label);
    if (!text) return;
    const auto [first, fresh] = seen.indexes.try_emplace(std::stoi(text->str()), uid);
    if (!fresh && first->second != uid && !seen.disturbed)
        host_.trace().fail("index " + text->str() + " is done a second time by pod " + pod.metadata.name.str());
}

void JobWatch::pod_changed(const objects::FeedEvent& event) {
    const auto* pod = event.as<api::Pod>();
    const auto* owner = pod ? job_controller_of(pod->metadata, "Job") : nullptr;
    if (!owner) return;
    auto& seen = history_.jobs[owner->uid.str()];
    if (pod->metadata.deletion_timestamp || event.is_deleted()) seen.disturbed = true;
    if (api::has_finalizer(pod->metadata, api::job_tracking_finalizer)) note_end(*pod, seen);
}

/// Each start is one Job, unless the clock was set back in between.
void JobWatch::check_start(const api::Job& job) {
    const auto* owner = job_controller_of(job.metadata, "CronJob");
    if (!owner || !job.metadata.annotations.contains(api::cronjob_time_annotation)) return;
    const auto [start, fresh] = history_.starts.try_emplace(owner->uid.str() + "/" + job.metadata.name.str(), loop_.now_ms());
    if (!fresh && host_.clock_jumped_ms < start->second) host_.trace().fail(what(job) + " was made for a start that had one");
    start->second = loop_.now_ms();
    const auto cronjob = objects_.get<api::CronJob>(job.metadata.namespace_, owner->name);
    if (!cronjob || cronjob->metadata.uid != owner->uid || cronjob->spec.concurrency_policy != "Forbid") return;
    for (const auto& other : objects_.list<api::Job>(job.metadata.namespace_)) {
        const auto* of = job_controller_of(other->metadata, "CronJob");
        if (of && of->uid == owner->uid && other->metadata.uid != job.metadata.uid && !job_ended(*other) &&
            !other->metadata.deletion_timestamp)
            host_.trace().fail(what(job) + " was made while " + other->metadata.name.str() + " runs");
    }
}

void JobWatch::check_count(const api::Job& job) {
    auto& seen = history_.jobs[job.metadata.uid.str()];
    const api::JobStatus& status = job.status;
    if (job.spec.completions && status.succeeded > *job.spec.completions)
        host_.trace().fail(what(job) + ": " + std::to_string(status.succeeded) + " have succeeded of " +
                           std::to_string(*job.spec.completions));
    if (!job_ended(job) || seen.ended || seen.disturbed) return;
    seen.ended = true;
    const bool indexed = job.spec.completion_mode == "Indexed";
    const size_t done = indexed ? seen.indexes.size() : seen.succeeded.size();
    if (static_cast<size_t>(status.succeeded) != done)
        host_.trace().fail(what(job) + " counts " + std::to_string(status.succeeded) + " successes of " + std::to_string(done));
    if (static_cast<size_t>(status.failed) != seen.failed.size())
        host_.trace().fail(what(job) + " counts " + std::to_string(status.failed) + " failures of " +
                           std::to_string(seen.failed.size()));
}

void JobWatch::job_changed(const objects::FeedEvent& event) {
    const auto* job = event.as<api::Job>();
    if (!job || event.is_deleted()) return;
    // The first listing tells what was made long ago.
    if (event.type == store::WatchEvent::Type::added && started_) check_start(*job);
    check_count(*job);
}

}  // namespace orilla::sim
