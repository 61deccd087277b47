#include "volumes/volumes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "orilla/base/unique_fd.hpp"

namespace orilla::node {
namespace fs = std::filesystem;
namespace {

Result<void> make_directories(const std::string& path, mode_t mode) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return Error::from_errno("make directory " + path, error.value());
    if (chmod(path.c_str(), mode) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

bool is_mount_point(const std::string& path) {
    struct stat own{}, parent{};
    if (lstat(path.c_str(), &own) != 0 || lstat((path + "/..").c_str(), &parent) != 0) return false;
    return own.st_dev != parent.st_dev;
}

Result<void> mount_tmpfs(const std::string& path, int64_t size_bytes, mode_t mode) {
    if (is_mount_point(path)) return ok();
    char octal[8];
    snprintf(octal, sizeof octal, "%o", mode & 07777U);
    std::string options = std::string("mode=") + octal;
    if (size_bytes > 0) options += ",size=" + std::to_string(size_bytes);
    if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
        return Error::from_errno("mount tmpfs on " + path, errno);
    return ok();
}

Result<void> apply_group(const std::string& path, int64_t gid) {
    if (gid < 0) return ok();
    if (lchown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(gid)) != 0)
        return Error::from_errno("chown " + path, errno);
    return ok();
}

Result<void> apply_empty_dir(const api::EmptyDirVolumeSource& source, const std::string& path, int64_t gid) {
    constexpr mode_t mode = 0777;
    TRY_VOID(make_directories(path, mode));
    if (source.medium == "Memory")
        TRY_VOID(mount_tmpfs(path, source.size_limit.value(), mode));
    if (gid < 0) return ok();
    TRY_VOID(apply_group(path, gid));
    if (chmod(path.c_str(), mode | S_ISGID) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

/// The kubelet's types: "" checks nothing, XOrCreate makes what is missing.
Result<void> check_host_path(const api::HostPathVolumeSource& source) {
    const std::string path(source.path.view());
    const std::string_view type = source.type ? source.type->view() : std::string_view();
    if (type == "DirectoryOrCreate" && access(path.c_str(), F_OK) != 0) return make_directories(path, 0755);
    if (type == "FileOrCreate" && access(path.c_str(), F_OK) != 0) {
        UniqueFd made(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
        if (!made) return Error::from_errno("make file " + path, errno);
        return ok();
    }
    if (type.empty()) return ok();
    struct stat found{};
    if (stat(path.c_str(), &found) != 0) return Error(Code::invalid, "hostPath type check failed: " + path + " is not a " + std::string(type));
    const bool fits = (type.starts_with("Directory") && S_ISDIR(found.st_mode)) ||
                      (type.starts_with("File") && S_ISREG(found.st_mode)) ||
                      (type == "Socket" && S_ISSOCK(found.st_mode)) ||
                      (type == "CharDevice" && S_ISCHR(found.st_mode)) ||
                      (type == "BlockDevice" && S_ISBLK(found.st_mode));
    if (!fits) return Error(Code::invalid, "hostPath type check failed: " + path + " is not a " + std::string(type));
    return ok();
}

Result<void> write_file(const std::string& path, const ProjectedFile& file, int64_t gid) {
    UniqueFd fd(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return Error::from_errno("make " + path, errno);
    size_t done = 0;
    while (done < file.content.size()) {
        const ssize_t wrote = ::write(fd.get(), file.content.data() + done, file.content.size() - done);
        if (wrote < 0) return Error::from_errno("write " + path, errno);
        done += static_cast<size_t>(wrote);
    }
    if (gid >= 0 && fchown(fd.get(), static_cast<uid_t>(-1), static_cast<gid_t>(gid)) != 0)
        return Error::from_errno("chown " + path, errno);
    // A group that owns the volume reads it, as fsGroup promises.
    const unsigned mode = gid >= 0 ? file.mode | 0040U : file.mode;
    if (fchmod(fd.get(), mode) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

bool has_content(const std::string& path, const std::string& content) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat found{};
    if (!fd || fstat(fd.get(), &found) != 0 || static_cast<size_t>(found.st_size) != content.size()) return false;
    std::string text(content.size(), '\0');
    return pread(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) && text == content;
}

bool is_current(const std::string& dir, const std::vector<ProjectedFile>& files) {
    std::error_code error;
    size_t count = 0;
    for (auto it = fs::recursive_directory_iterator(dir + "/..data/", error); !error && it != fs::recursive_directory_iterator(); ++it)
        if (it->is_regular_file()) ++count;
    if (error || count != files.size()) return false;
    for (const auto& file : files)
        if (!has_content(dir + "/..data/" + file.path, file.content)) return false;
    return true;
}

/// Links DIR/NAME -> ..data/NAME for the first part of each path, and drops links that lead nowhere any more.
Result<void> link_entries(const std::string& dir, const std::vector<ProjectedFile>& files) {
    for (const auto& file : files) {
        const std::string first = file.path.substr(0, file.path.find('/'));
        if (symlink(("..data/" + first).c_str(), (dir + "/" + first).c_str()) != 0 && errno != EEXIST)
            return Error::from_errno("link " + dir + "/" + first, errno);
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dir, error)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("..") || !entry.is_symlink()) continue;
        if (!fs::exists(entry.path())) fs::remove(entry.path(), error);
    }
    return ok();
}

Result<void> swap_data(const std::string& dir, const std::string& fresh_name) {
    std::error_code error;
    const fs::path old = fs::read_symlink(dir + "/..data", error);
    const std::string temporary = dir + "/..data_tmp";
    unlink(temporary.c_str());
    if (symlink(fresh_name.c_str(), temporary.c_str()) != 0) return Error::from_errno("link " + temporary, errno);
    if (rename(temporary.c_str(), (dir + "/..data").c_str()) != 0) return Error::from_errno("rename " + temporary, errno);
    if (!old.empty()) fs::remove_all(fs::path(dir) / old, error);
    return ok();
}

int64_t group_of(const api::Pod& pod) {
    return pod.spec.security_context && pod.spec.security_context->fs_group ? *pod.spec.security_context->fs_group : -1;
}

Result<void> apply_volume(const api::Pod& pod, const api::Volume& volume, const EnvSources& sources,
                          const PodPlacement& placement) {
    const std::string path = placement.pod_dir + "/volumes/" + std::string(volume.name.view());
    const int64_t gid = group_of(pod);
    if (volume.host_path) return check_host_path(*volume.host_path);
    if (is_projected(volume)) {
        TRY(auto files, plan_volume_files(pod, volume, sources, placement));
        TRY_VOID(make_directories(path, 0755));
        if (volume.secret) TRY_VOID(mount_tmpfs(path, 0, 0755));
        return write_atomically(path, files, gid);
    }
    static const api::EmptyDirVolumeSource plain;
    return apply_empty_dir(volume.empty_dir ? *volume.empty_dir : plain, path, gid);
}

}  // namespace

Result<void> write_atomically(const std::string& dir, const std::vector<ProjectedFile>& files, int64_t gid) {
    // A crash may have come between the swap and the links.
    if (is_current(dir, files)) return link_entries(dir, files);
    std::string pattern = dir + "/..XXXXXX";
    if (!mkdtemp(pattern.data())) return Error::from_errno("make directory in " + dir, errno);
    const std::string fresh_name = pattern.substr(pattern.rfind('/') + 1);
    if (chmod(pattern.c_str(), 0755) != 0) return Error::from_errno("chmod " + pattern, errno);
    for (const auto& file : files) {
        const std::string path = pattern + "/" + file.path;
        std::error_code error;
        fs::create_directories(fs::path(path).parent_path(), error);
        auto written = write_file(path, file, gid);
        if (!written) {
            fs::remove_all(pattern, error);  // nothing half-written stays
            return written;
        }
    }
    TRY_VOID(swap_data(dir, fresh_name));
    return link_entries(dir, files);
}

Result<void> apply_volumes(const api::Pod& pod, const EnvSources& sources, const PodPlacement& placement) {
    TRY_VOID(make_directories(placement.pod_dir + "/volumes", 0755));
    for (const auto& volume : pod.spec.volumes) {
        auto done = apply_volume(pod, volume, sources, placement);
        if (!done)
            return std::move(done).error().with_context("MountVolume.SetUp failed for volume \"" +
                                                        std::string(volume.name.view()) + "\" ");
    }
    return ok();
}

Result<void> update_projected_volumes(const api::Pod& pod, const EnvSources& sources, const PodPlacement& placement) {
    for (const auto& volume : pod.spec.volumes)
        if (is_projected(volume)) TRY_VOID(apply_volume(pod, volume, sources, placement));
    return ok();
}

Result<void> unmount_volumes(const std::string& pod_dir) {
    const std::string volumes = pod_dir + "/volumes";
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(volumes, error)) {
        // Several layers may lie on top of each other after a crash between mount and record.
        constexpr int layers_max = 8;
        for (int i = 0; i < layers_max && is_mount_point(entry.path()); ++i)
            if (umount2(entry.path().c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
                return Error::from_errno("unmount " + entry.path().string(), errno);
    }
    return ok();
}

}  // namespace orilla::node
