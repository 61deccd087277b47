// The node's part of orilla.dev/local: volumes below a directory of the data disk, on threads that the disk may keep.
#pragma once

#include <string>

#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/volume_disk.hpp"

namespace orilla::node {

class LocalDisk final : public objects::VolumeDisk {
  public:
    LocalDisk(loop::Loop& loop, loop::Executor& executor, std::string volumes_dir, std::string pods_dir)
        : loop_(loop), executor_(executor), volumes_dir_(std::move(volumes_dir)), pods_dir_(std::move(pods_dir)) {}
    int64_t rounded(int64_t bytes) const override;
    loop::Task<Result<objects::DiskVolume>> make(objects::NewVolume wanted) override;
    loop::Task<Result<objects::DiskVolume>> find(std::string name) override;
    loop::Task<Result<void>> keep(std::string name) override;
    loop::Task<Result<void>> grow(std::string name, int64_t bytes) override;
    loop::Task<Result<void>> remove(std::string name) override;
    loop::Task<Result<std::vector<objects::DiskVolume>>> list() override;

  private:
    loop::Loop& loop_;
    loop::Executor& executor_;
    const std::string volumes_dir_, pods_dir_;
};

}  // namespace orilla::node
