// emptyDir: a directory that lives as long as the pod, on the node's disk or in its memory.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "volumes/driver.hpp"
#include "volumes/place.hpp"

namespace orilla::node {
namespace {

bool matches_empty_dir(const api::Volume&) { return true; }

Result<void> check_empty_dir(const VolumeContext& context, VolumeWork& work) {
    if (!context.volume.empty_dir) return ok();
    work.variant = context.volume.empty_dir->medium.str();
    work.bytes_max = context.volume.empty_dir->size_limit.value();
    return ok();
}

Result<void> prepare_empty_dir(const VolumeWork& work) {
    constexpr mode_t mode = 0777;
    TRY_VOID(make_volume_directory(work.path, mode));
    if (work.variant == "Memory") TRY_VOID(mount_volume_tmpfs(work.path, work.bytes_max, mode));
    if (work.gid < 0) return ok();
    if (lchown(work.path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(work.gid)) != 0)
        return Error::from_errno("chown " + work.path, errno);
    if (chmod(work.path.c_str(), mode | S_ISGID) != 0) return Error::from_errno("chmod " + work.path, errno);
    return ok();
}

}  // namespace

constinit const VolumeDriver empty_dir_driver{.field = "emptyDir",
                                              .matches = matches_empty_dir,
                                              .check = check_empty_dir,
                                              .prepare = prepare_empty_dir,
                                              .unpublish = unmount_volume};

}  // namespace orilla::node
