#include "blob_writer.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "limits.hpp"

namespace orilla::images {

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return Error::from_errno("write blob", errno);
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return ok();
}

Result<std::string> read_blob(int directory_fd, const std::string& name, size_t bytes_max) {
    UniqueFd fd(openat(directory_fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return Error::from_errno("open " + name, errno);
    std::string text;
    char chunk[64 * 1024];
    for (;;) {
        const ssize_t got = ::read(fd.get(), chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno("read " + name, errno);
        if (got == 0) return text;
        text.append(chunk, static_cast<size_t>(got));
        if (text.size() > bytes_max) return Error(Code::too_large, fmt::format("{} is larger than {} bytes", name, bytes_max));
    }
}

BlobWriter::BlobWriter(int directory_fd, std::string name, UniqueFd fd)
    : directory_fd_(directory_fd), name_(std::move(name)), fd_(std::move(fd)) {}

BlobWriter::BlobWriter(BlobWriter&& other) noexcept
    : directory_fd_(other.directory_fd_),
      name_(std::exchange(other.name_, {})),
      fd_(std::move(other.fd_)),
      hash_(std::move(other.hash_)),
      size_bytes_(other.size_bytes_) {}

BlobWriter::~BlobWriter() {
    if (!name_.empty()) unlinkat(directory_fd_, name_.c_str(), 0);
}

Result<BlobWriter> BlobWriter::create(int directory_fd) {
    static uint64_t next = 0;
    std::string name = fmt::format("new.{}.{}", getpid(), next++);
    UniqueFd fd(openat(directory_fd, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400));
    if (!fd) return Error::from_errno("create " + name, errno);
    return BlobWriter(directory_fd, std::move(name), std::move(fd));
}

Result<void> BlobWriter::write(std::string_view bytes) {
    size_bytes_ += static_cast<int64_t>(bytes.size());
    if (size_bytes_ > blob_bytes_max) return Error(Code::too_large, "a blob is larger than 16 GiB");
    TRY_VOID(room_.take(fd_.get(), bytes.size()));
    hash_.update(bytes);
    return write_all(fd_.get(), bytes);
}

Result<std::string> BlobWriter::finish() {
    std::string digest = hash_.finish();
    const std::string name(digest_hex(digest));
    if (renameat(directory_fd_, name_.c_str(), directory_fd_, name.c_str()) != 0)
        return Error::from_errno("rename " + name_, errno);
    name_.clear();
    return digest;
}

}  // namespace orilla::images
