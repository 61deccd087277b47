#include "orilla/network/namespace_lock.hpp"

#include <dirent.h>
#include <fmt/core.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

namespace orilla::network {
namespace {

constexpr int processes_max = 100'000;
constexpr int descriptors_max = 100'000;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

/// The inode of the socket that has the number, as /proc/net/netlink lists it for our network namespace.
std::optional<std::string> find_holder_inode() {
    std::ifstream table("/proc/net/netlink");
    std::string line;
    std::getline(table, line);  // the heading
    while (std::getline(table, line)) {
        std::istringstream words(line);
        std::string address, groups, receive, send, dump, locks, drops, inode;
        unsigned protocol = 0, port = 0;
        words >> address >> protocol >> port >> groups >> receive >> send >> dump >> locks >> drops >> inode;
        if (words && protocol == NETLINK_USERSOCK && port == namespace_lock_port) return inode;
    }
    return std::nullopt;
}

bool has_socket(const std::string& process, const std::string& wanted) {
    const std::string directory = fmt::format("/proc/{}/fd/", process);
    const Directory fds(opendir(directory.c_str()), closedir);
    for (int i = 0; fds && i < descriptors_max; ++i) {
        const dirent* entry = readdir(fds.get());
        if (!entry) break;
        char target[64];
        const ssize_t bytes = readlink((directory + entry->d_name).c_str(), target, sizeof target);
        if (bytes > 0 && std::string(target, static_cast<size_t>(bytes)) == wanted) return true;
    }
    return false;
}

/// The process that holds the number; nothing when it cannot be seen from here (another pid namespace) or has just ended.
std::optional<std::string> find_holder() {
    const auto inode = find_holder_inode();
    const Directory processes(inode ? opendir("/proc") : nullptr, closedir);
    for (int i = 0; processes && i < processes_max; ++i) {
        const dirent* entry = readdir(processes.get());
        if (!entry) break;
        if (atoi(entry->d_name) > 0 && has_socket(entry->d_name, fmt::format("socket:[{}]", *inode))) return entry->d_name;
    }
    return std::nullopt;
}

bool is_roots(const std::string& process) {
    struct stat found {};
    return stat(("/proc/" + process).c_str(), &found) != 0 || found.st_uid == 0;
}

}  // namespace

Result<UniqueFd> lock_network_namespace() {
    UniqueFd lock(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK));
    if (!lock) return Error::from_errno("lock the network namespace: socket", errno);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_pid = namespace_lock_port;
    if (bind(lock.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return lock;
    if (errno != EADDRINUSE) return Error::from_errno("lock the network namespace: bind", errno);
    const auto holder = find_holder();
    if (holder && !is_roots(*holder)) return UniqueFd();
    return Error(Code::conflict, fmt::format("another orilla serve{} has its bridge and its rules in this network namespace: "
                                             "stop it first, or run this one in a network namespace of its own",
                                             holder ? fmt::format(" (process {})", *holder) : std::string()));
}

}  // namespace orilla::network
