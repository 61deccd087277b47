// A disk for volumes that takes its time before, after and between what it does, so that a crash finds each of its steps.
#pragma once

#include "../support/fake_volume_disk.hpp"
#include "orilla/base/random.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::sim {

class SlowVolumeDisk final : public test::FakeVolumeDisk {
  public:
    SlowVolumeDisk(loop::Loop& loop, Random& random, test::FakeVolumes& volumes)
        : FakeVolumeDisk(volumes), loop_(loop), random_(random) {}
    loop::Task<Result<objects::DiskVolume>> make(objects::NewVolume wanted) override {
        return slowly(FakeVolumeDisk::make(std::move(wanted)));
    }
    loop::Task<Result<objects::DiskVolume>> find(std::string name) override {
        return slowly(FakeVolumeDisk::find(std::move(name)));
    }
    loop::Task<Result<void>> keep(std::string name) override { return slowly(FakeVolumeDisk::keep(std::move(name))); }
    loop::Task<Result<void>> grow(std::string name, int64_t bytes) override {
        return slowly(FakeVolumeDisk::grow(std::move(name), bytes));
    }
    loop::Task<Result<void>> remove(std::string name) override { return slowly(FakeVolumeDisk::remove(std::move(name))); }
    loop::Task<Result<std::vector<objects::DiskVolume>>> list() override { return slowly(FakeVolumeDisk::list()); }

  protected:
    loop::Task<void> step() override { return wait(); }

  private:
    loop::Task<void> wait() {
        constexpr uint64_t wait_ms_max = 50;
        co_await loop_.sleep_for(static_cast<int64_t>(random_.below(wait_ms_max)));
    }
    template <class T>
    loop::Task<T> slowly(loop::Task<T> task) {
        AWAIT_VOID(wait());
        T done = co_await std::move(task);
        AWAIT_VOID(wait());
        co_return done;
    }
    loop::Loop& loop_;
    Random& random_;
};

}  // namespace orilla::sim
