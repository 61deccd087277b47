#include "storage/loop_volumes.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "orilla/base/durable.hpp"
#include "orilla/base/file_system.hpp"
#include "orilla/base/unique_fd.hpp"
#include "storage/image_copy.hpp"
#include "storage/loop_device.hpp"
#include "storage/make_ext4.hpp"

namespace orilla::node {
namespace {

constexpr int64_t mib = int64_t{1} << 20;
/// ext4 with a journal wants this much.
constexpr int64_t volume_bytes_min = 16 * mib;
/// Left to the box, whatever claims ask for: as much as logs leave.
constexpr int64_t reserve_bytes_max = 100 * mib;
constexpr int64_t reserve_divisor = 20;
constexpr std::string_view begun = ".new", going = ".gone";
constexpr const char* fresh_mark = "/fresh";
constexpr const char* snapshot_mark = "/snapshot";
/// Its size tells how much a copy and its source had in common on the disk when it was made.
constexpr const char* shared_mark = "/shared";
/// EXT4_IOC_RESIZE_FS, which no header of the kernel's has for us.
constexpr unsigned long ext4_resize = _IOW('f', 16, uint64_t);

/// One after another: whoever mounts must not meet who unmounts, and room is promised once. None of it waits for a network.
std::mutex& volumes_mutex() {
    static std::mutex mutex;
    return mutex;
}

/// Those that are being made, and those whose data is being copied: under the mutex.
std::set<std::string>& begun_volumes() {
    static std::set<std::string> names;
    return names;
}
std::multiset<std::string>& copied_volumes() {
    static std::multiset<std::string> names;
    return names;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool is_mounted(const std::string& volume) {
    struct stat own {
    }, above{};
    const std::string at = volume + "/mount";
    return lstat(at.c_str(), &own) == 0 && lstat(volume.c_str(), &above) == 0 && own.st_dev != above.st_dev;
}

Result<void> make_plain_directory(const std::string& path, mode_t mode) {
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return Error::from_errno("make directory " + path, errno);
    if (chmod(path.c_str(), mode) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

Result<void> touch(const std::string& path) {
    UniqueFd made(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made) return Error::from_errno("make " + path, errno);
    return ok();
}

Result<void> remove_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return Error::from_errno("remove " + path, error.value());
    return ok();
}

Result<UniqueFd> make_sparse(const std::string& file, int64_t bytes) {
    UniqueFd made(open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made) return Error::from_errno("make " + file, errno);
    if (ftruncate(made.get(), bytes) != 0) return Error::from_errno("make " + file + " as large as asked for", errno);
    return made;
}

Result<void> make_image(const std::string& file, int64_t bytes) {
    TRY(const UniqueFd image, make_sparse(file, bytes));
    TRY_VOID(make_ext4(file));
    if (fsync(image.get()) != 0) return Error::from_errno("sync " + file, errno);
    return ok();
}

Result<void> mount_image(const std::string& volume) {
    TRY_VOID(make_plain_directory(volume + "/mount", 0711));
    TRY(const LoopDevice device, attach_loop_device(volume + "/image"));
    // What is deleted inside is free outside; an error stops the volume and nothing else.
    const std::string at = volume + "/mount";
    if (::mount(device.path.c_str(), at.c_str(), "ext4", 0, "discard,errors=remount-ro") != 0)
        return Error::from_errno("mount " + volume + "/image", errno);
    return ok();
}

Result<void> unmount_image(const std::string& volume, bool even_if_busy) {
    if (!is_mounted(volume)) return ok();
    const std::string at = volume + "/mount";
    if (umount2(at.c_str(), UMOUNT_NOFOLLOW) == 0) return ok();
    if (errno == EBUSY && even_if_busy && umount2(at.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) return ok();
    return Error::from_errno("unmount " + at, errno);
}

/// Without this no mounted file system becomes larger, and none is asked to.
bool may_resize() { return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1; }

/// The file system inside becomes as large as its file, while it is mounted.
Result<void> fill_image(const std::string& volume) {
    const std::string at = volume + "/mount";
    UniqueFd root(open(at.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat image {
    }, mounted{};
    struct statfs inside {};
    if (!root || stat((volume + "/image").c_str(), &image) != 0 || fstat(root.get(), &mounted) != 0 ||
        fstatfs(root.get(), &inside) != 0)
        return Error::from_errno("look at " + at, errno);
    TRY_VOID(refresh_loop_device(minor(mounted.st_dev)));
    const uint64_t blocks = static_cast<uint64_t>(image.st_size) / static_cast<uint64_t>(inside.f_bsize);
    if (ioctl(root.get(), ext4_resize, &blocks) != 0) return Error::from_errno("resize the file system on " + at, errno);
    return ok();
}

std::string shown_bytes(int64_t bytes) { return std::to_string(std::max<int64_t>(bytes, 0) / mib) + " MiB"; }

}  // namespace

int64_t LoopVolumes::rounded(int64_t bytes) {
    const int64_t whole = std::min(bytes, INT64_MAX - mib) + mib - 1;
    return std::max(whole / mib * mib, volume_bytes_min);
}

/// What was promised and is not written yet is as good as written.
Result<void> LoopVolumes::check_room(int64_t bytes) const {
    struct statvfs disk {};
    if (statvfs(dir_.c_str(), &disk) != 0) return Error::from_errno("look at " + dir_, errno);
    const auto unit = static_cast<int64_t>(disk.f_frsize);
    int64_t room = static_cast<int64_t>(disk.f_bavail) * unit;
    room -= std::min(static_cast<int64_t>(disk.f_blocks) * unit / reserve_divisor, reserve_bytes_max);
    for (const auto& name : list_names(dir_)) {
        struct stat image {
        }, shared{};
        // Nobody writes to a snapshot. Blocks that are shared have to be there twice once one of the two is written to.
        if (!exists(path(name) + snapshot_mark) && stat((path(name) + "/image").c_str(), &image) == 0)
            room -= std::max<int64_t>(image.st_size - int64_t{image.st_blocks} * stat_block_bytes, 0);
        if (stat((path(name) + shared_mark).c_str(), &shared) == 0) room -= int64_t{shared.st_size};
    }
    if (bytes <= room) return ok();
    return Error(Code::unavailable, "not enough room on the node's disk: " + shown_bytes(bytes) + " are asked for, and " +
                                        shown_bytes(room) + " are neither used nor promised");
}

Result<objects::DiskVolume> LoopVolumes::make(const objects::NewVolume& wanted) const {
    std::unique_lock lock(volumes_mutex());
    const std::string &name = wanted.name, own = path(name);
    TRY_VOID(make_durable_directory(dir_, 0711));
    if (exists(own)) return look_at(name);
    if (begun_volumes().contains(name)) return Error(Code::unavailable, "volume " + name + " is being made already");
    const std::string making = own + std::string(begun);
    TRY_VOID(remove_directory(making));
    int64_t bytes = wanted.bytes;
    if (!wanted.source.empty()) {
        TRY(bytes, size_copy(wanted));
    } else {
        TRY_VOID(check_room(bytes));
    }
    TRY_VOID(make_plain_directory(making, 0711));
    begun_volumes().insert(name);
    auto made = fill(wanted, bytes, making, lock);
    begun_volumes().erase(name);
    if (made) made = touch(making + fresh_mark);
    if (made) made = make_plain_directory(making + "/users", 0700);
    if (made) made = sync_path(making);
    if (made && rename(making.c_str(), own.c_str()) != 0) made = Error::from_errno("name " + own, errno);
    if (!made) {
        static_cast<void>(remove_directory(making));
        return std::move(made).error();
    }
    TRY_VOID(sync_path(dir_));
    return look_at(name);
}

/// How large the copy becomes, when there is room for it.
Result<int64_t> LoopVolumes::size_copy(const objects::NewVolume& wanted) const {
    struct stat from {};
    if (stat((path(wanted.source) + "/image").c_str(), &from) != 0)
        return Error(Code::not_found, "the data of " + wanted.source + " is not on this node");
    const int64_t bytes = std::max<int64_t>(wanted.bytes, from.st_size);
    if (bytes > from.st_size && !may_resize())
        return Error(Code::unsupported,
                     "the daemon lacks CAP_SYS_RESOURCE, without which a copy cannot be larger than its source");
    if (is_mounted(path(wanted.source)) && copied_volumes().contains(wanted.source))
        return Error(Code::unavailable, "volume " + wanted.source + " is being copied already");
    TRY_VOID(check_room(wanted.snapshot ? int64_t{from.st_blocks} * stat_block_bytes : bytes));
    return bytes;
}

Result<void> LoopVolumes::fill(const objects::NewVolume& wanted, int64_t bytes, const std::string& making,
                               std::unique_lock<std::mutex>& lock) const {
    if (wanted.source.empty()) return make_image(making + "/image", bytes);
    return fill_from_source(wanted, bytes, making, lock);
}

/// It may take long: others go on meanwhile. A source that is not mounted stays so until it is done.
Result<void> LoopVolumes::fill_from_source(const objects::NewVolume& wanted, int64_t bytes, const std::string& making,
                                           std::unique_lock<std::mutex>& lock) const {
    const std::string source = path(wanted.source), file = making + "/image";
    const UniqueFd from(open((source + "/image").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!from) return Error::from_errno("open " + source + "/image", errno);
    TRY(const UniqueFd target, make_sparse(file, bytes));
    UniqueFd mounted;
    if (is_mounted(source)) {
        mounted = UniqueFd(open((source + "/mount").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!mounted) return Error::from_errno("open " + source + "/mount", errno);
    }
    const auto mark = copied_volumes().insert(wanted.source);
    lock.unlock();
    objects::CopyProgress unwatched;
    const auto copied = copy_image(from, target, mounted, wanted.progress ? *wanted.progress : unwatched);
    const bool synced = copied && fsync(target.get()) == 0;
    const int sync_error = errno;
    mounted.reset();
    lock.lock();
    copied_volumes().erase(mark);
    if (!copied) return copied.error();
    if (!synced) return Error::from_errno("sync " + file, sync_error);
    if (copied->shared_bytes > 0) TRY_VOID(make_sparse(making + shared_mark, copied->shared_bytes));
    if (!wanted.snapshot) return ok();
    constexpr int64_t second_ns = 1'000'000'000;
    const timespec taken{static_cast<time_t>(copied->taken_ns / second_ns), static_cast<long>(copied->taken_ns % second_ns)};
    const timespec times[] = {taken, taken};
    if (futimens(target.get(), times) != 0) return Error::from_errno("date " + file, errno);
    return touch(making + snapshot_mark);
}

Result<objects::DiskVolume> LoopVolumes::look_at(const std::string& name) const {
    struct stat image {};
    if (stat((path(name) + "/image").c_str(), &image) != 0)
        return Error(Code::not_found, "the data of " + name + " is not on this node");
    objects::DiskVolume out{name, static_cast<int64_t>(image.st_size), exists(path(name) + fresh_mark),
                            exists(path(name) + snapshot_mark)};
    if (out.snapshot) out.taken_ns = int64_t{image.st_mtim.tv_sec} * 1'000'000'000 + image.st_mtim.tv_nsec;
    return out;
}

Result<objects::DiskVolume> LoopVolumes::find(const std::string& name) const {
    const std::lock_guard lock(volumes_mutex());
    return look_at(name);
}

Result<void> LoopVolumes::keep(const std::string& name) const {
    if (unlink((path(name) + fresh_mark).c_str()) != 0 && errno != ENOENT)
        return Error::from_errno("keep volume " + name, errno);
    return ok();
}

Result<void> LoopVolumes::grow(const std::string& name, int64_t bytes) const {
    // Before the file is larger than what is inside could ever become.
    if (!may_resize())
        return Error(Code::unsupported, "the daemon lacks CAP_SYS_RESOURCE, without which no file system can be resized");
    const std::lock_guard lock(volumes_mutex());
    const std::string file = path(name) + "/image";
    struct stat image {};
    if (stat(file.c_str(), &image) != 0) return Error::from_errno("look at " + file, errno);
    if (copied_volumes().contains(name))
        return Error(Code::unavailable, "volume " + name + " is being copied: it grows when that is done");
    if (bytes > image.st_size) {
        TRY_VOID(check_room(bytes - image.st_size));
        if (truncate(file.c_str(), bytes) != 0) return Error::from_errno("grow " + file, errno);
        TRY_VOID(sync_path(file));
    }
    // One that nobody has is filled when it is mounted next.
    return is_mounted(path(name)) ? fill_image(path(name)) : ok();
}

Result<void> LoopVolumes::remove(const std::string& name) const {
    const std::lock_guard lock(volumes_mutex());
    const std::string own = path(name), gone = own + std::string(going);
    if (exists(own)) {
        const auto users = list_names(own + "/users");
        if (!users.empty()) return Error(Code::conflict, "volume " + name + " is in use by pod " + users.front());
        TRY_VOID(unmount_image(own, false));
        if (rename(own.c_str(), gone.c_str()) != 0) return Error::from_errno("remove volume " + name, errno);
        TRY_VOID(sync_path(dir_));
    }
    return remove_directory(gone);
}

Result<std::vector<objects::DiskVolume>> LoopVolumes::list(const std::string& pods_dir) const {
    const std::lock_guard lock(volumes_mutex());
    std::vector<objects::DiskVolume> out;
    for (const auto& name : list_names(dir_)) {
        if (name.ends_with(begun) || name.ends_with(going)) {
            if (begun_volumes().contains(name.substr(0, name.size() - begun.size()))) continue;
            TRY_VOID(remove_directory(path(name)));
            continue;
        }
        const auto found = look_at(name);
        if (!found) continue;
        // A daemon that is killed in the middle of a copy leaves the volume's writers waiting.
        if (is_mounted(path(name))) thaw(UniqueFd(open((path(name) + "/mount").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
        for (const auto& pod : list_names(path(name) + "/users"))
            if (!exists(pods_dir + "/" + pod)) TRY_VOID(release_locked(name, pod));
        out.push_back(*found);
    }
    return out;
}

Result<void> LoopVolumes::publish(const std::string& name, const std::string& pod_uid) const {
    const std::lock_guard lock(volumes_mutex());
    if (!exists(path(name) + "/image"))
        return Error(Code::not_found, "the data of volume " + name + " is not on this node: " + path(name) + " is missing");
    if (exists(path(name) + snapshot_mark))
        return Error(Code::invalid, name + " is a snapshot: it is not mounted, but restored by a claim that names it");
    if (!is_mounted(path(name)) && copied_volumes().contains(name))
        return Error(Code::unavailable, "volume " + name + " is being copied: its pods start when that is done");
    // Noted first: what is mounted has somebody whose end unmounts it.
    TRY_VOID(make_plain_directory(path(name) + "/users", 0700));
    TRY_VOID(touch(path(name) + "/users/" + pod_uid));
    if (!is_mounted(path(name))) {
        TRY_VOID(mount_image(path(name)));
        if (may_resize()) TRY_VOID(fill_image(path(name)));
    }
    // Not the root of the file system, whose lost+found makes databases refuse the directory.
    if (exists(place(name))) return ok();
    return make_plain_directory(place(name), 0777);
}

Result<void> LoopVolumes::release(const std::string& name, const std::string& pod_uid) const {
    const std::lock_guard lock(volumes_mutex());
    return release_locked(name, pod_uid);
}

Result<void> LoopVolumes::release_locked(const std::string& name, const std::string& pod_uid) const {
    const std::string users = path(name) + "/users";
    if (unlink((users + "/" + pod_uid).c_str()) != 0 && errno != ENOENT)
        return Error::from_errno("release volume " + name, errno);
    return list_names(users).empty() ? unmount_image(path(name), true) : ok();
}

std::optional<LoopVolumePlace> find_loop_volume(const std::string& place) {
    constexpr std::string_view tail = "/mount/data";
    if (!place.ends_with(tail)) return std::nullopt;
    const std::string volume = place.substr(0, place.size() - tail.size());
    const size_t slash = volume.rfind('/');
    // A directory of a user may be called so, too.
    if (slash == std::string::npos || !exists(volume + "/image")) return std::nullopt;
    return LoopVolumePlace{volume.substr(0, slash), volume.substr(slash + 1)};
}

}  // namespace orilla::node
