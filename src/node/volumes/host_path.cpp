// hostPath: what the node has at a path. It may be on a file system that never answers.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <cerrno>
#include <string_view>

#include "orilla/base/unique_fd.hpp"
#include "volumes/driver.hpp"
#include "volumes/place.hpp"

namespace orilla::node {
namespace {

bool matches_host_path(const api::Volume& volume) { return bool(volume.host_path); }
std::string find_host_path(const api::Volume& volume) { return volume.host_path->path.str(); }

Result<void> check_host_path(const VolumeContext& context, VolumeWork& work) {
    work.variant = std::string(context.volume.host_path->type.value_or(""));
    return ok();
}

/// In the kubelet's words.
std::string_view noun_of(std::string_view type) {
    if (type.starts_with("Directory")) return "directory";
    if (type.starts_with("File")) return "file";
    if (type == "Socket") return "socket file";
    return type == "CharDevice" ? "character device" : "block device";
}

/// The kubelet's types: "" checks nothing, XOrCreate makes what is missing.
Result<void> prepare_host_path(const VolumeWork& work) {
    const std::string &path = work.path, &type = work.variant;
    if (type == "DirectoryOrCreate" && access(path.c_str(), F_OK) != 0) return make_volume_directory(path, 0755);
    if (type == "FileOrCreate" && access(path.c_str(), F_OK) != 0) {
        UniqueFd made(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
        if (!made) return Error::from_errno("make file " + path, errno);
        return ok();
    }
    if (type.empty()) return ok();
    struct stat found {};
    const bool is_there = stat(path.c_str(), &found) == 0;
    const bool fits = (type.starts_with("Directory") && S_ISDIR(found.st_mode)) ||
                      (type.starts_with("File") && S_ISREG(found.st_mode)) || (type == "Socket" && S_ISSOCK(found.st_mode)) ||
                      (type == "CharDevice" && S_ISCHR(found.st_mode)) || (type == "BlockDevice" && S_ISBLK(found.st_mode));
    if (!is_there || !fits)
        return Error(Code::invalid, fmt::format("hostPath type check failed: {} is not a {}", path, noun_of(type)));
    return ok();
}

}  // namespace

constinit const VolumeDriver host_path_driver{.field = "hostPath",
                                              .matches = matches_host_path,
                                              .find_path = find_host_path,
                                              .check = check_host_path,
                                              .prepare = prepare_host_path};

}  // namespace orilla::node
