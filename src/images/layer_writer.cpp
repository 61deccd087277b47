#include "layer_writer.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "layer_path.hpp"
#include "limits.hpp"
#include "remove_tree.hpp"

namespace orilla::images {

namespace {

/// Inside the layer, symlinks followed as a process that has it as its root would.
UniqueFd open_inside(int root_fd, const std::string& path, uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return UniqueFd(static_cast<int>(syscall(SYS_openat2, root_fd, path.empty() ? "." : path.c_str(), &how, sizeof how)));
}

Error entry_errno(std::string_view path, std::string_view what) {
    return Error::from_errno(fmt::format("entry {}: {}", printable(path), what), errno);
}

timespec to_timespec(int64_t seconds, int64_t nanoseconds) {
    return {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)};
}

}  // namespace

LayerWriter::LayerWriter(int root_fd, LowerView lower) : root_fd_(root_fd), lower_(std::move(lower)) {}

Result<void> LayerWriter::count_bytes(int64_t bytes) {
    report_.size_bytes += bytes;
    written_bytes_ += bytes;
    if (written_bytes_ > layer_bytes_max) return Error(Code::too_large, "unpacks to more than 32 GiB");
    return ok();
}

// ---- entries ---------------------------------------------------------------------------------------------------------

Result<void> LayerWriter::begin(const TarEntry& entry) {
    if (++report_.entries > layer_entries_max) return Error(Code::too_large, "has more than 1000000 entries");
    if (entry.uid > id_max || entry.gid > id_max)
        return Error(Code::corrupt, fmt::format("entry {} has an owner that does not fit 32 bits", printable(entry.path)));
    TRY(const std::string path, clean_entry_path(entry.path));
    if (path.empty()) {
        if (entry.type != TarEntry::Type::directory)
            return Error(Code::corrupt, fmt::format("entry {} would replace the root directory", printable(entry.path)));
        return set_root(entry);
    }
    const auto [parent, name] = split_path(path);
    switch (classify_whiteout(name)) {
        case Whiteout::none: break;
        case Whiteout::aufs_internal: return ok();
        case Whiteout::opaque: TRY_VOID(enter_parent(std::string(parent))); return mark_opaque(parent_);
        case Whiteout::remove: return whiteout(std::string(parent), name);
    }
    if (entry.type == TarEntry::Type::char_device || entry.type == TarEntry::Type::block_device) {
        ++report_.devices_dropped;
        return ok();
    }
    TRY_VOID(enter_parent(std::string(parent)));
    return place(entry, name);
}

Result<void> LayerWriter::place(const TarEntry& entry, std::string_view name) {
    const std::string leaf(name);
    switch (entry.type) {
        case TarEntry::Type::file: return make_file(entry, leaf);
        case TarEntry::Type::directory: return make_directory(entry, leaf);
        case TarEntry::Type::hard_link: return make_hard_link(entry, leaf);
        default: return make_special(entry, leaf);
    }
}

Result<void> LayerWriter::data(std::string_view bytes) {
    if (!file_fd_) return ok();  // of an entry that was dropped
    TRY_VOID(count_bytes(static_cast<int64_t>(bytes.size())));
    TRY_VOID(room_.take(root_fd_, bytes.size()));
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_fd_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return entry_errno(file_.path, "write");
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return ok();
}

Result<void> LayerWriter::end() {
    if (!file_fd_) return ok();
    auto set = set_file_attributes(file_fd_.get(), file_, true);
    file_fd_.reset();
    return set;
}

Result<void> LayerWriter::make_file(const TarEntry& entry, const std::string& name) {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    file_fd_.reset(openat(parent_fd_.get(), name.c_str(), flags, 0600));
    if (!file_fd_ && errno == EEXIST) {
        TRY_VOID(clear_way(name));
        file_fd_.reset(openat(parent_fd_.get(), name.c_str(), flags, 0600));
    }
    if (!file_fd_) return entry_errno(entry.path, "create");
    file_ = entry;
    return ok();
}

Result<void> LayerWriter::make_directory(const TarEntry& entry, const std::string& name) {
    const std::string path = parent_.empty() ? name : fmt::format("{}/{}", parent_, name);
    if (mkdirat(parent_fd_.get(), name.c_str(), 0700) != 0) {
        if (errno != EEXIST) return entry_errno(entry.path, "mkdir");
        struct stat seen {};
        if (fstatat(parent_fd_.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) return entry_errno(entry.path, "stat");
        if (!S_ISDIR(seen.st_mode)) {
            TRY_VOID(clear_way(name));
            if (mkdirat(parent_fd_.get(), name.c_str(), 0700) != 0) return entry_errno(entry.path, "mkdir");
            // A file or a whiteout of this layer hid what was below: the directory that replaces it hides it too.
            TRY_VOID(mark_opaque(path));
        }
    }
    UniqueFd fd(openat(parent_fd_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return entry_errno(entry.path, "open");
    directory_times_[path] = {entry.mtime_s, entry.mtime_ns};  // set at the end: every new child changes them
    return set_file_attributes(fd.get(), entry, false);
}

Result<void> LayerWriter::set_root(const TarEntry& entry) {
    UniqueFd fd = open_inside(root_fd_, "", O_RDONLY | O_DIRECTORY);
    if (!fd) return entry_errno(entry.path, "open");
    directory_times_[""] = {entry.mtime_s, entry.mtime_ns};
    return set_file_attributes(fd.get(), entry, false);
}

Result<void> LayerWriter::make_hard_link(const TarEntry& entry, const std::string& name) {
    auto target = clean_entry_path(entry.link);
    if (!target || target->empty())
        return Error(Code::corrupt, fmt::format("entry {} is a link to {}, which leads out of the layer", printable(entry.path),
                                                printable(entry.link)));
    if (*target == (parent_.empty() ? name : fmt::format("{}/{}", parent_, name)))
        return Error(Code::corrupt, fmt::format("entry {} is a hard link to itself", printable(entry.path)));
    const auto [target_parent, target_name] = split_path(*target);
    const std::string leaf(target_name);
    UniqueFd directory = open_inside(root_fd_, std::string(target_parent), O_PATH | O_DIRECTORY);
    struct stat seen {};
    if (!directory || fstatat(directory.get(), leaf.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) {
        TRY(const std::string found_in, copy_file_up(*target));
        directory = open_inside(root_fd_, found_in, O_PATH | O_DIRECTORY);
        if (!directory || fstatat(directory.get(), leaf.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0)
            return Error(Code::corrupt, fmt::format("entry {} is a hard link to {}, which does not exist",
                                                    printable(entry.path), printable(entry.link)));
    }
    if (S_ISDIR(seen.st_mode) || is_whiteout(seen))
        return Error(Code::corrupt, fmt::format("entry {} is a hard link to {}, which is not a file", printable(entry.path),
                                                printable(entry.link)));
    TRY_VOID(clear_way(name));
    if (linkat(directory.get(), leaf.c_str(), parent_fd_.get(), name.c_str(), 0) != 0) return entry_errno(entry.path, "link");
    return ok();
}

Result<void> LayerWriter::make_special(const TarEntry& entry, const std::string& name) {
    TRY_VOID(clear_way(name));
    int rc = 0;
    if (entry.type == TarEntry::Type::fifo) {
        rc = mknodat(parent_fd_.get(), name.c_str(), S_IFIFO | 0600, 0);
    } else {
        if (entry.link.empty() || entry.link.size() > link_bytes_max)
            return Error(Code::corrupt, fmt::format("entry {} is a link without a valid target", printable(entry.path)));
        rc = symlinkat(entry.link.c_str(), parent_fd_.get(), name.c_str());
        parent_fd_.reset();  // a path through the new link may differ from the cached one
    }
    if (rc != 0) return entry_errno(entry.path, "create");
    if (!parent_fd_) TRY_VOID(enter_parent(parent_));
    const int directory = parent_fd_.get();
    const auto uid = static_cast<uid_t>(entry.uid);
    const auto gid = static_cast<gid_t>(entry.gid);
    if (fchownat(directory, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) return entry_errno(entry.path, "chown");
    if (entry.type == TarEntry::Type::fifo && fchmodat(directory, name.c_str(), entry.mode, 0) != 0)
        return entry_errno(entry.path, "chmod");
    const timespec times[2] = {to_timespec(entry.mtime_s, entry.mtime_ns), to_timespec(entry.mtime_s, entry.mtime_ns)};
    utimensat(directory, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return ok();
}

Result<void> LayerWriter::whiteout(const std::string& parent, std::string_view name) {
    TRY(const std::string target, whiteout_target(name));
    TRY_VOID(enter_parent(parent));
    if (mknodat(parent_fd_.get(), target.c_str(), S_IFCHR, makedev(0, 0)) == 0) return ok();
    if (errno != EEXIST) return entry_errno(target, "create whiteout");
    // What this very layer brings stays; a directory no longer shows what is below.
    struct stat seen {};
    if (fstatat(parent_fd_.get(), target.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(seen.st_mode))
        return mark_opaque(parent_.empty() ? target : fmt::format("{}/{}", parent_, target));
    return ok();
}

// ---- attributes ------------------------------------------------------------------------------------------------------

Result<void> LayerWriter::set_file_attributes(int fd, const TarEntry& entry, bool times) {
    // Owner first: changing it clears the setuid bits and the file's capabilities.
    if (fchown(fd, static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)) != 0) return entry_errno(entry.path, "chown");
    if (fchmod(fd, entry.mode) != 0) return entry_errno(entry.path, "chmod");
    for (const auto& [name, value] : entry.xattrs) {
        const bool kept = keeps_xattr(name);
        if (kept && fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
        if (kept && errno != EOPNOTSUPP && errno != EINVAL && errno != EPERM) return entry_errno(entry.path, "set " + name);
        ++report_.xattrs_dropped;
    }
    const timespec both[2] = {to_timespec(entry.mtime_s, entry.mtime_ns), to_timespec(entry.mtime_s, entry.mtime_ns)};
    if (times) futimens(fd, both);
    return ok();
}

Result<void> LayerWriter::mark_opaque(const std::string& path) {
    if (path.empty()) {
        report_.hides_lower = true;  // overlay never asks whether a root is opaque: the layers below are left out
        return ok();
    }
    if (!opaque_.insert(path).second) return ok();
    if (opaque_.size() > opaque_dirs_max) return Error(Code::too_large, "has more than 8192 opaque directories");
    UniqueFd fd = open_inside(root_fd_, path, O_RDONLY | O_DIRECTORY);
    if (!fd) return entry_errno(path, "open");
    // Some file systems have no user attributes; then no user namespace can mount an overlay on them either.
    fsetxattr(fd.get(), "user.overlay.opaque", "y", 1, 0);
    return ok();
}

Result<LayerWriter::Was> LayerWriter::clear_way(const std::string& name) {
    struct stat seen {};
    if (fstatat(parent_fd_.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) return Was::nothing;
    if (!S_ISDIR(seen.st_mode)) {
        if (unlinkat(parent_fd_.get(), name.c_str(), 0) != 0) return entry_errno(name, "replace");
        if (S_ISREG(seen.st_mode) && seen.st_nlink == 1) report_.size_bytes -= seen.st_size;
        return is_whiteout(seen) ? Was::whiteout : Was::file;
    }
    int64_t removed_bytes = 0;
    TRY_VOID(remove_tree(parent_fd_.get(), name, &removed_bytes));
    report_.size_bytes -= removed_bytes;
    const std::string path = parent_.empty() ? name : fmt::format("{}/{}", parent_, name);
    std::erase_if(opaque_, [&](const std::string& dir) { return dir == path || dir.starts_with(path + "/"); });
    return Was::directory;
}

Result<LayerReport> LayerWriter::finish() {
    for (const auto& [path, when] : directory_times_) {
        UniqueFd fd = open_inside(root_fd_, path, O_RDONLY | O_DIRECTORY);
        if (!fd) continue;  // replaced by a later entry
        const timespec times[2] = {to_timespec(when.seconds, when.nanoseconds), to_timespec(when.seconds, when.nanoseconds)};
        futimens(fd.get(), times);
    }
    report_.opaque_dirs.assign(opaque_.begin(), opaque_.end());
    return report_;
}

// ---- parents ---------------------------------------------------------------------------------------------------------

Result<void> LayerWriter::enter_parent(const std::string& parent) {
    if (parent_fd_ && parent == parent_) return ok();
    TRY(parent_fd_, open_parent(parent));
    parent_ = parent;
    return ok();
}

Result<UniqueFd> LayerWriter::open_parent(const std::string& parent) {
    UniqueFd fd = open_inside(root_fd_, parent, O_PATH | O_DIRECTORY);
    if (fd) return fd;
    TRY(const std::string made, make_parents(parent));
    fd = open_inside(root_fd_, made, O_PATH | O_DIRECTORY);
    if (!fd) return entry_errno(parent, "open");
    return fd;
}

/// Makes every directory of `path`, following the symlinks of the merged view; returns where that led.
Result<std::string> LayerWriter::make_parents(const std::string& path) {
    std::vector<std::string> resolved;
    std::vector<std::string> todo = split_components(path);
    std::reverse(todo.begin(), todo.end());
    int links = 0;
    while (!todo.empty()) {
        const std::string name = std::move(todo.back());
        todo.pop_back();
        if (name == ".") continue;
        if (name == "..") {
            if (!resolved.empty()) resolved.pop_back();
            continue;
        }
        auto made = make_parent(resolved, name, todo, links);
        if (!made) return std::move(made).error().with_context("entry " + printable(path));
        if (resolved.size() > path_depth_max)
            return Error(Code::corrupt, fmt::format("entry {} is nested too deeply", printable(path)));
    }
    std::string joined;
    for (const auto& part : resolved) joined += (joined.empty() ? "" : "/") + part;
    return joined;
}

namespace {
/// Puts a symlink's target in front of what is left to walk.
Result<void> follow(const std::string& target, std::vector<std::string>& resolved, std::vector<std::string>& todo, int& links) {
    if (++links > symlinks_max) return Error::from_errno("resolve", ELOOP);
    if (target.starts_with('/')) resolved.clear();
    auto parts = split_components(target);
    todo.insert(todo.end(), parts.rbegin(), parts.rend());
    return ok();
}

std::string read_link(int directory, const std::string& name) {
    char buffer[PATH_MAX];
    const ssize_t length = readlinkat(directory, name.c_str(), buffer, sizeof buffer);
    return length > 0 ? std::string(buffer, static_cast<size_t>(length)) : std::string();
}

std::string join(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out += (out.empty() ? "" : "/") + part;
    return out;
}
}  // namespace

Result<void> LayerWriter::make_parent(std::vector<std::string>& resolved, const std::string& name,
                                      std::vector<std::string>& todo, int& links) {
    UniqueFd here = open_inside(root_fd_, join(resolved), O_PATH | O_DIRECTORY);
    if (!here) return Error::from_errno("open " + join(resolved), errno);
    struct stat seen {};
    const bool exists = fstatat(here.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && S_ISLNK(seen.st_mode)) return follow(read_link(here.get(), name), resolved, todo, links);
    auto full = resolved;
    full.push_back(name);
    if (exists && !S_ISDIR(seen.st_mode)) {
        if (!is_whiteout(seen)) return Error::from_errno(join(full), ENOTDIR);
        if (unlinkat(here.get(), name.c_str(), 0) != 0) return Error::from_errno("replace " + join(full), errno);
        TRY_VOID(copy_directory(here.get(), name, nullptr));
        TRY_VOID(mark_opaque(join(full)));
    } else if (!exists) {
        report_.leans_on_lower = true;
        auto below = lower_.find(full);
        if (below && S_ISLNK(below->seen.st_mode))
            return follow(read_link(below->directory.get(), below->name), resolved, todo, links);
        const bool directory = below && S_ISDIR(below->seen.st_mode);
        TRY_VOID(copy_directory(here.get(), name, directory ? &*below : nullptr));
    }
    resolved = std::move(full);
    return ok();
}

Result<void> LayerWriter::copy_directory(int parent, const std::string& name, const LowerEntry* from) {
    if (++report_.entries > layer_entries_max) return Error(Code::too_large, "has more than 1000000 entries");
    if (mkdirat(parent, name.c_str(), 0755) != 0) return Error::from_errno("mkdir " + printable(name), errno);
    if (!from) return ok();
    if (fchownat(parent, name.c_str(), from->seen.st_uid, from->seen.st_gid, AT_SYMLINK_NOFOLLOW) != 0 ||
        fchmodat(parent, name.c_str(), from->seen.st_mode & 07777, 0) != 0)
        return Error::from_errno("copy attributes of " + printable(name), errno);
    return ok();
}

/// A hard link whose target only a lower layer holds: the file comes up, as overlay itself would do it. Returns the
/// directory where it is, or would be.
Result<std::string> LayerWriter::copy_file_up(const std::string& path) {
    const auto [parent, name] = split_path(path);
    TRY(const std::string directory, make_parents(std::string(parent)));
    auto components = split_components(directory);
    components.emplace_back(name);
    const auto below = lower_.find(components);
    if (!below || !S_ISREG(below->seen.st_mode)) return directory;  // the caller sees that it is missing
    report_.leans_on_lower = true;
    UniqueFd here = open_inside(root_fd_, directory, O_PATH | O_DIRECTORY);
    struct stat seen {};
    if (here && fstatat(here.get(), below->name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0) return directory;
    UniqueFd source(openat(below->directory.get(), below->name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!source || !here) return entry_errno(path, "open the file of a lower layer");
    UniqueFd target(openat(here.get(), below->name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!target) return entry_errno(path, "create");
    TRY_VOID(copy_content(*below, source.get(), target.get()));
    return directory;
}

Result<void> LayerWriter::copy_content(const LowerEntry& from, int source, int target) {
    TRY_VOID(count_bytes(from.seen.st_size));
    std::vector<char> buffer(256 * 1024);
    for (;;) {
        const ssize_t got = ::read(source, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return entry_errno(from.name, "read");
        if (got == 0) break;
        TRY_VOID(room_.take(root_fd_, static_cast<size_t>(got)));
        if (::write(target, buffer.data(), static_cast<size_t>(got)) != got) return entry_errno(from.name, "write");
    }
    TarEntry same;
    same.path = from.name;
    same.mode = from.seen.st_mode & 07777;
    same.uid = from.seen.st_uid;
    same.gid = from.seen.st_gid;
    same.mtime_s = from.seen.st_mtim.tv_sec;
    same.mtime_ns = from.seen.st_mtim.tv_nsec;
    char value[256];
    const ssize_t length = fgetxattr(source, "security.capability", value, sizeof value);
    if (length > 0) same.xattrs.emplace_back("security.capability", std::string(value, static_cast<size_t>(length)));
    return set_file_attributes(target, same, true);
}

}  // namespace orilla::images
