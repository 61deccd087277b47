// A disk for volumes that is a map: of a size, and failing when it is told to.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "orilla/objects/volume_disk.hpp"

namespace orilla::test {

/// What survives the daemon.
struct FakeVolumes {
    std::map<std::string, objects::DiskVolume> there;
    int64_t bytes_max = int64_t{100} << 30;
    int failures_due = 0;  ///< so many of the next changes fail
    std::set<std::string> in_use;
    std::map<std::string, std::string> copied_from;
    int64_t taken_ns = 1'700'000'000'000'000'000;  ///< of the snapshots to come

    int64_t promised() const {
        int64_t sum = 0;
        for (const auto& [name, volume] : there) sum += volume.bytes;
        return sum;
    }
};

class FakeVolumeDisk final : public objects::VolumeDisk {
  public:
    explicit FakeVolumeDisk(FakeVolumes& volumes) : volumes_(volumes) {}
    int64_t rounded(int64_t bytes) const override { return bytes; }
    loop::Task<Result<objects::DiskVolume>> make(objects::NewVolume wanted) override {
        if (const auto found = volumes_.there.find(wanted.name); found != volumes_.there.end()) co_return found->second;
        if (fails()) co_return Error(Code::unavailable, "the disk fails");
        const auto source = volumes_.there.find(wanted.source);
        if (!wanted.source.empty() && source == volumes_.there.end())
            co_return Error(Code::not_found, "the data of " + wanted.source + " is not on this node");
        if (wanted.progress && wanted.progress->cancelled) co_return Error(Code::unavailable, "the copy was given up");
        const int64_t bytes = wanted.source.empty() ? wanted.bytes : std::max(wanted.bytes, source->second.bytes);
        if (volumes_.promised() + bytes > volumes_.bytes_max) co_return Error(Code::unavailable, "not enough room");
        objects::DiskVolume made{wanted.name, bytes, true, wanted.snapshot, wanted.snapshot ? volumes_.taken_ns : 0};
        volumes_.there[wanted.name] = made;
        if (!wanted.source.empty()) volumes_.copied_from[wanted.name] = wanted.source;
        co_return made;
    }
    loop::Task<Result<objects::DiskVolume>> find(std::string name) override {
        const auto found = volumes_.there.find(name);
        if (found == volumes_.there.end()) co_return Error(Code::not_found, "the data of " + name + " is not on this node");
        co_return found->second;
    }
    loop::Task<Result<void>> keep(std::string name) override {
        if (fails()) co_return Error(Code::unavailable, "the disk fails");
        if (const auto found = volumes_.there.find(name); found != volumes_.there.end()) found->second.fresh = false;
        co_return ok();
    }
    loop::Task<Result<void>> grow(std::string name, int64_t bytes) override {
        const auto found = volumes_.there.find(name);
        if (fails() || found == volumes_.there.end()) co_return Error(Code::unavailable, "the disk fails");
        if (bytes <= found->second.bytes) co_return ok();
        if (volumes_.promised() - found->second.bytes + bytes > volumes_.bytes_max)
            co_return Error(Code::unavailable, "not enough room");
        found->second.bytes = bytes;
        co_return ok();
    }
    loop::Task<Result<void>> remove(std::string name) override {
        if (fails()) co_return Error(Code::unavailable, "the disk fails");
        if (volumes_.in_use.contains(name)) co_return Error(Code::conflict, "volume " + name + " is in use");
        volumes_.there.erase(name);
        co_return ok();
    }
    loop::Task<Result<std::vector<objects::DiskVolume>>> list() override {
        std::vector<objects::DiskVolume> out;
        for (const auto& [name, volume] : volumes_.there) out.push_back(volume);
        co_return out;
    }

  private:
    bool fails() { return volumes_.failures_due > 0 && volumes_.failures_due-- > 0; }
    FakeVolumes& volumes_;
};

}  // namespace orilla::test
