#include "storage/tool.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <cerrno>

#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/child.hpp"

namespace orilla::node {
namespace {

constexpr size_t told_bytes_max = 512;

/// What it said, as one line.
std::string read_told(const UniqueFd& from) {
    std::string text(told_bytes_max, '\0');
    const ssize_t got = pread(from.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    for (char& c : text)
        if (c == '\n') c = ' ';
    return text;
}

/// Zero when it did its work. Leaves it to its owner to reap.
Result<int> wait_for_end(const loop::Child& child, const std::string& name, int ms_max) {
    pollfd ended{child.pidfd(), POLLIN, 0};
    int seen = 0;
    do seen = poll(&ended, 1, ms_max);
    while (seen < 0 && errno == EINTR);
    if (seen == 0) return Error(Code::timeout, fmt::format("{} took longer than {} s", name, ms_max / 1000));
    siginfo_t info{};
    constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD
    if (seen < 0 || waitid(by_pidfd, static_cast<id_t>(child.pidfd()), &info, WEXITED | WNOWAIT) != 0)
        return Error::from_errno("wait for " + name, errno);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace

Result<void> run_tool(const std::string& path, std::vector<std::string> argv, int ms_max) {
    const std::string name = argv.front();
    UniqueFd told(memfd_create("tool", MFD_CLOEXEC));
    if (!told) return Error::from_errno("memfd_create", errno);
    loop::SpawnSpec spec;
    spec.path = path;
    spec.argv = std::move(argv);
    spec.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    spec.fds = {{told.get(), 2}};
    TRY(const loop::Child child, loop::spawn_child(spec));
    TRY(const int status, wait_for_end(child, name, ms_max));
    if (status != 0) return Error(Code::internal, fmt::format("{} failed with status {}: {}", name, status, read_told(told)));
    return ok();
}

}  // namespace orilla::node
