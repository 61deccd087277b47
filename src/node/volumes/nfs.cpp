// nfs: a directory of a server, mounted for each pod that has it at POD_DIR/volumes/NAME. Its end is lazy: it asks no server.
#include "volumes/nfs.hpp"

#include <arpa/inet.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fmt/core.h>
#include <array>
#include <cerrno>

#include "storage/tool.hpp"
#include "volumes/driver.hpp"
#include "volumes/place.hpp"

namespace orilla::node {
namespace {

constexpr int helper_ms_max = 120'000;

struct MountFlag {
    std::string_view name;
    unsigned long set, cleared;
};
constexpr MountFlag mount_flags[] = {{"defaults", 0, 0},           {"ro", MS_RDONLY, 0},
                                     {"rw", 0, MS_RDONLY},         {"nosuid", MS_NOSUID, 0},
                                     {"suid", 0, MS_NOSUID},       {"nodev", MS_NODEV, 0},
                                     {"dev", 0, MS_NODEV},         {"noexec", MS_NOEXEC, 0},
                                     {"exec", 0, MS_NOEXEC},       {"sync", MS_SYNCHRONOUS, 0},
                                     {"async", 0, MS_SYNCHRONOUS}, {"noatime", MS_NOATIME, 0},
                                     {"atime", 0, MS_NOATIME},     {"nodiratime", MS_NODIRATIME, 0},
                                     {"relatime", MS_RELATIME, 0}};

/// Newest first, as mount.nfs asks. Version 3 without its lock daemon: locks are the box's own.
constexpr std::array<std::string_view, 3> versions = {"vers=4.2,clientaddr=0.0.0.0", "vers=4.0,clientaddr=0.0.0.0",
                                                      "vers=3,nolock"};

bool is_address(const std::string& server) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return inet_pton(AF_INET, server.c_str(), address.data()) == 1 || inet_pton(AF_INET6, server.c_str(), address.data()) == 1;
}

/// The server may know another version, or another root for each.
bool may_be_the_version(int error) {
    return error == EPROTONOSUPPORT || error == EINVAL || error == ENOENT || error == EPROTO || error == ENODEV;
}

bool add_flag(std::string_view option, NfsMount& out) {
    for (const auto& flag : mount_flags) {
        if (flag.name != option) continue;
        out.flags = (out.flags | flag.set) & ~flag.cleared;
        return true;
    }
    return false;
}

Error explain(int error, const std::string& source) {
    Error failed = Error::from_errno("mount " + source, error);
    if (error == ENODEV) return std::move(failed).with_context("this kernel cannot mount NFS (CONFIG_NFS_FS, CONFIG_NFS_V4)");
    return failed;
}

/// Names are looked up by the program that knows how this box does that.
Result<void> mount_by_name(const std::string& source, const NfsMount& how, const std::string& at) {
    constexpr const char* helper = "/sbin/mount.nfs";
    if (access(helper, X_OK) != 0)
        return Error(Code::unavailable,
                     "mount " + source + ": a server's name needs mount.nfs; install nfs-common, or give the address");
    std::string options = how.flags & MS_RDONLY ? "ro" : "rw";
    if (!how.data.empty()) options += "," + how.data;
    return run_tool(helper, {"mount.nfs", source, at, "-o", options}, helper_ms_max);
}

bool matches_nfs(const api::Volume& volume) { return bool(volume.nfs); }

Result<void> check_nfs_volume(const VolumeContext& context, VolumeWork& work) {
    const auto& nfs = *context.volume.nfs;
    work.source = fmt::format("{}:{}", nfs.server.view(), nfs.path.view());
    work.read_only = nfs.read_only;
    work.remote = true;
    return ok();
}

Result<void> prepare_nfs(const VolumeWork& work) {
    TRY_VOID(make_volume_directory(work.path, 0755));
    return mount_nfs(work.source, plan_nfs_mount(work.mount_options, work.read_only), work.path);
}

}  // namespace

NfsMount plan_nfs_mount(const std::string& options, bool read_only) {
    NfsMount out;
    for (size_t begin = 0; begin < options.size();) {
        const size_t comma = std::min(options.find(',', begin), options.size());
        const std::string option = options.substr(begin, comma - begin);
        begin = comma + 1;
        if (option.empty() || add_flag(option, out)) continue;
        out.has_version |= option.starts_with("vers=") || option.starts_with("nfsvers=");
        out.data += (out.data.empty() ? "" : ",") + option;
    }
    if (read_only) out.flags |= MS_RDONLY;
    return out;
}

Result<void> mount_nfs(const std::string& source, const NfsMount& how, const std::string& at) {
    if (is_mount_point(at)) return ok();
    const size_t slash = source.find(":/");
    std::string server = source.substr(0, slash);
    if (server.starts_with('[') && server.ends_with(']')) server = server.substr(1, server.size() - 2);
    if (!is_address(server)) return mount_by_name(source, how, at);
    const std::string common = how.data + (how.data.empty() ? "" : ",") + "addr=" + server;
    int error = 0;
    for (const auto version : versions) {
        const bool is_own = how.has_version;
        const std::string data = is_own ? common + ",clientaddr=0.0.0.0" : fmt::format("{},{}", common, version);
        if (::mount(source.c_str(), at.c_str(), "nfs", how.flags, data.c_str()) == 0) return ok();
        // What the first one was told is told, unless a later one knows better.
        if (error == 0 || !may_be_the_version(errno)) error = errno;
        if (is_own || !may_be_the_version(error)) break;
    }
    return explain(error, source);
}

constinit const VolumeDriver nfs_driver{
    .field = "nfs", .matches = matches_nfs, .check = check_nfs_volume, .prepare = prepare_nfs, .unpublish = unmount_volume};

}  // namespace orilla::node
