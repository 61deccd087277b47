#include "base_layer.hpp"

#include <fcntl.h>

#include <cerrno>

#include "cgroup_files.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::runtime {

Result<void> make_base_layer(const std::string& path) {
    for (const char* directory : {"/proc", "/sys", "/dev", "/etc"}) TRY_VOID(make_directories(path + directory));
    for (const char* file : {"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}) {
        const UniqueFd fd(::open((path + file).c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
        if (!fd) return Error::from_errno("make " + path + file, errno);
    }
    return ok();
}

}  // namespace orilla::runtime
