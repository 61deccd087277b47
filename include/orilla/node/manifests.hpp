// The manifests directory: what lies there is applied at start and whenever a file changes, as `orilla apply` would. Every
// document stands for itself: one that fails or does not parse is reported with its line, once, and those after it are
// applied. What may come right by itself, such as an object whose namespace is made later, is tried again. A file that goes
// takes nothing away. What takes time in proportion to a file runs on a thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/schema/manifest.hpp"

namespace orilla::node {

constexpr size_t manifest_files_max = 1000;
constexpr size_t manifest_file_bytes_max = size_t{4} << 20;
constexpr size_t manifest_document_bytes_max = size_t{1} << 20;  ///< as JSON, as it is written
/// As JSON without blanks: what was applied last is kept in an annotation, which holds no more.
constexpr size_t manifest_applied_bytes_max = size_t{256} << 10;
/// Editors write in several steps: a file is read once it has been quiet for so long.
constexpr int64_t manifest_quiet_ms = 200;
/// Of one file, while each of them still gets something applied.
constexpr int manifest_passes_max = 10;
constexpr int64_t manifest_retry_ms_min = 1'000;
constexpr int64_t manifest_retry_ms_max = 60'000;

class ManifestsDirectory final : public loop::Reconciler {
  public:
    /// `directory` need not be there.
    ManifestsDirectory(loop::Loop& loop, objects::Objects& objects, loop::Executor& executor, std::string directory);
    void start();
    loop::Task<Result<loop::Outcome>> reconcile(std::string file) override;

  private:
    struct Numbered {
        size_t number;  ///< its place in the file
        api::ManifestDocument document;
    };
    struct Failed {
        Numbered what;
        Error error;
    };
    /// Of a file whose last try left something undone.
    struct Troubled {
        size_t content_hash = 0;
        int tries = 0;
        std::set<size_t> left;  ///< numbers of the documents: what was applied stays as people change it since
        std::set<std::string> reported;
    };
    loop::Task<void> follow();
    loop::Task<void> queue_all();
    loop::Task<std::vector<Failed>> apply_each(std::vector<Numbered> documents, std::string path);
    /// Creates the object, or changes it by the three-way patch between what was applied last, the manifest and what is
    /// there. True when something was written.
    loop::Task<Result<bool>> apply(api::ManifestDocument document);
    std::vector<Numbered> still_to_do(const std::string& file, size_t content_hash,
                                      std::vector<api::ManifestDocument> all) const;
    /// Says what is new and when to try again.
    loop::Outcome conclude(const std::string& file, size_t content_hash, const std::vector<Error>& faults,
                           const std::vector<Failed>& failed);
    loop::Loop& loop_;
    objects::Objects& objects_;
    loop::Executor& executor_;
    std::string directory_;
    std::shared_ptr<UniqueFd> inotify_;         ///< shared with the job that adds the watch
    std::map<std::string, Troubled> troubled_;  ///< by file
    loop::Worker worker_;
    loop::Scope scope_;
};

}  // namespace orilla::node
