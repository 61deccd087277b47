#include "storage/local_volumes.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>

#include "orilla/base/durable.hpp"
#include "orilla/base/file_system.hpp"
#include "storage/volume_files.hpp"

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

std::string shown_bytes(int64_t bytes) { return std::to_string(std::max<int64_t>(bytes, 0) / mib) + " MiB"; }

/// What may still be written to it. Nobody writes to a snapshot. Blocks that are shared have to be there twice once one of the
/// two is written to.
int64_t find_promise(const std::string& volume) {
    const VolumeMethod* method = find_method(volume);
    if (!method) return 0;
    struct stat shared {};
    const bool is_copy = stat((volume + shared_mark).c_str(), &shared) == 0;
    return (exists(volume + snapshot_mark) ? 0 : method->due(volume)) +
           (is_copy ? method->still_shared(volume, int64_t{shared.st_size}) : 0);
}

/// Whatever method it was begun with.
Result<void> remove_volume(const std::string& path) {
    if (!exists(path)) return ok();
    // Somebody may have taken the file away from under a mount.
    TRY_VOID(loop_method().close(path, true));
    if (const VolumeMethod* method = find_method(path)) {
        TRY_VOID(method->clear(path));
    } else if (exists(path + project_method().place())) {
        // One that was begun, and has no size yet.
        TRY_VOID(choose_method(parent_directory(path)).clear(path));
    }
    return remove_directory(path);
}

Result<void> date(const std::string& file, int64_t taken_ns) {
    constexpr int64_t second_ns = 1'000'000'000;
    const timespec taken{static_cast<time_t>(taken_ns / second_ns), static_cast<long>(taken_ns % second_ns)};
    const timespec times[] = {taken, taken};
    if (utimensat(AT_FDCWD, file.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return Error::from_errno("date " + file, errno);
    return ok();
}

}  // namespace

int64_t LocalVolumes::rounded(int64_t bytes) {
    const int64_t whole = std::min(bytes, INT64_MAX - mib) + mib - 1;
    return std::max(whole / mib * mib, volume_bytes_min);
}

/// What was promised and is not written yet is as good as written.
Result<void> LocalVolumes::check_room(int64_t bytes) const {
    struct statvfs disk {};
    if (statvfs(dir_.c_str(), &disk) != 0) return Error::from_errno("look at " + dir_, errno);
    const auto unit = static_cast<int64_t>(disk.f_frsize);
    int64_t room = static_cast<int64_t>(disk.f_bavail) * unit;
    room -= std::min(static_cast<int64_t>(disk.f_blocks) * unit / reserve_divisor, reserve_bytes_max);
    for (const auto& name : list_names(dir_)) room -= find_promise(path(name));
    if (bytes <= room) return ok();
    return Error(Code::unavailable, "not enough room on the node's disk: " + shown_bytes(bytes) + " are asked for, and " +
                                        shown_bytes(room) + " are neither used nor promised");
}

Result<const VolumeMethod*> LocalVolumes::method_of(const std::string& name) const {
    const VolumeMethod* method = find_method(path(name));
    if (!method) return Error(Code::not_found, "the data of " + name + " is not on this node");
    return method;
}

Result<objects::DiskVolume> LocalVolumes::make(const objects::NewVolume& wanted) const {
    std::unique_lock lock(volumes_mutex());
    const std::string &name = wanted.name, own = path(name);
    TRY_VOID(make_durable_directory(dir_, 0711));
    if (exists(own)) return look_at(name);
    if (begun_volumes().contains(name)) return Error(Code::unavailable, "volume " + name + " is being made already");
    const std::string making = own + std::string(begun);
    TRY_VOID(remove_volume(making));
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
        static_cast<void>(remove_volume(making));
        return std::move(made).error();
    }
    TRY_VOID(sync_path(dir_));
    return look_at(name);
}

/// How large the copy becomes, when there is room for it.
Result<int64_t> LocalVolumes::size_copy(const objects::NewVolume& wanted) const {
    const std::string source = path(wanted.source);
    TRY(const VolumeMethod* method, method_of(wanted.source));
    TRY(const int64_t from_bytes, method->size(source));
    const int64_t bytes = std::max<int64_t>(wanted.bytes, from_bytes);
    if (method->is_open(source) && copied_volumes().contains(wanted.source))
        return Error(Code::unavailable, "volume " + wanted.source + " is being copied already");
    TRY_VOID(check_room(wanted.snapshot ? method->used(source) : bytes));
    return bytes;
}

Result<void> LocalVolumes::fill(const objects::NewVolume& wanted, int64_t bytes, const std::string& making,
                                std::unique_lock<std::mutex>& lock) const {
    if (wanted.source.empty()) return choose_method(dir_).make(making, bytes);
    return fill_from_source(wanted, bytes, making, lock);
}

/// It may take long: others go on meanwhile. A source that no pod has stays so until it is done.
Result<void> LocalVolumes::fill_from_source(const objects::NewVolume& wanted, int64_t bytes, const std::string& making,
                                            std::unique_lock<std::mutex>& lock) const {
    const std::string source = path(wanted.source);
    TRY(const VolumeMethod* method, method_of(wanted.source));
    objects::CopyProgress unwatched;
    VolumeCopy copy{
        source, making, bytes, method->is_open(source), wanted.snapshot, wanted.progress ? *wanted.progress : unwatched};
    TRY_VOID(method->prepare_copy(copy));
    const auto mark = copied_volumes().insert(wanted.source);
    lock.unlock();
    const auto copied = method->copy(copy);
    copy.held.reset();
    lock.lock();
    copied_volumes().erase(mark);
    if (!copied) return copied.error();
    if (copied->shared_bytes > 0) TRY_VOID(make_sparse(making + shared_mark, copied->shared_bytes));
    if (!wanted.snapshot) return ok();
    TRY_VOID(date(making + method->figure(), copied->taken_ns));
    return touch(making + snapshot_mark);
}

Result<objects::DiskVolume> LocalVolumes::look_at(const std::string& name) const {
    TRY(const VolumeMethod* method, method_of(name));
    TRY(const int64_t bytes, method->size(path(name)));
    objects::DiskVolume out{name, bytes, exists(path(name) + fresh_mark), exists(path(name) + snapshot_mark)};
    struct stat figure {};
    if (out.snapshot && stat((path(name) + method->figure()).c_str(), &figure) == 0)
        out.taken_ns = int64_t{figure.st_mtim.tv_sec} * 1'000'000'000 + figure.st_mtim.tv_nsec;
    return out;
}

Result<objects::DiskVolume> LocalVolumes::find(const std::string& name) const {
    const std::lock_guard lock(volumes_mutex());
    return look_at(name);
}

Result<void> LocalVolumes::keep(const std::string& name) const {
    if (unlink((path(name) + fresh_mark).c_str()) != 0 && errno != ENOENT)
        return Error::from_errno("keep volume " + name, errno);
    return ok();
}

Result<void> LocalVolumes::grow(const std::string& name, int64_t bytes) const {
    const std::lock_guard lock(volumes_mutex());
    TRY(const VolumeMethod* method, method_of(name));
    TRY_VOID(method->check_growth());
    TRY(const int64_t have, method->size(path(name)));
    if (copied_volumes().contains(name))
        return Error(Code::unavailable, "volume " + name + " is being copied: it grows when that is done");
    if (bytes > have) TRY_VOID(check_room(bytes - have));
    return method->grow(path(name), bytes);
}

Result<void> LocalVolumes::remove(const std::string& name) const {
    const std::lock_guard lock(volumes_mutex());
    const std::string own = path(name), gone = own + std::string(going);
    if (exists(own)) {
        const auto users = list_names(own + "/users");
        if (!users.empty()) return Error(Code::conflict, "volume " + name + " is in use by pod " + users.front());
        if (const VolumeMethod* method = find_method(own)) TRY_VOID(method->close(own, false));
        if (rename(own.c_str(), gone.c_str()) != 0) return Error::from_errno("remove volume " + name, errno);
        TRY_VOID(sync_path(dir_));
    }
    return remove_volume(gone);
}

Result<std::vector<objects::DiskVolume>> LocalVolumes::list(const std::string& pods_dir) const {
    const std::lock_guard lock(volumes_mutex());
    std::vector<objects::DiskVolume> out;
    for (const auto& name : list_names(dir_)) {
        if (name.ends_with(begun) || name.ends_with(going)) {
            if (begun_volumes().contains(name.substr(0, name.size() - begun.size()))) continue;
            TRY_VOID(remove_volume(path(name)));
            continue;
        }
        const auto found = look_at(name);
        if (!found) continue;
        if (const VolumeMethod* method = find_method(path(name))) method->recover(path(name));
        for (const auto& pod : list_names(path(name) + "/users"))
            if (!exists(pods_dir + "/" + pod)) TRY_VOID(release_locked(name, pod));
        out.push_back(*found);
    }
    return out;
}

std::string LocalVolumes::place(const std::string& name) const {
    const VolumeMethod* method = find_method(path(name));
    return path(name) + (method ? *method : loop_method()).place();
}

Result<void> LocalVolumes::publish(const std::string& name, const std::string& pod_uid) const {
    const std::lock_guard lock(volumes_mutex());
    const std::string own = path(name);
    const VolumeMethod* method = find_method(own);
    if (!method) return Error(Code::not_found, "the data of volume " + name + " is not on this node: " + own + " is missing");
    if (exists(own + snapshot_mark))
        return Error(Code::invalid, name + " is a snapshot: it is not mounted, but restored by a claim that names it");
    if (!method->is_open(own) && copied_volumes().contains(name))
        return Error(Code::unavailable, "volume " + name + " is being copied: its pods start when that is done");
    // Noted first: what is mounted has somebody whose end unmounts it.
    TRY_VOID(make_plain_directory(own + "/users", 0700));
    TRY_VOID(touch(own + "/users/" + pod_uid));
    return method->open(own);
}

Result<void> LocalVolumes::release(const std::string& name, const std::string& pod_uid) const {
    const std::lock_guard lock(volumes_mutex());
    return release_locked(name, pod_uid);
}

Result<void> LocalVolumes::release_locked(const std::string& name, const std::string& pod_uid) const {
    const std::string users = path(name) + "/users";
    if (unlink((users + "/" + pod_uid).c_str()) != 0 && errno != ENOENT)
        return Error::from_errno("release volume " + name, errno);
    const VolumeMethod* method = find_method(path(name));
    return method && list_names(users).empty() ? method->close(path(name), true) : ok();
}

std::optional<LocalVolumePlace> find_local_volume(const std::string& place) {
    for (const VolumeMethod* method : {&loop_method(), &project_method()}) {
        if (!place.ends_with(method->place())) continue;
        const std::string volume = place.substr(0, place.size() - std::string_view(method->place()).size());
        const size_t slash = volume.rfind('/');
        // A directory of a user may be called so, too.
        if (slash != std::string::npos && exists(volume + method->figure()))
            return LocalVolumePlace{volume.substr(0, slash), volume.substr(slash + 1)};
    }
    return std::nullopt;
}

}  // namespace orilla::node
