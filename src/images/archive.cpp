#include "archive.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "layer_path.hpp"
#include "limits.hpp"

namespace orilla::images {

namespace {
constexpr size_t members_max = 65'536;

/// What a member's name promises about its content: blobs/sha256/<hex>.
std::string promised_digest(const std::string& name) {
    constexpr std::string_view prefix = "blobs/sha256/";
    std::string digest = name.starts_with(prefix) ? "sha256:" + name.substr(prefix.size()) : std::string();
    return is_digest(digest) ? digest : std::string();
}

/// A symlink's target from where the link is: "a/b" -> "../c" is "c", and so is "/c".
std::string resolve_link(const std::string& link, const std::string& target) {
    auto parts = split_components(target.starts_with('/') ? std::string_view() : split_path(link).parent);
    for (const auto& part : split_components(target)) {
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (part != ".") {
            parts.push_back(part);
        }
    }
    std::string out;
    for (const auto& part : parts) out += (out.empty() ? "" : "/") + part;
    return out;
}
}  // namespace

// ---- a tar -----------------------------------------------------------------------------------------------------------

Result<void> TarFiles::begin(const TarEntry& entry) {
    TRY(const std::string path, clean_entry_path(entry.path));
    if (files_.size() + links_.size() > members_max) return Error(Code::too_large, "archive has more than 65536 members");
    if (entry.type == TarEntry::Type::symlink) links_[path] = resolve_link(path, entry.link);
    if (entry.type == TarEntry::Type::hard_link) {
        TRY(links_[path], clean_entry_path(entry.link));
    }
    if (entry.type != TarEntry::Type::file) return ok();
    TRY(auto writer, BlobWriter::create(blobs_fd_));
    writer_.emplace(std::move(writer));
    writing_ = path;
    return ok();
}

Result<void> TarFiles::data(std::string_view bytes) { return writer_->write(bytes); }

Result<void> TarFiles::end() {
    if (!writer_) return ok();
    Descriptor file;
    file.size_bytes = writer_->size_bytes();
    auto digest = writer_->finish();
    writer_.reset();
    if (!digest) return std::move(digest).error();
    file.digest = std::move(*digest);
    const std::string promised = promised_digest(writing_);
    files_[writing_] = file;
    if (!promised.empty() && promised != file.digest)
        return Error(Code::corrupt, fmt::format("blob {}: its digest is {}", promised, file.digest));
    return ok();
}

const Descriptor* TarFiles::find(std::string name) const {
    for (int followed = 0; followed <= symlinks_max; ++followed) {
        if (const auto at = files_.find(name); at != files_.end()) return &at->second;
        const auto link = links_.find(name);
        if (link == links_.end()) return nullptr;
        name = link->second;
    }
    return nullptr;
}

Result<std::string> TarFiles::read(const std::string& name, size_t bytes_max) {
    const Descriptor* file = find(name);
    if (!file) return Error(Code::corrupt, "archive lacks " + printable(name));
    return read_blob(blobs_fd_, file->digest.substr(7), bytes_max);
}

Result<Descriptor> TarFiles::blob(const std::string& name) {
    const Descriptor* file = find(name);
    if (!file) return Error(Code::corrupt, "archive lacks " + printable(name));
    return *file;
}

void TarFiles::drop_except(const std::set<std::string>& kept) const {
    for (const auto& [name, file] : files_)
        if (!kept.contains(file.digest)) unlinkat(blobs_fd_, file.digest.c_str() + 7, 0);
}

// ---- a directory -----------------------------------------------------------------------------------------------------

namespace {
UniqueFd open_beneath(int directory_fd, const std::string& name) {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_LARGEFILE;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    return UniqueFd(static_cast<int>(syscall(SYS_openat2, directory_fd, name.c_str(), &how, sizeof how)));
}
}  // namespace

bool DirectoryFiles::has(const std::string& name) { return static_cast<bool>(open_beneath(directory_fd_, name)); }

Result<std::string> DirectoryFiles::read(const std::string& name, size_t bytes_max) {
    UniqueFd fd = open_beneath(directory_fd_, name);
    if (!fd) return Error::from_errno("open " + printable(name), errno);
    std::string text;
    char chunk[16 * 1024];
    for (;;) {
        const ssize_t got = ::read(fd.get(), chunk, sizeof chunk);
        if (got < 0) return Error::from_errno("read " + printable(name), errno);
        if (got == 0) return text;
        text.append(chunk, static_cast<size_t>(got));
        if (text.size() > bytes_max) return Error(Code::too_large, printable(name) + " is too large");
    }
}

Result<Descriptor> DirectoryFiles::blob(const std::string& name) {
    UniqueFd fd = open_beneath(directory_fd_, name);
    if (!fd) return Error::from_errno("open " + printable(name), errno);
    TRY(auto writer, BlobWriter::create(blobs_fd_));
    std::vector<char> buffer(256 * 1024);
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0) return Error::from_errno("read " + printable(name), errno);
        if (got == 0) break;
        TRY_VOID(writer.write({buffer.data(), static_cast<size_t>(got)}));
        copied_bytes_ += got;
        TRY_VOID(progress_(copied_bytes_));
    }
    Descriptor out;
    out.size_bytes = writer.size_bytes();
    TRY(out.digest, writer.finish());
    const std::string promised = promised_digest(name);
    if (!promised.empty() && promised != out.digest) {
        unlinkat(blobs_fd_, out.digest.c_str() + 7, 0);
        return Error(Code::corrupt, fmt::format("blob {}: its digest is {}", promised, out.digest));
    }
    return out;
}

}  // namespace orilla::images
