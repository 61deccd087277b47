#include "container_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "cgroup_files.hpp"
#include "orilla/base/mountinfo.hpp"

namespace orilla::runtime {

namespace {

constexpr int host_devices_max = 1024;

/// Every character and block device directly below the host's /dev: what a privileged container gets.
std::vector<DeviceSpec> list_host_devices() {
    std::vector<DeviceSpec> devices;
    const char* made_by_us[] = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"};
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir("/dev"), closedir);
    while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
        if (entry->d_type != DT_CHR && entry->d_type != DT_BLK) continue;
        const bool ours = std::any_of(std::begin(made_by_us), std::end(made_by_us),
                                      [&](const char* name) { return strcmp(name, entry->d_name) == 0; });
        if (ours || devices.size() >= host_devices_max) continue;
        const std::string path = std::string("/dev/") + entry->d_name;
        devices.push_back({path, path});
    }
    return devices;
}

Result<void> add_device_rules(const std::vector<DeviceSpec>& devices, std::vector<DeviceRule>& rules) {
    for (const auto& device : devices) {
        struct stat found {};
        if (stat(device.source.c_str(), &found) != 0) return Error::from_errno("device " + device.source, errno);
        if (!S_ISCHR(found.st_mode) && !S_ISBLK(found.st_mode)) return Error(Code::invalid, device.source + " is not a device");
        rules.push_back({S_ISBLK(found.st_mode) ? 'b' : 'c', major(found.st_rdev), minor(found.st_rdev)});
    }
    return ok();
}

/// upper and work of the overlay. The merged root shows the upper directory's owner and mode: the image's own.
Result<void> make_scratch(const ContainerSpec& spec) {
    TRY_VOID(make_directories(spec.scratch_dir, 0700));
    for (const char* name : {"/upper", "/work"})
        if (mkdir((spec.scratch_dir + name).c_str(), 0755) != 0)
            return Error::from_errno(fmt::format("make {}{}", spec.scratch_dir, name), errno);
    struct stat top {};
    if (stat(spec.layers[0].c_str(), &top) != 0) return Error::from_errno("image layer " + spec.layers[0], errno);
    const std::string upper = spec.scratch_dir + "/upper";
    if (chmod(upper.c_str(), top.st_mode & 07777) != 0 || chown(upper.c_str(), top.st_uid, top.st_gid) != 0)
        return Error::from_errno("prepare " + upper, errno);
    return ok();
}

/// The number of the mount that `path` is in; 0 where the kernel does not tell.
uint64_t find_mount_id(const std::string& path) {
    struct statx found {};
    if (statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_MNT_ID, &found) != 0) return 0;
    return found.stx_mask & STATX_MNT_ID ? found.stx_mnt_id : 0;
}

/// Where the host keeps its mounts to itself, nothing that the container mounts would be seen: that is told, not left to be
/// found out.
Result<void> check_shared(const ContainerSpec& spec) {
    std::vector<MountLine> mounts;
    for (const auto& mount : spec.mounts) {
        if (mount.propagation != MountPropagation::bidirectional) continue;
        if (mounts.empty()) {
            TRY(mounts, read_mountinfo());
        }
        const auto found = std::ranges::find(mounts, find_mount_id(mount.source), &MountLine::id);
        if (found != mounts.end() && !found->shared)
            return Error(Code::invalid, fmt::format("path \"{}\" is mounted on \"{}\" but it is not a shared mount",
                                                    mount.source, found->mount_point));
    }
    return ok();
}

Result<void> make_log_dir(const std::string& log_path) {
    if (log_path.empty()) return ok();
    return make_directories(log_path.substr(0, log_path.rfind('/')));
}

}  // namespace

Result<ContainerFiles> make_container_files(const ContainerSpec& spec) {
    ContainerFiles files;
    TRY_VOID(add_device_rules(spec.devices, files.device_rules));
    if (spec.privileged) files.host_devices = list_host_devices();
    TRY_VOID(check_shared(spec));
    if (spec.seccomp == SeccompMode::local) {
        TRY(files.seccomp, load_seccomp_profile(spec.seccomp_profile, spec.capabilities));
    }
    TRY_VOID(make_scratch(spec));
    TRY_VOID(make_log_dir(spec.log_path));
    return files;
}

}  // namespace orilla::runtime
