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
#include <mutex>

#include "orilla/base/durable.hpp"
#include "orilla/base/file_system.hpp"
#include "orilla/base/unique_fd.hpp"
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
/// EXT4_IOC_RESIZE_FS, which no header of the kernel's has for us.
constexpr unsigned long ext4_resize = _IOW('f', 16, uint64_t);

/// One after another: whoever mounts must not meet who unmounts, and room is promised once. None of it waits for a network.
std::mutex& volumes_mutex() {
    static std::mutex mutex;
    return mutex;
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

Result<void> make_image(const std::string& file, int64_t bytes) {
    UniqueFd image(open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!image) return Error::from_errno("make " + file, errno);
    if (ftruncate(image.get(), bytes) != 0) return Error::from_errno("make " + file + " as large as asked for", errno);
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
    constexpr int64_t block_bytes = 512;
    for (const auto& name : list_names(dir_)) {
        struct stat image {};
        if (stat((path(name) + "/image").c_str(), &image) == 0)
            room -= std::max<int64_t>(image.st_size - image.st_blocks * block_bytes, 0);
    }
    if (bytes <= room) return ok();
    return Error(Code::unavailable, "not enough room on the node's disk: " + shown_bytes(bytes) + " are asked for, and " +
                                        shown_bytes(room) + " are neither used nor promised");
}

Result<void> LoopVolumes::make(const std::string& name, int64_t bytes) const {
    const std::lock_guard lock(volumes_mutex());
    TRY_VOID(make_durable_directory(dir_, 0711));
    if (exists(path(name))) return ok();
    const std::string making = path(name) + std::string(begun);
    TRY_VOID(remove_directory(making));
    TRY_VOID(check_room(bytes));
    TRY_VOID(make_plain_directory(making, 0711));
    auto made = make_image(making + "/image", bytes);
    if (made) made = touch(making + fresh_mark);
    if (made) made = make_plain_directory(making + "/users", 0700);
    if (made) made = sync_path(making);
    if (made && rename(making.c_str(), path(name).c_str()) != 0) made = Error::from_errno("name " + path(name), errno);
    if (!made) {
        static_cast<void>(remove_directory(making));
        return made;
    }
    return sync_path(dir_);
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
            TRY_VOID(remove_directory(path(name)));
            continue;
        }
        struct stat image {};
        if (stat((path(name) + "/image").c_str(), &image) != 0) continue;
        for (const auto& pod : list_names(path(name) + "/users"))
            if (!exists(pods_dir + "/" + pod)) TRY_VOID(release_locked(name, pod));
        out.push_back({name, static_cast<int64_t>(image.st_size), exists(path(name) + fresh_mark)});
    }
    return out;
}

Result<void> LoopVolumes::publish(const std::string& name, const std::string& pod_uid) const {
    const std::lock_guard lock(volumes_mutex());
    if (!exists(path(name) + "/image"))
        return Error(Code::not_found, "the data of volume " + name + " is not on this node: " + path(name) + " is missing");
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
