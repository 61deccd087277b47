// What an archive of images holds: an OCI layout (in a tar or as a directory) or docker's `save` format. Everything that
// it brings is kept among the blobs by the digest of its content, so that names in the archive can claim nothing.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "blob_writer.hpp"
#include "manifest.hpp"
#include "record.hpp"
#include "tar_reader.hpp"

namespace orilla::images {

/// The files of an archive, by their name in it.
class ArchiveFiles {
  public:
    virtual ~ArchiveFiles() = default;
    virtual bool has(const std::string& name) = 0;
    /// Small ones, as text.
    virtual Result<std::string> read(const std::string& name, size_t bytes_max) = 0;
    /// Makes a file a blob and says which.
    virtual Result<Descriptor> blob(const std::string& name) = 0;
};

/// A tar that streams in once: every member becomes a blob.
class TarFiles final : public ArchiveFiles, public TarSink {
  public:
    explicit TarFiles(int blobs_fd) : blobs_fd_(blobs_fd) {}
    Result<void> begin(const TarEntry& entry) override;
    Result<void> data(std::string_view bytes) override;
    Result<void> end() override;

    bool has(const std::string& name) override { return find(name) != nullptr; }
    Result<std::string> read(const std::string& name, size_t bytes_max) override;
    Result<Descriptor> blob(const std::string& name) override;
    /// Removes the blobs that are not in `kept`.
    void drop_except(const std::set<std::string>& kept) const;

  private:
    const Descriptor* find(std::string name) const;
    int blobs_fd_;
    std::optional<BlobWriter> writer_;
    std::string writing_;
    std::map<std::string, Descriptor> files_;
    std::map<std::string, std::string> links_;  ///< docker writes a layer that comes twice as a link
};

/// The directory of an OCI layout: blobs are copied when they are asked for.
class DirectoryFiles final : public ArchiveFiles {
  public:
    DirectoryFiles(int directory_fd, int blobs_fd, std::function<Result<void>(int64_t)> progress)
        : directory_fd_(directory_fd), blobs_fd_(blobs_fd), progress_(std::move(progress)) {}
    bool has(const std::string& name) override;
    Result<std::string> read(const std::string& name, size_t bytes_max) override;
    Result<Descriptor> blob(const std::string& name) override;

  private:
    int directory_fd_, blobs_fd_;
    std::function<Result<void>(int64_t)> progress_;
    int64_t copied_bytes_ = 0;
};

/// The images for `host` with their names (or under `names`, for an archive with one image). Their layers are blobs then.
Result<std::vector<Offer>> read_archive(ArchiveFiles& files, const std::vector<std::string>& names, const Platform& host);

}  // namespace orilla::images
