#include "storage/project_quota.hpp"

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "storage/volume_files.hpp"

namespace orilla::node {
namespace {

#ifdef SYS_quotactl_fd
constexpr long quotactl_fd_call = SYS_quotactl_fd;
#else
constexpr long quotactl_fd_call = 443;
#endif
/// What the kernel's interface for quotas counts in, whatever the file system's blocks are.
constexpr int64_t basic_block_bytes = 512;

/// These commands are served for ext4 as for xfs. Linux 5.14 has the call, which needs no name of a device.
int ask_quota(const UniqueFd& on, unsigned command, uint32_t project, void* data) {
    return static_cast<int>(syscall(quotactl_fd_call, on.get(), QCMD(command, PRJQUOTA), project, data));
}

}  // namespace

bool has_project_quota(const std::string& dir) {
    const auto on = open_directory(dir);
    if (!on) return false;
    fs_quota_statv state{};
    state.qs_version = FS_QSTATV_VERSION1;
    constexpr unsigned wanted = FS_QUOTA_PDQ_ACCT | FS_QUOTA_PDQ_ENFD;
    return ask_quota(*on, Q_XGETQSTATV, 0, &state) == 0 && (state.qs_flags & wanted) == wanted;
}

Result<uint32_t> read_project(const UniqueFd& file) {
    fsxattr seen{};
    if (ioctl(file.get(), FS_IOC_FSGETXATTR, &seen) != 0) return Error::from_errno("look at a file's project", errno);
    return seen.fsx_projid;
}

Result<void> set_project(const UniqueFd& file, uint32_t project, bool inherit) {
    fsxattr set{};
    if (ioctl(file.get(), FS_IOC_FSGETXATTR, &set) != 0) return Error::from_errno("look at a file's project", errno);
    set.fsx_projid = project;
    if (inherit) set.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    if (ioctl(file.get(), FS_IOC_FSSETXATTR, &set) != 0) return Error::from_errno("set a file's project", errno);
    return ok();
}

Result<ProjectUse> read_project_use(const UniqueFd& on, uint32_t project) {
    fs_disk_quota quota{};
    if (ask_quota(on, Q_XGETQUOTA, project, &quota) != 0) {
        if (errno == ENOENT) return ProjectUse{};
        return Error::from_errno("read the quota of a project", errno);
    }
    return ProjectUse{static_cast<int64_t>(quota.d_bcount) * basic_block_bytes,
                      static_cast<int64_t>(quota.d_blk_hardlimit) * basic_block_bytes, static_cast<int64_t>(quota.d_icount),
                      static_cast<int64_t>(quota.d_ino_hardlimit)};
}

Result<void> limit_project(const UniqueFd& on, uint32_t project, int64_t bytes, int64_t files) {
    fs_disk_quota quota{};
    quota.d_version = FS_DQUOT_VERSION;
    quota.d_flags = FS_PROJ_QUOTA;
    quota.d_id = project;
    quota.d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT | FS_DQ_IHARD | FS_DQ_ISOFT;
    quota.d_blk_hardlimit = static_cast<uint64_t>(bytes / basic_block_bytes);
    quota.d_ino_hardlimit = static_cast<uint64_t>(files);
    if (ask_quota(on, Q_XSETQLIM, project, &quota) != 0) return Error::from_errno("limit a project", errno);
    return ok();
}

}  // namespace orilla::node
