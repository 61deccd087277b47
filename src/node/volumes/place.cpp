#include "volumes/place.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace orilla::node {
bool is_mount_point(const std::string& path) {
    struct stat own {
    }, parent{};
    if (lstat(path.c_str(), &own) != 0 || lstat((path + "/..").c_str(), &parent) != 0) return false;
    if (S_ISLNK(own.st_mode)) return false;  // it leads to somebody else's mount
    return own.st_dev != parent.st_dev;
}

Result<void> make_volume_directory(const std::string& path, mode_t mode) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return Error::from_errno("make directory " + path, error.value());
    if (chmod(path.c_str(), mode) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

Result<void> mount_volume_tmpfs(const std::string& path, int64_t size_bytes, mode_t mode) {
    if (is_mount_point(path)) return ok();
    std::string options = fmt::format("mode={:o}", mode & 07777U);
    if (size_bytes > 0) options += fmt::format(",size={}", size_bytes);
    if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
        return Error::from_errno("mount tmpfs on " + path, errno);
    return ok();
}

Result<void> unmount_volume(const std::string& path) {
    // Several layers may lie on top of each other after a crash between mount and record.
    constexpr int layers_max = 8;
    for (int i = 0; i < layers_max; ++i) {
        // Without a look at it: a server that has gone would not answer.
        if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) continue;
        if (errno == EINVAL || errno == ENOENT || errno == ENOTDIR) return ok();
        if (errno == EPERM && !is_mount_point(path)) return ok();
        return Error::from_errno("unmount " + path, errno);
    }
    return ok();
}

std::vector<std::string> find_mounts_below(const std::vector<MountLine>& mounts, std::string_view volumes) {
    std::vector<std::string> out;
    for (const MountLine& mount : mounts) {
        const std::string& path = mount.mount_point;
        const bool inside = path.size() > volumes.size() && path.starts_with(volumes) && path[volumes.size()] == '/';
        if (inside && path.find('/', volumes.size() + 1) != path.npos) out.push_back(path);
    }
    std::ranges::reverse(out);
    return out;
}

Result<void> unmount_below(const std::string& volumes) {
    TRY(const auto mounts, read_mountinfo());
    for (const auto& path : find_mounts_below(mounts, volumes)) TRY_VOID(unmount_volume(path));
    return ok();
}

}  // namespace orilla::node
