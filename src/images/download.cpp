#include "download.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "blob_writer.hpp"
#include "disk_room.hpp"
#include "limits.hpp"

namespace orilla::images {

namespace {
constexpr int64_t lock_poll_ms = 200;
constexpr int wait_ms_max = 1000;
constexpr int retry_after_s_max = 30;  ///< a registry that asks for more is asked again by whoever wants the image

/// Each registry has its own: one that is slow at a blob must not hold up another that has the same.
std::string partial_name(const std::string& hex, const Registry& registry) {
    constexpr size_t tag_digits = 8;
    return fmt::format("{}.{}.partial", hex, sha256_of(registry.reference().domain).substr(7, tag_digits));
}
}  // namespace

BlobDownload::BlobDownload(Registry& registry, int directory_fd, Descriptor blob, const DownloadEvents& events)
    : registry_(registry),
      directory_fd_(directory_fd),
      blob_(std::move(blob)),
      events_(events),
      hex_(digest_hex(blob_.digest)),
      partial_(partial_name(hex_, registry)) {}

Result<bool> BlobDownload::begin() {
    if (faccessat(directory_fd_, hex_.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return true;
    if (!file_) {
        // What was whole before the last start lies under a name of no registry.
        renameat2(directory_fd_, (hex_ + ".partial").c_str(), directory_fd_, partial_.c_str(), RENAME_NOREPLACE);
        file_.reset(openat(directory_fd_, partial_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file_) return Error::from_errno("create " + partial_, errno);
        if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
            // Another puller is at it: look again, by then it may be whole.
            file_.reset();
            not_before_ms_ = monotonic_ms() + lock_poll_ms;
            return false;
        }
        struct stat ours {
        }, named{};
        const bool same = fstat(file_.get(), &ours) == 0 &&
                          fstatat(directory_fd_, partial_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
                          ours.st_ino == named.st_ino;
        if (!same) {  // renamed between our open and our lock: it is whole now
            file_.reset();
            return begin();
        }
        TRY_VOID(rehash());
    }
    if (bytes_ == blob_.size_bytes) return settle();
    fetch_.emplace(registry_, registry_.blob_url(blob_.digest));
    if (bytes_ > 0) fetch_->headers.push_back(fmt::format("Range: bytes={}-", bytes_));
    fetch_->transfer().on_head = [this](const HttpHead& head) { return take_head(head); };
    fetch_->transfer().on_body = [this](std::string_view bytes) { return take_body(bytes); };
    bytes_at_start_ = bytes_;
    active_ = true;
    fetch_->start();
    return false;
}

/// What an earlier pull left counts only as far as it can be hashed again.
Result<void> BlobDownload::rehash() {
    std::vector<char> buffer(256 * 1024);
    for (;;) {
        const ssize_t got = pread(file_.get(), buffer.data(), buffer.size(), bytes_);
        if (got < 0) return Error::from_errno("read " + partial_, errno);
        if (got == 0) break;
        hash_.update({buffer.data(), static_cast<size_t>(got)});
        bytes_ += got;
        resumed_ = true;
        if (bytes_ > blob_.size_bytes) return start_over();
    }
    if (lseek(file_.get(), bytes_, SEEK_SET) < 0) return Error::from_errno("seek " + partial_, errno);
    return ok();
}

Result<void> BlobDownload::start_over() {
    if (ftruncate(file_.get(), 0) != 0 || lseek(file_.get(), 0, SEEK_SET) < 0)
        return Error::from_errno("empty " + partial_, errno);
    hash_ = Sha256();
    bytes_ = 0;
    resumed_ = false;
    return ok();
}

Result<void> BlobDownload::take_head(const HttpHead& head) {
    if (head.status == 200 && bytes_ > 0) return start_over();  // a registry without ranges
    if (head.status != 206) return ok();
    const std::string wanted = fmt::format("bytes {}-", bytes_);
    if (bytes_ == 0 || !head.field("content-range").starts_with(wanted))
        return Error(Code::corrupt, "the registry sent another range than the one asked for");
    return ok();
}

Result<void> BlobDownload::take_body(std::string_view bytes) {
    if (bytes_ + static_cast<int64_t>(bytes.size()) > blob_.size_bytes)
        return Error(Code::corrupt, fmt::format("it is larger than the {} bytes that the manifest says", blob_.size_bytes));
    TRY_VOID(room_.take(file_.get(), bytes.size()));
    TRY_VOID(write_all(file_.get(), bytes));
    hash_.update(bytes);
    bytes_ += static_cast<int64_t>(bytes.size());
    const int64_t now_ms = monotonic_ms();
    if (now_ms - reported_ms_ < progress_ms_min) return ok();
    reported_ms_ = now_ms;
    return events_.progress(blob_, bytes_, "");
}

Result<bool> BlobDownload::advance() {
    if (!fetch_->advance()) return false;
    active_ = false;
    if (fetch_->error) {
        const long status = fetch_->transfer().head.status;
        if (status == 416) TRY_VOID(start_over());
        if (!fetch_->retryable && status != 416) return std::move(*fetch_->error);
        return back_off(std::move(*fetch_->error));
    }
    if (bytes_ < blob_.size_bytes) return back_off(Error(Code::unavailable, "the registry ended the blob early"));
    return settle();
}

bool BlobDownload::ended_by_another() {
    const int64_t now_ms = monotonic_ms();
    if (now_ms - looked_ms_ < lock_poll_ms) return false;
    looked_ms_ = now_ms;
    if (faccessat(directory_fd_, hex_.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return false;
    fetch_.reset();
    active_ = false;
    unlinkat(directory_fd_, partial_.c_str(), 0);
    return true;
}

Result<bool> BlobDownload::settle() {
    const std::string found = hash_.finish();
    hash_ = Sha256();
    if (found != blob_.digest) {
        const bool try_again = resumed_ && !restarted_;
        TRY_VOID(start_over());
        restarted_ = true;
        if (try_again) return begin();
        unlinkat(directory_fd_, partial_.c_str(), 0);
        return Error(Code::corrupt, fmt::format("digest is {}, expected {}", found, blob_.digest));
    }
    if (renameat(directory_fd_, partial_.c_str(), directory_fd_, hex_.c_str()) != 0)
        return Error::from_errno("rename " + partial_, errno);
    file_.reset();
    return true;
}

Result<bool> BlobDownload::back_off(Error error) {
    attempts_ = bytes_ - bytes_at_start_ >= progress_bytes_min ? 1 : attempts_ + 1;
    if (attempts_ >= attempts_max || error.retry_after_s() > retry_after_s_max) return error;
    const int64_t delay_ms = std::min(retry_ms_min << (attempts_ - 1), retry_ms_max);
    not_before_ms_ = monotonic_ms() + std::max<int64_t>(delay_ms, error.retry_after_s() * 1000LL);
    TRY_VOID(events_.progress(blob_, bytes_, fmt::format("retry in {} ms: {}", delay_ms, error.message())));
    return false;
}

// ---- all of them -----------------------------------------------------------------------------------------------------

namespace {

/// Before the first byte: better no download than one that fills the disk.
Result<void> check_space(const Registry& registry, int directory_fd, const std::vector<Descriptor>& blobs) {
    int64_t needed_bytes = 0;
    for (const auto& blob : blobs) {
        struct stat seen {};
        const std::string hex(digest_hex(blob.digest));
        const bool partial = fstatat(directory_fd, partial_name(hex, registry).c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0;
        needed_bytes += blob.size_bytes - (partial ? std::min<int64_t>(seen.st_size, blob.size_bytes) : 0);
    }
    return check_room(directory_fd, static_cast<uint64_t>(needed_bytes));
}

using Downloads = std::vector<std::unique_ptr<BlobDownload>>;

/// One look at every download that runs or waits for its time. True when some have ended.
Result<bool> step(Downloads& running, const DownloadEvents& events) {
    bool any = false;
    for (auto& download : running) {
        Result<bool> ended = false;
        if (download->transfer_done()) ended = download->advance();
        else if (download->active()) ended = download->ended_by_another();
        else if (!download->active() && download->not_before_ms() <= monotonic_ms()) ended = download->begin();
        if (!ended) return std::move(ended).error().with_context("layer " + download->blob().digest);
        if (!*ended) continue;
        TRY_VOID(events.finished(download->blob().digest));
        download.reset();
        any = true;
        break;  // `running` changes
    }
    std::erase(running, nullptr);
    return any;
}

int wait_ms(const Downloads& running) {
    int64_t next_ms = monotonic_ms() + wait_ms_max;
    for (const auto& download : running)
        if (!download->active()) next_ms = std::min(next_ms, download->not_before_ms());
        else if (download->transfer_done()) return 0;
    return static_cast<int>(std::clamp<int64_t>(next_ms - monotonic_ms(), 0, wait_ms_max));
}

}  // namespace

Result<void> download_blobs(Registry& registry, int directory_fd, const std::vector<Descriptor>& blobs, int parallel_max,
                            const DownloadEvents& events) {
    TRY_VOID(check_space(registry, directory_fd, blobs));
    Downloads running;
    size_t next = 0;
    while (next < blobs.size() || !running.empty()) {
        while (next < blobs.size() && running.size() < static_cast<size_t>(parallel_max))
            running.push_back(std::make_unique<BlobDownload>(registry, directory_fd, blobs[next++], events));
        TRY(const bool ended, step(running, events));
        if (!ended) registry.client().turn(wait_ms(running));
        TRY_VOID(registry.client().check_pace());
    }
    return ok();
}

}  // namespace orilla::images
