// Volumes of claims below a directory: DIR/NAME, each by a method that its file system has (volume_method.hpp), which it keeps.
// What is promised to all of them together never exceeds what the disk has. A volume is there when it has its name: one that is
// being made or removed has another, and is taken away by `list`. A snapshot is one that pods never have. All of it may block.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/objects/volume_disk.hpp"
#include "storage/volume_method.hpp"

namespace orilla::node {

class LocalVolumes {
  public:
    explicit LocalVolumes(std::string dir) : dir_(std::move(dir)) {}

    static int64_t rounded(int64_t bytes);
    Result<objects::DiskVolume> make(const objects::NewVolume& wanted) const;
    Result<objects::DiskVolume> find(const std::string& name) const;
    Result<void> keep(const std::string& name) const;
    Result<void> grow(const std::string& name, int64_t bytes) const;
    Result<void> remove(const std::string& name) const;
    /// `pods_dir`: a pod that has no directory there has no volume either.
    Result<std::vector<objects::DiskVolume>> list(const std::string& pods_dir) const;

    /// Where pods see it once it is published.
    std::string place(const std::string& name) const;
    /// Makes it ready, if it is not, for one more pod.
    Result<void> publish(const std::string& name, const std::string& pod_uid) const;
    /// The last pod's leave closes it. Fine when the pod does not have it.
    Result<void> release(const std::string& name, const std::string& pod_uid) const;

  private:
    Result<void> check_room(int64_t bytes) const;
    Result<const VolumeMethod*> method_of(const std::string& name) const;
    Result<int64_t> size_copy(const objects::NewVolume& wanted) const;
    Result<void> fill(const objects::NewVolume& wanted, int64_t bytes, const std::string& making,
                      std::unique_lock<std::mutex>& lock) const;
    Result<void> fill_from_source(const objects::NewVolume& wanted, int64_t bytes, const std::string& making,
                                  std::unique_lock<std::mutex>& lock) const;
    Result<objects::DiskVolume> look_at(const std::string& name) const;
    Result<void> release_locked(const std::string& name, const std::string& pod_uid) const;
    std::string path(const std::string& name) const { return dir_ + "/" + name; }
    const std::string dir_;
};

struct LocalVolumePlace {
    std::string dir, name;
};
/// Of what `place` makes; nothing for another path.
std::optional<LocalVolumePlace> find_local_volume(const std::string& place);

}  // namespace orilla::node
