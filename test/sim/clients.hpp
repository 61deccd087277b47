// API clients that do what people and tools do, at random: create, scale, update, roll back, pause, delete, and write on
// top of what they read a while ago. Their requests die with the daemon that served them, answered or not.
#pragma once

#include <string>
#include <vector>

#include "daemon.hpp"

namespace orilla::sim {

class Clients {
  public:
    Clients(Random& random, Trace& trace, RolloutHistory& rollouts) : random_(random), trace_(trace), rollouts_(rollouts) {}

    /// Begins one request of a random kind.
    void act(Daemon& daemon);
    void act_on_claims(Daemon& daemon);
    /// Begins to make every object one that can work: images that exist, sources that are there, no pauses.
    void mend(Daemon& daemon);

  private:
    using Request = loop::Task<Result<void>>;
    void spawn(Daemon& daemon, const std::string& what, Request request);
    static loop::Task<void> run(Trace& trace, std::string what, Request request);

    void act_on_namespaces(Daemon& daemon);
    void act_on_deployments(Daemon& daemon);
    void act_on_sets(Daemon& daemon);
    void act_on_pods(Daemon& daemon);
    void act_on_services(Daemon& daemon);
    void act_on_config_maps(Daemon& daemon);
    void act_on_snapshots(Daemon& daemon);
    void grow_claim(Daemon& daemon, const api::PersistentVolumeClaim& claim);
    void act_on_budgets(Daemon& daemon);
    void disturb_disk(Daemon& daemon);
    void act_on_jobs(Daemon& daemon);
    void act_on_cronjobs(Daemon& daemon);
    api::Job draw_job(const std::string& ns, const std::string& name);
    void mend_jobs(Daemon& daemon);
    void update_late(Daemon& daemon);
    void edit_deployment(Daemon& daemon, const api::Deployment& deployment);
    void delete_object(Daemon& daemon, const api::KindInfo& kind, const api::ObjectMeta& meta, objects::DeleteOptions options);

    api::PodSpec draw_pod_spec();
    api::Deployment draw_deployment(const std::string& ns, const std::string& name);
    void draw_strategy(api::Deployment& deployment);
    /// What happens to it now is the client's doing.
    void touch(Daemon& daemon, const api::ObjectMeta& pod);
    std::string draw_image();
    std::string draw_namespace(Daemon& daemon);
    objects::DeleteOptions draw_delete_options();
    bool chance(int percent) { return static_cast<int>(random_.below(100)) < percent; }
    int number(int below) { return static_cast<int>(random_.below(static_cast<uint64_t>(below))); }

    Random& random_;
    Trace& trace_;
    RolloutHistory& rollouts_;
};

bool is_good_image(std::string_view image);

}  // namespace orilla::sim
