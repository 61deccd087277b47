#include "orilla/runtime/cgroup_claim.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/xattr.h>

#include <cerrno>

#include "cgroup.hpp"
#include "cgroup_files.hpp"

namespace orilla::runtime {

namespace {

constexpr const char* owner_note = "trusted.orilla.owner";
constexpr size_t owner_bytes_max = 512;

std::string read_owner(int directory) {
    char text[owner_bytes_max];
    const ssize_t bytes = fgetxattr(directory, owner_note, text, sizeof text);
    return bytes > 0 ? std::string(text, static_cast<size_t>(bytes)) : std::string();
}

/// Also those that this process's pid namespace does not show.
bool has_pods(const CgroupPlace& place) {
    const std::string pods = place.directory() + pods_cgroup;
    if (place.unified) return find_counter(read_small_file(pods + "/cgroup.events"), "populated") != 0;
    return find_number_in(pods + "/pids.current").value_or(0) != 0;
}

}  // namespace

Result<UniqueFd> claim_cgroup_root(const std::string& root, const std::string& owner) {
    TRY(const CgroupPlace place, find_cgroup_root(root));
    const std::string directory = place.directory();
    TRY_VOID(make_directories(directory));
    UniqueFd lock(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock) return Error::from_errno("open " + directory, errno);
    const bool locked = flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) return Error::from_errno("lock " + directory, errno);
    if (!locked)
        return Error(
            Code::conflict,
            fmt::format("another orilla serve has its pods below cgroup {}: stop it first, or choose another --cgroup-root",
                        directory));
    const std::string other = read_owner(lock.get());
    if (!other.empty() && other != owner && has_pods(place))
        return Error(Code::conflict,
                     fmt::format("below cgroup {} run the pods of {}, which this start of {} would end: choose another "
                                 "--cgroup-root; if that one is gone for good, remove the note: setfattr -x {} {}",
                                 directory, other, owner, owner_note, directory));
    // Where a kernel keeps no attributes there, the lock alone has to do.
    if (setxattr(directory.c_str(), owner_note, owner.data(), owner.size(), 0) != 0 && errno != EOPNOTSUPP)
        return Error::from_errno("note the owner of " + directory, errno);
    return lock;
}

}  // namespace orilla::runtime
