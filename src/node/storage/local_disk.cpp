#include "orilla/node/local_disk.hpp"

#include "storage/local_volumes.hpp"

namespace orilla::node {

int64_t LocalDisk::rounded(int64_t bytes) const { return LocalVolumes::rounded(bytes); }

loop::Task<Result<objects::DiskVolume>> LocalDisk::make(objects::NewVolume wanted) {
    return loop::run_on(executor_, loop_,
                        [dir = volumes_dir_, wanted = std::move(wanted)] { return LocalVolumes(dir).make(wanted); });
}

loop::Task<Result<objects::DiskVolume>> LocalDisk::find(std::string name) {
    return loop::run_on(executor_, loop_, [dir = volumes_dir_, name] { return LocalVolumes(dir).find(name); });
}

loop::Task<Result<void>> LocalDisk::keep(std::string name) {
    return loop::run_on(executor_, loop_, [dir = volumes_dir_, name] { return LocalVolumes(dir).keep(name); });
}

loop::Task<Result<void>> LocalDisk::grow(std::string name, int64_t bytes) {
    return loop::run_on(executor_, loop_, [dir = volumes_dir_, name, bytes] { return LocalVolumes(dir).grow(name, bytes); });
}

loop::Task<Result<void>> LocalDisk::remove(std::string name) {
    return loop::run_on(executor_, loop_, [dir = volumes_dir_, name] { return LocalVolumes(dir).remove(name); });
}

loop::Task<Result<std::vector<objects::DiskVolume>>> LocalDisk::list() {
    return loop::run_on(executor_, loop_, [dir = volumes_dir_, pods = pods_dir_] { return LocalVolumes(dir).list(pods); });
}

}  // namespace orilla::node
