// The manifests directory: what lies there is applied at start and whenever a file changes, as `orilla apply` would. A
// file that does not parse is reported with its line and skipped whole; a file that goes takes nothing away.
#pragma once

#include <map>
#include <string>

#include "orilla/api/manifest.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/store/objects.hpp"

namespace orilla::wiring {

constexpr size_t manifest_files_max = 1000;
constexpr size_t manifest_file_bytes_max = size_t{4} << 20;
/// Editors write in several steps: a file is read once it has been quiet for so long.
constexpr int64_t manifest_quiet_ms = 200;

/// Creates the object, or changes it by the three-way patch between what was applied last, the manifest and what is
/// there. True when something was written.
loop::Task<Result<bool>> apply_manifest(store::Objects& objects, api::ManifestDocument document);

class ManifestsDirectory final : public loop::Reconciler {
  public:
    /// `directory` need not be there.
    ManifestsDirectory(loop::Loop& loop, store::Objects& objects, std::string directory);
    void start();
    loop::Task<Result<loop::Outcome>> reconcile(std::string file) override;

  private:
    loop::Task<void> follow();
    void queue_all();
    loop::Loop& loop_;
    store::Objects& objects_;
    std::string directory_;
    UniqueFd inotify_;
    loop::Worker worker_;
    loop::Scope scope_;
};

}  // namespace orilla::wiring
