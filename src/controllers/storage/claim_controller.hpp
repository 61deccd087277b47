// Applies plan_claim and plan_volume: brings claims and volumes together, as the reference server's persistentvolume-controller
// does, keeps what is in use, and has volumes made and removed.
#pragma once

#include <string>

#include "controller.hpp"
#include "storage/claim_growth.hpp"
#include "storage/claim_plan.hpp"
#include "storage/provisioner.hpp"

namespace orilla::controllers {

class ClaimController final : public Controller {
  public:
    explicit ClaimController(const Surroundings& with);
    void start() override;
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    void volume_changed(const objects::FeedEvent& event);
    void claim_changed(const objects::FeedEvent& event);
    void queue_copies(std::string_view kind, std::string_view ns, std::string_view name);
    void class_changed(const objects::FeedEvent& event);
    void pod_changed(const objects::FeedEvent& event);
    void queue_waiting(std::string_view storage_class);

    ClaimSeen observe(const api::PersistentVolumeClaim& claim);
    loop::Task<Result<void>> apply(ClaimPtr claim, ClassPtr storage_class, ClaimAction action);
    loop::Task<Result<void>> bind(ClaimPtr claim, std::string volume);
    loop::Task<Result<void>> bind_volume(ClaimPtr claim, std::string volume);
    loop::Task<Result<void>> bind_claim(ClaimPtr claim, VolumePtr volume);
    loop::Task<Result<void>> edit_claim(ClaimPtr claim, std::function<void(api::PersistentVolumeClaim&)> edit);
    loop::Task<Result<void>> ask_provisioner(ClaimPtr claim, std::string provisioner);
    loop::Task<Result<void>> lose(ClaimPtr claim, LoseClaim action);

    Provisioner provisioner_;
    ClaimGrowth growth_;
    loop::Worker worker_;
};

}  // namespace orilla::controllers
