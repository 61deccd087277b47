// A disk for volumes that takes its time before and after what it does, so that a crash finds both.
#pragma once

#include "../support/fake_volume_disk.hpp"
#include "orilla/base/random.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::sim {

class SlowVolumeDisk final : public objects::VolumeDisk {
  public:
    SlowVolumeDisk(loop::Loop& loop, Random& random, test::FakeVolumes& volumes)
        : loop_(loop), random_(random), disk_(volumes) {}
    int64_t rounded(int64_t bytes) const override { return disk_.rounded(bytes); }
    loop::Task<Result<objects::DiskVolume>> make(objects::NewVolume wanted) override {
        return slowly(disk_.make(std::move(wanted)));
    }
    loop::Task<Result<objects::DiskVolume>> find(std::string name) override { return slowly(disk_.find(std::move(name))); }
    loop::Task<Result<void>> keep(std::string name) override { return slowly(disk_.keep(std::move(name))); }
    loop::Task<Result<void>> grow(std::string name, int64_t bytes) override {
        return slowly(disk_.grow(std::move(name), bytes));
    }
    loop::Task<Result<void>> remove(std::string name) override { return slowly(disk_.remove(std::move(name))); }
    loop::Task<Result<std::vector<objects::DiskVolume>>> list() override { return slowly(disk_.list()); }

  private:
    template <class T>
    loop::Task<T> slowly(loop::Task<T> task) {
        constexpr uint64_t wait_ms_max = 50;
        co_await loop_.sleep_for(static_cast<int64_t>(random_.below(wait_ms_max)));
        T done = co_await std::move(task);
        co_await loop_.sleep_for(static_cast<int64_t>(random_.below(wait_ms_max)));
        co_return done;
    }
    loop::Loop& loop_;
    Random& random_;
    test::FakeVolumeDisk disk_;
};

}  // namespace orilla::sim
