#include "links/pod_namespace.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "orilla/base/file_system.hpp"
#include "orilla/base/log.hpp"

namespace orilla::network {

namespace {
/// A pod's own network: any port without privileges, ping for everybody, no redirects that would lead around the node,
/// and no IPv6 on eth0 (lo keeps ::1).
struct Sysctl {
    const char* path;
    const char* value;
};
constexpr Sysctl pod_sysctls[] = {
    {"net/ipv4/ip_unprivileged_port_start", "0"}, {"net/ipv4/ping_group_range", "0 2147483647"},
    {"net/ipv4/conf/all/accept_redirects", "0"},  {"net/ipv4/conf/default/accept_redirects", "0"},
    {"net/ipv6/conf/default/disable_ipv6", "1"},
};
}  // namespace

Result<UniqueFd> open_own_netns() {
    UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!fd) return Error::from_errno("open the network namespace", errno);
    return fd;
}

EnteredNamespace::~EnteredNamespace() {
    if (!home_ || ::setns(home_.get(), CLONE_NEWNET) == 0) return;
    // Everything that follows would happen in the wrong network.
    log::error("cannot return to the node's network namespace");
    std::abort();
}

Result<EnteredNamespace> EnteredNamespace::enter(int netns) {
    TRY(UniqueFd home, open_own_netns());
    if (::setns(netns, CLONE_NEWNET) != 0) return Error::from_errno("enter the network namespace", errno);
    return EnteredNamespace(std::move(home));
}

Result<EnteredNamespace> EnteredNamespace::create() {
    TRY(UniqueFd home, open_own_netns());
    if (::unshare(CLONE_NEWNET) != 0) return Error::from_errno("create a network namespace", errno);
    return EnteredNamespace(std::move(home));
}

Result<void> write_sysctl(const std::string& path, const std::string& value) {
    const std::string full = "/proc/sys/" + path;
    const UniqueFd fd(::open(full.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return Error::from_errno("open " + full, errno);
    struct statfs found {};
    if (::fstatfs(fd.get(), &found) != 0 || !is_file_system(found, PROC_SUPER_MAGIC))
        return Error(Code::internal, full + " is not procfs");
    if (::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
        return Error::from_errno(fmt::format("write {} to {}", value, full), errno);
    return ok();
}

std::string read_sysctl(const std::string& path) {
    std::ifstream in("/proc/sys/" + path);
    std::string value;
    std::getline(in, value);
    return value;
}

Result<PreparedNamespace> create_pod_namespace() {
    TRY(const EnteredNamespace inside, EnteredNamespace::create());
    TRY(UniqueFd netns, open_own_netns());
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    for (const Sysctl& sysctl : pod_sysctls) {
        auto written = write_sysctl(sysctl.path, sysctl.value);
        // A kernel without IPv6, or without one of these, has nothing to be set.
        if (!written && written.error().error_number() != ENOENT) return std::move(written).error();
    }
    return PreparedNamespace{std::move(netns), std::move(socket)};
}

Result<PreparedNamespace> prepare_pod_namespace(UniqueFd netns) {
    TRY(const EnteredNamespace inside, EnteredNamespace::enter(netns.get()));
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    for (const Sysctl& sysctl : pod_sysctls) {
        auto written = write_sysctl(sysctl.path, sysctl.value);
        if (!written) log::debug("pod's network namespace: " + written.error().message());
    }
    return PreparedNamespace{std::move(netns), std::move(socket)};
}

Result<void> name_namespace(int netns, const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
    if (!file) return Error::from_errno("create " + path, errno);
    const std::string source = "/proc/thread-self/fd/" + std::to_string(netns);
    if (::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        const int error_number = errno;
        ::unlink(path.c_str());
        return Error::from_errno("mount the network namespace on " + path, error_number);
    }
    return ok();
}

Result<void> unname_namespace(const std::string& path) {
    if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
        return Error::from_errno("unmount " + path, errno);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Error::from_errno("remove " + path, errno);
    return ok();
}

Result<UniqueFd> open_namespace(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return Error::from_errno("open " + path, errno);
    struct statfs found {};
    if (::fstatfs(fd.get(), &found) != 0) return Error::from_errno("look at " + path, errno);
    if (!is_file_system(found, NSFS_MAGIC)) return Error(Code::not_found, path + " names no namespace");
    return fd;
}

}  // namespace orilla::network
