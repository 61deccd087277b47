// Writes a file of an import among the blobs: under a passing name while it grows, under its digest once that is known. What
// is not finished is removed. Its mode lets nobody open it to write, which tells it from a download that can go on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "digest.hpp"
#include "disk_room.hpp"
#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::images {

class BlobWriter {
  public:
    /// `directory_fd` stays the caller's.
    static Result<BlobWriter> create(int directory_fd);
    BlobWriter(BlobWriter&& other) noexcept;
    BlobWriter& operator=(BlobWriter&&) = delete;
    ~BlobWriter();
    Result<void> write(std::string_view bytes);
    int64_t size_bytes() const { return size_bytes_; }
    /// Gives the file its name and returns it: "sha256:<hex>".
    Result<std::string> finish();

  private:
    BlobWriter(int directory_fd, std::string name, UniqueFd fd);
    int directory_fd_;
    std::string name_;
    UniqueFd fd_;
    Sha256 hash_;
    DiskRoom room_;
    int64_t size_bytes_ = 0;
};

Result<void> write_all(int fd, std::string_view bytes);
/// A file of the directory, whole; Code::too_large beyond `bytes_max`.
Result<std::string> read_blob(int directory_fd, const std::string& name, size_t bytes_max);

}  // namespace orilla::images
