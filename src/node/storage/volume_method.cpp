#include "storage/volume_method.hpp"

#include <sys/vfs.h>

#include <map>
#include <mutex>

#include "orilla/base/file_system.hpp"
#include "orilla/base/log.hpp"
#include "storage/project_quota.hpp"
#include "storage/subvolume.hpp"
#include "storage/volume_files.hpp"

namespace orilla::node {
namespace {

bool is_btrfs(const std::string& path) {
    struct statfs seen {};
    return statfs(path.c_str(), &seen) == 0 && is_file_system(seen, BTRFS_SUPER_MAGIC);
}

const VolumeMethod& probe(const std::string& dir) {
    if (is_btrfs(dir)) {
        const auto enabled = enable_subvolume_quota(dir);
        if (enabled) return subvolume_method();
        log::warning("volumes of claims are files with a file system inside: " + enabled.error().message());
        return loop_method();
    }
    return has_project_quota(dir) ? project_method() : loop_method();
}

}  // namespace

const VolumeMethod& choose_method(const std::string& dir) {
    static std::mutex mutex;
    static std::map<std::string, const VolumeMethod*> chosen;
    const std::lock_guard lock(mutex);
    const VolumeMethod*& method = chosen[dir];
    if (!method) method = &probe(dir);
    return *method;
}

const VolumeMethod* find_method(const std::string& volume) {
    if (exists(volume + loop_method().figure())) return &loop_method();
    if (!exists(volume + project_method().figure())) return nullptr;
    return is_btrfs(volume) ? &subvolume_method() : &project_method();
}

}  // namespace orilla::node
