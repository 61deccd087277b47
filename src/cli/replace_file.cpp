#include "replace_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "orilla/base/read_file.hpp"

namespace orilla::cli {
namespace fs = std::filesystem;
namespace {

constexpr int links_max = 8;

Error failed(const std::string& what) { return Error::from_errno("error: " + what, errno); }

/// Where the links end. The last one may point to nothing yet.
std::string follow_links(std::string path) {
    for (int i = 0; i < links_max; ++i) {
        std::error_code error;
        const fs::path target = fs::read_symlink(path, error);
        if (error) break;
        path = target.is_absolute() ? target.string() : (fs::path(path).parent_path() / target).string();
    }
    return path;
}

std::string directory_of(const std::string& path) {
    const std::string parent = fs::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

/// What root makes in somebody's home is theirs.
void give_to_owner_of(const std::string& directory, const std::string& path) {
    struct stat owner {};
    if (geteuid() == 0 && stat(directory.c_str(), &owner) == 0) (void)!chown(path.c_str(), owner.st_uid, owner.st_gid);
}

Result<void> make_directories(const std::string& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) == 0) return ok();
    if (errno != ENOENT) return failed("look at " + path);
    TRY_VOID(make_directories(directory_of(path)));
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("make the directory " + path);
    give_to_owner_of(directory_of(path), path);
    return ok();
}

Result<void> write_all(int fd, std::string_view text, const std::string& name) {
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("write " + name);
        text.remove_prefix(static_cast<size_t>(written));
    }
    if (fsync(fd) != 0) return failed(fmt::format("write {} to the disk", name));
    return ok();
}

/// The owner of the file that is replaced, or of the directory.
void keep_owner(int fd, const std::string& path) {
    struct stat owner {};
    const bool found = stat(path.c_str(), &owner) == 0 || stat(directory_of(path).c_str(), &owner) == 0;
    if (found && geteuid() == 0) (void)!fchown(fd, owner.st_uid, owner.st_gid);
}

}  // namespace

Result<FileReplacement> FileReplacement::begin(const std::string& given) {
    const std::string path = follow_links(given);
    struct stat found {};
    if (stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode))
        return Error(Code::bad_request, fmt::format("error: {} is no regular file", path));
    TRY_VOID(make_directories(directory_of(path)));
    const std::string lock = path + ".lock";
    const UniqueFd made(open(lock.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made && errno == EEXIST)
        return Error(
            Code::conflict,
            fmt::format("error: {} is there: another kubectl or orilla writes {}; when none does, remove it", lock, path));
    if (!made) return failed("make " + lock);
    return FileReplacement(path, lock);
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, "")) {}

FileReplacement::~FileReplacement() {
    if (!lock_.empty()) unlink(lock_.c_str());
}

Result<std::string> FileReplacement::read(size_t bytes_max) const {
    auto text = read_file(path_, bytes_max);
    if (!text && text.error().error_number() == ENOENT) return std::string();
    if (!text) return std::move(text).error().with_context("error");
    return text;
}

Result<void> FileReplacement::commit(std::string_view text) {
    std::string temporary = path_ + ".XXXXXX";
    const UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
    if (!fd) return failed("make a file beside " + path_);
    keep_owner(fd.get(), path_);
    auto done = write_all(fd.get(), text, temporary);
    if (done && rename(temporary.c_str(), path_.c_str()) != 0) done = failed("replace " + path_);
    if (!done) {
        unlink(temporary.c_str());
        return done;
    }
    const UniqueFd directory(open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || fsync(directory.get()) != 0) return failed(fmt::format("write the directory of {} to the disk", path_));
    return ok();
}

}  // namespace orilla::cli
