// Blobs on their way in: several at a time, each resumed where it broke off, none named by its digest before that was
// checked. An unfinished one stays as <hex>.<registry>.partial for the next pull.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "digest.hpp"
#include "disk_room.hpp"
#include "orilla/base/unique_fd.hpp"
#include "registry.hpp"

namespace orilla::images {

struct DownloadEvents {
    std::function<Result<void>(const std::string& digest)> finished;
    /// `message`: why it waits, or empty.
    std::function<Result<void>(const Descriptor& blob, int64_t bytes, const std::string& message)> progress;
};

class BlobDownload {
  public:
    BlobDownload(Registry& registry, int directory_fd, Descriptor blob, const DownloadEvents& events);
    /// Opens the file, takes up what is there, and asks for the rest. True when nothing was left to do.
    Result<bool> begin();
    /// Not before this time: it backs off, or another puller is at the same blob.
    int64_t not_before_ms() const { return not_before_ms_; }
    bool active() const { return active_; }
    bool transfer_done() const { return active_ && fetch_->transfer_done(); }
    /// After its transfer is done. True: the blob is there, under its name.
    Result<bool> advance();
    /// Looks now and then whether a puller of another registry has brought the blob meanwhile: then this one ends.
    bool ended_by_another();
    const Descriptor& blob() const { return blob_; }

  private:
    Result<void> take_head(const HttpHead& head);
    Result<void> take_body(std::string_view bytes);
    Result<void> rehash();
    Result<void> start_over();
    Result<bool> settle();
    Result<bool> back_off(Error error);

    Registry& registry_;
    int directory_fd_;
    Descriptor blob_;
    const DownloadEvents& events_;
    std::string hex_, partial_;
    UniqueFd file_;
    Sha256 hash_;
    DiskRoom room_;
    int64_t bytes_ = 0;           ///< in the file, all hashed
    int64_t bytes_at_start_ = 0;  ///< of this attempt
    int attempts_ = 0;
    bool restarted_ = false;  ///< once: what an earlier pull left may be damaged
    bool resumed_ = false;
    bool active_ = false;
    int64_t not_before_ms_ = 0;
    int64_t reported_ms_ = 0;
    int64_t looked_ms_ = 0;
    std::optional<Fetch> fetch_;
};

/// All of them, at most `parallel_max` at a time; the first error that cannot be repaired ends it.
Result<void> download_blobs(Registry& registry, int directory_fd, const std::vector<Descriptor>& blobs, int parallel_max,
                            const DownloadEvents& events);

}  // namespace orilla::images
