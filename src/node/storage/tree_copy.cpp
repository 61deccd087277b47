#include "storage/tree_copy.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/core.h>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <vector>

#include "storage/image_copy.hpp"
#include "storage/volume_files.hpp"

namespace orilla::node {
namespace {

/// Each level of directories holds descriptors.
constexpr int tree_depth_max = 200;
/// Remembered while they are copied, in a daemon that has 10 MB.
constexpr size_t linked_files_max = 20'000;
constexpr size_t attribute_bytes_max = 65'536;
constexpr int64_t second_ns = 1'000'000'000;

struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
};
using OpenDir = std::unique_ptr<DIR, CloseDir>;

int64_t to_ns(const timespec& time) { return int64_t{time.tv_sec} * second_ns + time.tv_nsec; }

Result<UniqueFd> open_below(const UniqueFd& dir, const char* name, int flags) {
    UniqueFd out(openat(dir.get(), name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!out) return Error::from_errno(std::string("open ") + name, errno);
    return out;
}

struct Entry {
    std::string name;
    struct stat seen {};
};

/// What comes next, nothing at the end.
Result<bool> read_entry(const OpenDir& dir, const UniqueFd& at, Entry& out) {
    for (;;) {
        errno = 0;
        const dirent* entry = readdir(dir.get());
        if (!entry && errno != 0) return Error::from_errno("read a directory of the volume", errno);
        if (!entry) return false;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        out.name = entry->d_name;
        if (fstatat(at.get(), entry->d_name, &out.seen, AT_SYMLINK_NOFOLLOW) != 0)
            return Error::from_errno("look at " + out.name, errno);
        return true;
    }
}

Result<OpenDir> read_directory(const UniqueFd& at) {
    UniqueFd again(openat(at.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!again) return Error::from_errno("open a directory of the volume", errno);
    OpenDir out(fdopendir(again.get()));
    if (!out) return Error::from_errno("read a directory of the volume", errno);
    again.release();
    return out;
}

Result<void> check_depth(int depth) {
    if (depth < tree_depth_max) return ok();
    return Error(Code::unsupported,
                 fmt::format("directories that lie deeper than {} in each other are not copied", tree_depth_max));
}

Result<void> copy_attributes(const UniqueFd& from, const UniqueFd& to) {
    std::vector<char> names(attribute_bytes_max), value;
    const ssize_t length = flistxattr(from.get(), names.data(), names.size());
    if (length < 0 && errno == EOPNOTSUPP) return ok();
    if (length < 0) return Error::from_errno("list extended attributes", errno);
    for (const char* name = names.data(); name < names.data() + length; name += strlen(name) + 1) {
        value.resize(attribute_bytes_max);
        const ssize_t size = fgetxattr(from.get(), name, value.data(), value.size());
        if (size < 0 && errno == ENODATA) continue;
        if (size < 0 || fsetxattr(to.get(), name, value.data(), static_cast<size_t>(size), 0) != 0)
            return Error::from_errno(std::string("copy the extended attribute ") + name, errno);
    }
    return ok();
}

/// Owner first: it takes set-user-id and capabilities away. Time last: all else changes it.
Result<void> copy_metadata(const UniqueFd& from, const UniqueFd& to, const struct stat& seen) {
    if (fchown(to.get(), seen.st_uid, seen.st_gid) != 0 || fchmod(to.get(), seen.st_mode & 07777) != 0)
        return Error::from_errno("give a copy its owner and mode", errno);
    TRY_VOID(copy_attributes(from, to));
    const timespec times[] = {seen.st_atim, seen.st_mtim};
    if (futimens(to.get(), times) != 0) return Error::from_errno("give a copy its time", errno);
    return ok();
}

class TreeCopier {
  public:
    TreeCopier(const UniqueFd& root, objects::CopyProgress& progress) : root_(root), progress_(progress) {}
    int64_t shared_bytes() const { return shared_bytes_; }

    /// `path`: of the target's directory, below the root, with a slash at its end.
    Result<void> copy_directory(const UniqueFd& from, const UniqueFd& to, const std::string& path, int depth) {
        TRY_VOID(check_depth(depth));
        TRY(const OpenDir dir, read_directory(from));
        for (Entry entry;;) {
            TRY(const bool is_there, read_entry(dir, from, entry));
            if (!is_there) break;
            if (progress_.cancelled) return Error(Code::unavailable, "the copy was given up: it is not wanted any more");
            TRY_VOID(copy_entry(from, to, path, entry, depth));
        }
        struct stat seen {};
        if (fstat(from.get(), &seen) != 0) return Error::from_errno("look at a directory of the volume", errno);
        return copy_metadata(from, to, seen);
    }

  private:
    Result<void> copy_entry(const UniqueFd& from, const UniqueFd& to, const std::string& path, const Entry& entry, int depth) {
        if (S_ISDIR(entry.seen.st_mode)) {
            if (mkdirat(to.get(), entry.name.c_str(), 0700) != 0) return Error::from_errno("make " + entry.name, errno);
            TRY(const UniqueFd source, open_below(from, entry.name.c_str(), O_RDONLY | O_DIRECTORY));
            TRY(const UniqueFd target, open_below(to, entry.name.c_str(), O_RDONLY | O_DIRECTORY));
            return copy_directory(source, target, path + entry.name + "/", depth + 1);
        }
        if (entry.seen.st_nlink > 1) {
            const auto known = linked_.find(entry.seen.st_ino);
            if (known != linked_.end()) {
                if (linkat(root_.get(), known->second.c_str(), to.get(), entry.name.c_str(), 0) == 0) return ok();
                return Error::from_errno("link " + entry.name, errno);
            }
            if (linked_.size() >= linked_files_max)
                return Error(Code::unsupported,
                             fmt::format("a volume with more than {} hard-linked files is not copied", linked_files_max));
            linked_[entry.seen.st_ino] = path + entry.name;
        }
        if (S_ISREG(entry.seen.st_mode)) return copy_file(from, to, entry);
        if (S_ISLNK(entry.seen.st_mode)) return copy_link(from, to, entry);
        return copy_node(to, entry);
    }

    Result<void> copy_file(const UniqueFd& from, const UniqueFd& to, const Entry& entry) {
        TRY(const UniqueFd source, open_below(from, entry.name.c_str(), O_RDONLY));
        struct stat seen {};
        if (fstat(source.get(), &seen) != 0) return Error::from_errno("look at " + entry.name, errno);
        if (!S_ISREG(seen.st_mode)) return Error(Code::unavailable, entry.name + " changed while it was copied");
        const UniqueFd target(openat(to.get(), entry.name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!target) return Error::from_errno("make " + entry.name, errno);
        if (ioctl(target.get(), FICLONE, source.get()) == 0) {
            shared_bytes_ += int64_t{seen.st_blocks} * stat_block_bytes;
            progress_.bytes += seen.st_size;
        } else {
            if (ftruncate(target.get(), seen.st_size) != 0) return Error::from_errno("size " + entry.name, errno);
            TRY_VOID(copy_file_data(source, target, seen.st_size, progress_));
        }
        return copy_metadata(source, target, seen);
    }

    Result<void> copy_link(const UniqueFd& from, const UniqueFd& to, const Entry& entry) {
        std::string target(PATH_MAX, '\0');
        const ssize_t length = readlinkat(from.get(), entry.name.c_str(), target.data(), target.size());
        if (length < 0) return Error::from_errno("read link " + entry.name, errno);
        target.resize(static_cast<size_t>(length));
        if (symlinkat(target.c_str(), to.get(), entry.name.c_str()) != 0)
            return Error::from_errno("make link " + entry.name, errno);
        return copy_owner(to, entry);
    }

    /// Pipes, sockets, devices.
    Result<void> copy_node(const UniqueFd& to, const Entry& entry) {
        if (mknodat(to.get(), entry.name.c_str(), entry.seen.st_mode & S_IFMT, entry.seen.st_rdev) != 0 ||
            fchmodat(to.get(), entry.name.c_str(), entry.seen.st_mode & 07777, 0) != 0)
            return Error::from_errno("make " + entry.name, errno);
        return copy_owner(to, entry);
    }

    static Result<void> copy_owner(const UniqueFd& to, const Entry& entry) {
        const timespec times[] = {entry.seen.st_atim, entry.seen.st_mtim};
        if (fchownat(to.get(), entry.name.c_str(), entry.seen.st_uid, entry.seen.st_gid, AT_SYMLINK_NOFOLLOW) != 0 ||
            utimensat(to.get(), entry.name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
            return Error::from_errno("give " + entry.name + " its owner and time", errno);
        return ok();
    }

    const UniqueFd& root_;
    objects::CopyProgress& progress_;
    int64_t shared_bytes_ = 0;
    std::map<ino_t, std::string> linked_;
};

bool is_newer(const struct stat& seen, int64_t moment_ns) {
    return to_ns(seen.st_ctim) >= moment_ns || to_ns(seen.st_mtim) >= moment_ns;
}

Result<bool> find_newer(const UniqueFd& at, int64_t moment_ns, int depth) {
    TRY_VOID(check_depth(depth));
    struct stat own {};
    if (fstat(at.get(), &own) != 0) return Error::from_errno("look at a directory of the volume", errno);
    if (is_newer(own, moment_ns)) return true;
    TRY(const OpenDir dir, read_directory(at));
    for (Entry entry;;) {
        TRY(const bool is_there, read_entry(dir, at, entry));
        if (!is_there) return false;
        if (is_newer(entry.seen, moment_ns)) return true;
        if (!S_ISDIR(entry.seen.st_mode)) continue;
        TRY(const UniqueFd below, open_below(at, entry.name.c_str(), O_RDONLY | O_DIRECTORY));
        TRY(const bool newer, find_newer(below, moment_ns, depth + 1));
        if (newer) return true;
    }
}

Result<void> visit_below(const UniqueFd& at, const std::function<Result<void>(const UniqueFd&)>& visit, int depth) {
    TRY_VOID(check_depth(depth));
    TRY_VOID(visit(at));
    TRY(const OpenDir dir, read_directory(at));
    for (Entry entry;;) {
        TRY(const bool is_there, read_entry(dir, at, entry));
        if (!is_there) return ok();
        const bool is_directory = S_ISDIR(entry.seen.st_mode);
        if (!is_directory && !S_ISREG(entry.seen.st_mode)) continue;
        TRY(const UniqueFd one, open_below(at, entry.name.c_str(), O_RDONLY | (is_directory ? O_DIRECTORY : 0)));
        TRY_VOID(is_directory ? visit_below(one, visit, depth + 1) : visit(one));
    }
}

}  // namespace

Result<int64_t> copy_tree(const std::string& from, const std::string& to, objects::CopyProgress& progress) {
    TRY(const UniqueFd source, open_directory(from));
    TRY(const UniqueFd target, open_directory(to));
    TreeCopier copier(target, progress);
    TRY_VOID(copier.copy_directory(source, target, "", 0));
    return copier.shared_bytes();
}

int64_t file_clock_ns() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return to_ns(now);
}

Result<bool> has_changed_since(const std::string& dir, int64_t moment_ns) {
    TRY(const UniqueFd at, open_directory(dir));
    return find_newer(at, moment_ns, 0);
}

Result<void> visit_files(const std::string& dir, const std::function<Result<void>(const UniqueFd&)>& visit) {
    TRY(const UniqueFd at, open_directory(dir));
    return visit_below(at, visit, 0);
}

}  // namespace orilla::node
