// What clients do with Jobs and CronJobs.
#include "client_requests.hpp"
#include "clients.hpp"

namespace orilla::sim {

namespace {
constexpr int jobs_per_namespace_max = 3;
}

api::Job Clients::draw_job(const std::string& ns, const std::string& name) {
    api::Job out;
    out.metadata.namespace_ = ns;
    out.metadata.name = name;
    out.spec.completions = 1 + number(6);
    out.spec.parallelism = 1 + number(3);
    out.spec.backoff_limit = number(4);
    if (chance(40)) out.spec.completion_mode = "Indexed";
    if (out.spec.completion_mode == "Indexed" && chance(30)) out.spec.backoff_limit_per_index = number(2);
    if (chance(20)) out.spec.pod_replacement_policy = "Failed";
    if (chance(10)) out.spec.ttl_seconds_after_finished = number(60);
    if (chance(10)) out.spec.active_deadline_seconds = 10 + number(60);
    if (chance(10)) out.spec.suspend = true;
    auto& pod = out.spec.template_.spec;
    pod.restart_policy = chance(70) ? "Never" : "OnFailure";
    pod.termination_grace_period_seconds = number(6);
    pod.containers.push_back(plain_container("main", chance(75) ? "job:1" : "crash:1"));
    if (chance(20)) pod.init_containers.push_back(sidecar());
    return out;
}

void Clients::act_on_jobs(Daemon& daemon) {
    const std::string ns = draw_namespace(daemon), name = "j" + std::to_string(number(jobs_per_namespace_max));
    const auto found = daemon.objects().get<api::Job>(ns, name);
    if (!found)
        return spawn(daemon, "create job " + ns + "/" + name,
                     request_create(daemon.objects(), api::Object(draw_job(ns, name))));
    if (chance(40)) return delete_object(daemon, api::kind_of<api::Job>(), found->metadata, draw_delete_options());
    std::function<void(api::Job&)> edit;
    if (chance(50)) edit = [](api::Job& one) { one.spec.suspend = !one.spec.suspend.value_or(false); };
    else edit = [n = number(5)](api::Job& one) { one.spec.parallelism = n; };
    spawn(daemon, "edit job " + ns + "/" + name, request_edit<api::Job>(daemon.objects(), ns, name, std::move(edit)));
}

void Clients::act_on_cronjobs(Daemon& daemon) {
    const std::string ns = draw_namespace(daemon), name = "c0";
    const auto found = daemon.objects().get<api::CronJob>(ns, name);
    if (found && chance(30)) return delete_object(daemon, api::kind_of<api::CronJob>(), found->metadata, {});
    if (found) {
        auto edit = [](api::CronJob& one) { one.spec.suspend = !one.spec.suspend.value_or(false); };
        return spawn(daemon, "suspend cronjob " + ns, request_edit<api::CronJob>(daemon.objects(), ns, name, std::move(edit)));
    }
    api::CronJob made;
    made.metadata.namespace_ = ns;
    made.metadata.name = name;
    made.spec.schedule = chance(50) ? "* * * * *" : "*/3 * * * *";
    made.spec.concurrency_policy = chance(40) ? "Forbid" : chance(50) ? "Replace" : "Allow";
    made.spec.job_template.spec = draw_job(ns, name).spec;
    made.spec.job_template.spec.suspend.reset();
    spawn(daemon, "create cronjob " + ns + "/" + name, request_create(daemon.objects(), api::Object(std::move(made))));
}

/// Jobs that can come to an end, and no new ones.
void Clients::mend_jobs(Daemon& daemon) {
    auto& objects = daemon.objects();
    for (const auto& cronjob : objects.list<api::CronJob>()) {
        auto edit = [](api::CronJob& one) { one.spec.suspend = true; };
        const std::string ns = cronjob->metadata.namespace_.str(), name = cronjob->metadata.name.str();
        spawn(daemon, "suspend cronjob " + ns, request_edit<api::CronJob>(objects, ns, name, std::move(edit)));
    }
    for (const auto& job : objects.list<api::Job>()) {
        auto edit = [](api::Job& one) { one.spec.parallelism = 2, one.spec.suspend = false; };
        const std::string ns = job->metadata.namespace_.str(), name = job->metadata.name.str();
        spawn(daemon, "mend job " + ns + "/" + name, request_edit<api::Job>(objects, ns, name, std::move(edit)));
    }
}

}  // namespace orilla::sim
