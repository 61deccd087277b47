#include "user_namespace.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "orilla/base/unique_fd.hpp"

namespace orilla::runtime {

namespace {

constexpr size_t holder_stack_bytes = 64 * 1024;

/// Does nothing but be there, a copy of us, until it is killed.
int hold(void*) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
}

/// The process whose namespaces are taken over by files; gone with this.
class Holder {
  public:
    Holder() : stack_(holder_stack_bytes) {
        char* top = stack_.data() + stack_.size();
        top -= reinterpret_cast<uintptr_t>(top) % 16;
        int pidfd = -1;
        pid_ = clone(hold, top, CLONE_NEWUSER | CLONE_NEWNET | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd);
        error_ = pid_ < 0 ? errno : 0;
        if (pid_ > 0) pidfd_.reset(pidfd);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() {
        if (!pidfd_) return;
        syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
        siginfo_t info{};
        while (waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0 && errno == EINTR) {
        }
    }
    int error() const { return error_; }
    std::string file(const char* name) const { return fmt::format("/proc/{}/{}", pid_, name); }

  private:
    std::vector<char> stack_;
    pid_t pid_ = -1;
    int error_ = 0;
    UniqueFd pidfd_;
};

Result<void> write_map(const std::string& path, uint32_t first_id) {
    const std::string text = fmt::format("0 {} {}\n", first_id, ids_per_pod);
    UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return Error::from_errno("write " + path, errno);
    return ok();
}

Result<void> keep_namespace(const std::string& source, const std::string& path) {
    umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd || mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0)
        return Error::from_errno("keep a namespace as " + path, errno);
    return ok();
}

}  // namespace

uint32_t find_free_ids(const std::set<uint32_t>& used) {
    for (uint32_t first = pod_ids_first; first < pod_ids_end; first += ids_per_pod)
        if (!used.contains(first)) return first;
    return 0;
}

Result<void> make_user_namespace(const std::string& dir, uint32_t first_id) {
    const Holder holder;
    if (holder.error())
        return Error::from_errno("create a user namespace (does the kernel allow them? see user.max_user_namespaces)",
                                 holder.error());
    TRY_VOID(write_map(holder.file("uid_map"), first_id));
    TRY_VOID(write_map(holder.file("gid_map"), first_id));
    TRY_VOID(keep_namespace(holder.file("ns/user"), user_namespace_path(dir)));
    return keep_namespace(holder.file("ns/net"), network_namespace_path(dir));
}

}  // namespace orilla::runtime
