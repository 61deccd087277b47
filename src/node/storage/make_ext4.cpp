#include "storage/make_ext4.hpp"

#include <fmt/core.h>

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/child.hpp"

namespace orilla::node {
namespace {

constexpr int make_ms_max = 120'000;
constexpr size_t told_bytes_max = 512;

std::string find_tool() {
    for (const char* path : {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4", "/usr/local/sbin/mkfs.ext4", "/usr/bin/mkfs.ext4"})
        if (access(path, X_OK) == 0) return path;
    return "";
}

/// What it said, as one line.
std::string read_told(const UniqueFd& from) {
    std::string text(told_bytes_max, '\0');
    const ssize_t got = pread(from.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    for (char& c : text)
        if (c == '\n') c = ' ';
    return text;
}

/// Zero when it made the file system. Leaves it to its owner to reap.
Result<int> wait_for_end(const loop::Child& child) {
    pollfd ended{child.pidfd(), POLLIN, 0};
    int seen = 0;
    do seen = poll(&ended, 1, make_ms_max);
    while (seen < 0 && errno == EINTR);
    if (seen == 0) return Error(Code::timeout, fmt::format("mkfs.ext4 took longer than {} s", make_ms_max / 1000));
    siginfo_t info{};
    constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD
    if (seen < 0 || waitid(by_pidfd, static_cast<id_t>(child.pidfd()), &info, WEXITED | WNOWAIT) != 0)
        return Error::from_errno("wait for mkfs.ext4", errno);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace

Result<void> make_ext4(const std::string& file) {
    const std::string tool = find_tool();
    if (tool.empty())
        return Error(Code::unavailable,
                     "mkfs.ext4 is missing: volumes of orilla.dev/local are ext4 file systems in files; install e2fsprogs");
    UniqueFd told(memfd_create("mkfs", MFD_CLOEXEC));
    if (!told) return Error::from_errno("memfd_create", errno);
    loop::SpawnSpec spec;
    spec.path = tool;
    spec.argv = {"mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0",
                 file};
    spec.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    spec.fds = {{told.get(), 2}};
    TRY(const loop::Child child, loop::spawn_child(spec));
    TRY(const int status, wait_for_end(child));
    if (status != 0) return Error(Code::internal, fmt::format("mkfs.ext4 failed with status {}: {}", status, read_told(told)));
    return ok();
}

}  // namespace orilla::node
