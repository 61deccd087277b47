// Applies plan_content: has the data of snapshots copied, found and removed.
#pragma once

#include <map>
#include <string>

#include "controller.hpp"
#include "orilla/objects/volume_disk.hpp"
#include "storage/snapshot_plan.hpp"

namespace orilla::controllers {

class SnapshotContentController final : public Controller {
  public:
    explicit SnapshotContentController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string name) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    void content_changed(const objects::FeedEvent& event);
    loop::Task<Result<void>> take(ContentPtr content);
    loop::Task<Result<void>> find(ContentPtr content);
    loop::Task<Result<void>> remove(ContentPtr content);
    loop::Task<Result<void>> unprotect(ContentPtr content);
    loop::Task<Result<void>> note(ContentPtr content, objects::DiskVolume data);
    loop::Task<Result<void>> fail(ContentPtr content, Error why, const char* reason, const char* what);

    objects::VolumeDisk* const disk_;
    std::map<std::string, std::shared_ptr<objects::CopyProgress>, std::less<>> copies_;  ///< under way, by content
    loop::Worker worker_;
};

}  // namespace orilla::controllers
