// The status of pods outlives a daemon that is killed, though not the box. It is soft: what changed in the last half minute is
// in memory alone, while the pods that it tells of go on. Without it the next daemon would take pods for not ready that are,
// and Services would lose them until it has looked again. See MemoryArchive.
#pragma once

#include "orilla/objects/memory_archive.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {

class StatusArchive final : public MemoryArchive {
  public:
    static constexpr MemoryArchiveLimits default_limits{
        .file_bytes_max = size_t{1} << 20, .write_delay_ms = 100, .restored_per_turn = 8};
    /// All must outlive it.
    StatusArchive(loop::Loop& loop, loop::Executor& executor, store::Store& store, Objects& objects, std::string path,
                  MemoryArchiveLimits limits = default_limits);
    /// Puts back what is newer than what the store's file had; before anybody looks at pods.
    Task<void> restore_newer() { return restore(); }
    void start();

  private:
    std::string render(const store::EntryPtr& entry) override;
    Task<bool> put_back(std::string line) override;

    Objects& objects_;
};

}  // namespace orilla::objects
