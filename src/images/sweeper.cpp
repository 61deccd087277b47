// The sweeper: empties the trash, so that the daemon never waits for a large tree to go. Everything in the directory that
// it is given is garbage already; it sees nothing else of the disk.
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include <cerrno>

#include "limits.hpp"
#include "messages.hpp"
#include "orilla/loop/confine.hpp"
#include "remove_tree.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {

Result<void> confine_sweeper() {
    loop::ResourceLimits limits;
    limits.files = 64 + 4 * path_depth_max;
    TRY_VOID(loop::limit_resources(limits));
    TRY_VOID(loop::enter_directory(directory_fd));
    TRY_VOID(loop::take_identity(0, 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_FOWNER));
    TRY_VOID(loop::forbid_new_privileges());
    TRY_VOID(loop::die_with_parent());
    return loop::allow_calls(
        {{"read",           "write",        "close",           "openat",     "fcntl",     "dup",    "fstat",
          "newfstatat",     "statx",        "unlinkat",        "getdents64", "lseek",     "sendto", "mmap",
          "munmap",         "mremap",       "mprotect",        "madvise",    "brk",       "futex",  "getrandom",
          "rt_sigprocmask", "rt_sigreturn", "restart_syscall", "exit",       "exit_group"}});
}

Result<int64_t> sweep() {
    TRY_VOID(confine_sweeper());
    const int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = root < 0 ? nullptr : fdopendir(root);
    if (!stream) return Error::from_errno("open the trash", errno);
    int64_t reclaimed_bytes = 0;
    Result<void> swept;
    while (const dirent* entry = readdir(stream)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (auto removed = remove_tree(root, name, &reclaimed_bytes); !removed) swept = removed;
    }
    closedir(stream);
    if (!swept) return std::move(swept).error();
    return reclaimed_bytes;
}

}  // namespace

int sweeper_main() {
    Channel channel(channel_fd);
    auto result = sweep();
    json::object message;
    if (result) message["reclaimed_bytes"] = *result;
    else message["error"] = encode_error(result.error());
    (void)channel.send(message);
    return result ? 0 : 1;
}

}  // namespace orilla::images
