#include "storage/subvolume.hpp"

#include <endian.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "orilla/base/durable.hpp"
#include "storage/volume_files.hpp"

namespace orilla::node {
namespace {

/// The root of every subvolume has it.
constexpr ino_t subvolume_inode = BTRFS_FIRST_FREE_OBJECTID;

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<uint64_t> read_subvolume_id(const UniqueFd& subvolume) {
    // Not by GET_SUBVOL_INFO, which does not find every subvolume before it is on the disk.
    btrfs_ioctl_ino_lookup_args own{};
    own.objectid = BTRFS_FIRST_FREE_OBJECTID;
    if (ioctl(subvolume.get(), BTRFS_IOC_INO_LOOKUP, &own) != 0) return Error::from_errno("look at a subvolume", errno);
    return uint64_t{own.treeid};
}

/// An item of the tree of quotas; nothing when there is none.
template <class Item>
Result<std::optional<Item>> read_quota_item(const UniqueFd& on, uint32_t type, uint64_t group) {
    btrfs_ioctl_search_args search{};
    search.key.tree_id = BTRFS_QUOTA_TREE_OBJECTID;
    search.key.min_type = search.key.max_type = type;
    search.key.min_offset = search.key.max_offset = group;
    search.key.max_transid = UINT64_MAX;
    search.key.nr_items = 1;
    if (ioctl(on.get(), BTRFS_IOC_TREE_SEARCH, &search) != 0)
        return Error::from_errno("read the quota of a subvolume (quota groups of the file system may be off)", errno);
    btrfs_ioctl_search_header header{};
    memcpy(&header, search.buf, sizeof header);
    std::optional<Item> out;
    if (search.key.nr_items == 0 || header.len < sizeof(Item)) return out;
    memcpy(&out.emplace(), search.buf + sizeof header, sizeof(Item));
    return out;
}

void remove_group(const UniqueFd& on, uint64_t group) {
    btrfs_ioctl_qgroup_create_args args{};
    args.qgroupid = group;
    // Newer kernels refuse as long as the subvolume is not cleaned up, and remove the group themselves.
    static_cast<void>(ioctl(on.get(), BTRFS_IOC_QGROUP_CREATE, &args));
}

}  // namespace

Result<void> enable_subvolume_quota(const std::string& dir) {
    TRY(const UniqueFd on, open_directory(dir));
    btrfs_ioctl_quota_ctl_args args{};
    args.cmd = BTRFS_QUOTA_CTL_ENABLE;
    if (ioctl(on.get(), BTRFS_IOC_QUOTA_CTL, &args) != 0) return Error::from_errno("turn on quota groups of " + dir, errno);
    return ok();
}

bool is_subvolume(const std::string& path) {
    struct stat seen {
    }, above{};
    return lstat(path.c_str(), &seen) == 0 && S_ISDIR(seen.st_mode) && seen.st_ino == subvolume_inode &&
           lstat(parent_directory(path).c_str(), &above) == 0 && seen.st_dev != above.st_dev;
}

Result<void> make_subvolume(const std::string& path) {
    TRY(const UniqueFd parent, open_directory(parent_directory(path)));
    btrfs_ioctl_vol_args_v2 args{};
    strncpy(args.name, last_name(path).c_str(), sizeof args.name - 1);
    if (ioctl(parent.get(), BTRFS_IOC_SUBVOL_CREATE_V2, &args) != 0) return Error::from_errno("make subvolume " + path, errno);
    return ok();
}

Result<void> make_subvolume_snapshot(const std::string& source, const std::string& path, bool read_only) {
    TRY(const UniqueFd from, open_directory(source));
    TRY(const UniqueFd parent, open_directory(parent_directory(path)));
    btrfs_ioctl_vol_args_v2 args{};
    args.fd = from.get();
    args.flags = read_only ? BTRFS_SUBVOL_RDONLY : 0;
    strncpy(args.name, last_name(path).c_str(), sizeof args.name - 1);
    if (ioctl(parent.get(), BTRFS_IOC_SNAP_CREATE_V2, &args) != 0) return Error::from_errno("snapshot " + source, errno);
    return ok();
}

Result<void> remove_subvolume(const std::string& path) {
    TRY(const UniqueFd parent, open_directory(parent_directory(path)));
    TRY(UniqueFd own, open_directory(path));
    TRY(const uint64_t id, read_subvolume_id(own));
    own.reset();
    btrfs_ioctl_vol_args args{};
    strncpy(args.name, last_name(path).c_str(), sizeof args.name - 1);
    // A subvolume inside it, which a pod may have made, stands in the way: that goes name by name.
    if (ioctl(parent.get(), BTRFS_IOC_SNAP_DESTROY, &args) != 0) TRY_VOID(remove_directory(path));
    remove_group(parent, id);
    return ok();
}

Result<SubvolumeUse> read_subvolume_use(const UniqueFd& subvolume) {
    TRY(const uint64_t id, read_subvolume_id(subvolume));
    TRY(const auto info, read_quota_item<btrfs_qgroup_info_item>(subvolume, BTRFS_QGROUP_INFO_KEY, id));
    TRY(const auto limit, read_quota_item<btrfs_qgroup_limit_item>(subvolume, BTRFS_QGROUP_LIMIT_KEY, id));
    SubvolumeUse out;
    if (info) {
        out.bytes = static_cast<int64_t>(le64toh(info->rfer));
        out.own_bytes = static_cast<int64_t>(le64toh(info->excl));
    }
    if (limit && (le64toh(limit->flags) & BTRFS_QGROUP_LIMIT_MAX_RFER) != 0)
        out.bytes_max = static_cast<int64_t>(le64toh(limit->max_rfer));
    return out;
}

Result<void> limit_subvolume(const UniqueFd& subvolume, int64_t bytes) {
    btrfs_ioctl_qgroup_limit_args args{};  // of the subvolume's own group
    args.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER;
    args.lim.max_rfer = static_cast<uint64_t>(bytes);
    if (ioctl(subvolume.get(), BTRFS_IOC_QGROUP_LIMIT, &args) != 0) return Error::from_errno("limit a subvolume", errno);
    return ok();
}

}  // namespace orilla::node
