// Who the container is and what it may ask of the kernel. The order is the plan's: the bounding set while we still may,
// the ids before the capabilities, seccomp last (or before the ids when no_new_privs is off, because then it needs
// CAP_SYS_ADMIN).
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <linux/stat.h>

#include "steps.hpp"

namespace orilla::supervisor {

namespace {

constexpr uint64_t account_file_bytes_max = 1U << 20;

/// A file of the image mapped for reading; empty when there is none.
class MappedFile {
  public:
    MappedFile(int root, const char* path) {
        // O_NONBLOCK: a fifo in its place must not hold us.
        Fd fd(open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
        if (fd.failed()) {
            error_ = fd.get() == -ENOENT || fd.get() == -ENOTDIR ? 0 : fd.get();
            return;
        }
        FileFacts facts;
        if ((error_ = read_facts(fd.get(), facts)) < 0) return;
        if ((facts.mode & S_IFMT) != S_IFREG) error_ = -EINVAL;
        else if (facts.size > account_file_bytes_max) error_ = -EFBIG;
        if (error_ < 0 || facts.size == 0) return;
        long mapped = call(nr_mmap, 0, facts.size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
        if (mapped < 0 && mapped > -4096) error_ = mapped;
        else content_ = {(const char*)mapped, (size_t)facts.size};
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile() {
        if (content_.data) call(__NR_munmap, content_.data, content_.size);
    }
    AccountFile file() const { return error_ < 0 ? AccountFile((int)error_) : AccountFile(content_); }

  private:
    Slice content_{};
    long error_ = 0;
};

}  // namespace

bool set_file_owner(uint32_t id) {
    call(nr_setfsuid, id);
    call(nr_setfsgid, id);
    // They tell what was before, never an error: the second time that has to be what was asked for.
    return (uint32_t)call(nr_setfsuid, id) == id && (uint32_t)call(nr_setfsgid, id) == id;
}

long open_user_namespace(Context& context, const Step& step) {
    const long fd = call(__NR_openat, AT_FDCWD, context.plan.text(step.text[0]), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fd;
    int& place = context.slots[step.number[0] % slots_max];
    close_fd(place);
    place = (int)fd;
    context.first_id = (uint32_t)step.number[1];
    // Mapped mounts take files of the pod's ids alone. In everything else we stay root, which without this bit the
    // change would end.
    if (long error = call(__NR_prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0); error < 0) return error;
    return set_file_owner(context.first_id) ? 0 : -EPERM;
}

/// All capabilities in there, none outside any more; the id is still root's, which is nobody in there.
long enter_user_namespace(Context& context, const Step& step) {
    return call(__NR_setns, context.slots[step.number[0] % slots_max], CLONE_NEWUSER);
}

long resolve_user(Context& context, const Step& step) {
    const int root = directory_of(context, step.number[0]);
    MappedFile passwd(root, "etc/passwd");
    MappedFile group(root, "etc/group");
    UserRequest request;
    request.text = slice(context.plan.text(step.text[0]));
    request.uid = (int64_t)step.number[1];
    request.gid = (int64_t)step.number[2];
    request.only_given_groups = step.flags & step_given_groups;
    if (int error = find_user(request, passwd.file(), group.file(), context.user)) return error;
    const char* table = context.plan.base + step.number[3];
    const uint64_t count = *(const uint64_t*)table;
    const uint32_t* gids = (const uint32_t*)(table + sizeof(uint64_t));
    for (uint64_t i = 0; i < count; ++i)
        if (int error = add_group(context.user, gids[i])) return error;
    return 0;
}

long set_user(Context& context, const Step&) {
    const User& user = context.user;
    if (long error = call(nr_setgroups, user.group_count, user.groups); error < 0) return error;
    if (long error = call(nr_setresgid, user.gid, user.gid, user.gid); error < 0) return error;
    return call(nr_setresuid, user.uid, user.uid, user.uid);
}

long set_bounding_set(Context&, const Step& step) {
    for (uint64_t capability = 0; capability < 64; ++capability) {
        if (step.number[0] >> capability & 1) continue;
        long error = call(__NR_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
        if (error == -EINVAL) return 0;  // past the kernel's last one
        if (error < 0) return error;
    }
    return 0;
}

long set_capabilities(Context& context, const Step& step) {
    long error = call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (error < 0) return error;
    // Another user than root has lost them with its uid, and would not keep them through exec anyway.
    const uint64_t mask = context.user.uid == 0 ? step.number[0] : 0;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].effective = data[0].permitted = (uint32_t)mask;
    data[1].effective = data[1].permitted = (uint32_t)(mask >> 32);
    return call(__NR_capset, &header, data);
}

long set_no_new_privs(Context&, const Step&) { return call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

long set_seccomp(Context& context, const Step& step) {
    sock_fprog program{};
    program.len = (unsigned short)step.number[1];
    program.filter = (sock_filter*)(context.plan.base + step.number[0]);
    return call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, step.number[2], &program);
}

}  // namespace orilla::supervisor
