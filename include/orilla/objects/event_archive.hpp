// Events outlive the daemon, though not the box: see MemoryArchive. They are put back at the next start with their names,
// uids and times.
#pragma once

#include "orilla/objects/events.hpp"
#include "orilla/objects/memory_archive.hpp"

namespace orilla::objects {

struct EventArchiveLimits : MemoryArchiveLimits {
    int64_t age_s_max = 3600;
};

class EventArchive final : public MemoryArchive {
  public:
    /// All must outlive it.
    EventArchive(loop::Loop& loop, loop::Executor& executor, store::Store& store, EventRecorder& recorder, std::string path,
                 EventArchiveLimits limits = {});
    /// Goes on in the background: puts back what is there, then follows.
    void start() { follow_in_background(restore()); }

  private:
    std::string render(const store::EntryPtr& entry) override;
    Task<bool> put_back(std::string line) override;

    EventRecorder& recorder_;
    const int64_t age_s_max_;
};

}  // namespace orilla::objects
