// A box for network tests: the process moves into network and mount namespaces of its own, so that no address, rule or
// packet of a test exists outside. Other hosts and pods are further namespaces, entered by a short-lived thread.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <type_traits>

#include "orilla/base/unique_fd.hpp"

namespace orilla::test {

constexpr int skipped = 77;

/// False where it cannot be done, which is said: exit with `skipped` then. Call it before there are threads.
inline bool enter_net_box() {
    const char* why = nullptr;
    if (::geteuid() != 0) why = "boxes need root";
    else if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
             ::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0 || ::mkdir("/run/netns", 0755) != 0 ||
             std::system("ip link set lo up") != 0)
        why = "may not make namespaces here, or ip is not installed";
    if (why) std::printf("1..0 # SKIP %s\n", why);
    return !why;
}

/// Runs `fn` in a thread inside of the network namespace that `path` names, and gives its value.
template <class Fn, class T = std::invoke_result_t<Fn>>
T in_netns(const std::string& path, Fn fn) {
    T value{};
    std::thread thread([&] {
        const UniqueFd netns(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (::setns(netns.get(), CLONE_NEWNET) != 0) {
            std::perror(path.c_str());
            std::abort();
        }
        value = fn();
    });
    thread.join();
    return value;
}

/// The exit code of a shell command, inside of a namespace.
inline int sh(const std::string& command) {
    const int status = std::system(command.c_str());
    return status == -1 ? -1 : (status & 0x7f) ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}
inline int sh_in(const std::string& netns, const std::string& command) {
    return sh("nsenter --net=" + netns + " -- sh -c '" + command + "'");
}

/// What a command prints.
inline std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = ::popen(command.c_str(), "r");
    if (!pipe) return text;
    char part[4096];
    for (size_t got; (got = std::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, got);
    ::pclose(pipe);
    return text;
}

}  // namespace orilla::test
