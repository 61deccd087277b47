// Applies plan_snapshot: has contents made for VolumeSnapshots, and tells of them what their contents tell.
#pragma once

#include <string>

#include "controller.hpp"
#include "storage/snapshot_plan.hpp"

namespace orilla::controllers {

class SnapshotController final : public Controller {
  public:
    explicit SnapshotController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    void claim_changed(const objects::FeedEvent& event);
    SnapshotSeen observe(const api::VolumeSnapshot& snapshot);
    loop::Task<Result<void>> apply(SnapshotPtr snapshot, SnapshotSeen seen, SnapshotAction action);
    loop::Task<Result<void>> make(SnapshotPtr snapshot, SnapshotSeen seen);
    loop::Task<Result<void>> bind(SnapshotPtr snapshot, ContentPtr content);
    loop::Task<Result<void>> follow_content(SnapshotPtr snapshot, ContentPtr content);
    loop::Task<Result<void>> wait(SnapshotPtr snapshot, TellSnapshot why);
    loop::Task<Result<void>> fail(SnapshotPtr snapshot, FailSnapshot why);
    loop::Task<Result<void>> edit(SnapshotPtr snapshot, std::function<void(api::VolumeSnapshot&)> change);
    loop::Task<Result<void>> edit_claim(ClaimPtr claim, std::function<void(api::PersistentVolumeClaim&)> change);
    void tell(const api::VolumeSnapshot& snapshot, const char* type, std::string_view reason, const std::string& message);

    loop::Worker worker_;
};

}  // namespace orilla::controllers
