// A disk for volumes that is a few maps: of a size, and failing when it is told to. It makes, grows and removes volumes in the
// steps of a project quota, and between two of them whoever derives from it may take time, in which a crash may come.
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

    static constexpr int foreign_project = 1;
    std::map<std::string, objects::DiskVolume> begun, going;  ///< not there yet, and not any more
    std::map<std::string, int> projects;                      ///< of all three
    std::map<int, int64_t> limits = {{foreign_project, 0}};   ///< by project

    int64_t promised() const {
        int64_t sum = 0;
        for (const auto* volumes : {&there, &begun})
            for (const auto& [name, volume] : *volumes) sum += volume.bytes;
        return sum;
    }
    int find_free_project() const {
        for (int project = 1;; ++project) {
            const bool is_held =
                std::any_of(projects.begin(), projects.end(), [project](const auto& held) { return held.second == project; });
            if (!is_held && !limits.contains(project)) return project;
        }
    }
    /// The limit first: once the directory has gone nothing tells whose it was.
    void lift_limit(const std::string& name) {
        if (const auto held = projects.find(name); held != projects.end()) limits.erase(held->second);
    }
    void forget(const std::string& name) {
        begun.erase(name);
        going.erase(name);
        if (!there.contains(name)) projects.erase(name);
    }
};

class FakeVolumeDisk : public objects::VolumeDisk {
  public:
    explicit FakeVolumeDisk(FakeVolumes& volumes) : volumes_(volumes) {}
    int64_t rounded(int64_t bytes) const override { return bytes; }
    loop::Task<Result<objects::DiskVolume>> make(objects::NewVolume wanted) override {
        if (const auto found = volumes_.there.find(wanted.name); found != volumes_.there.end()) co_return found->second;
        if (making_.contains(wanted.name) || volumes_.going.contains(wanted.name))
            co_return Error(Code::unavailable, "volume " + wanted.name + " is being made or removed already");
        if (fails()) co_return Error(Code::unavailable, "the disk fails");
        const auto source = volumes_.there.find(wanted.source);
        if (!wanted.source.empty() && source == volumes_.there.end())
            co_return Error(Code::not_found, "the data of " + wanted.source + " is not on this node");
        if (wanted.progress && wanted.progress->cancelled) co_return Error(Code::unavailable, "the copy was given up");
        volumes_.lift_limit(wanted.name);
        volumes_.forget(wanted.name);
        const int64_t bytes = wanted.source.empty() ? wanted.bytes : std::max(wanted.bytes, source->second.bytes);
        if (volumes_.promised() + bytes > volumes_.bytes_max) co_return Error(Code::unavailable, "not enough room");
        objects::DiskVolume made{wanted.name, bytes, true, wanted.snapshot, wanted.snapshot ? volumes_.taken_ns : 0};
        AWAIT(const bool is_done, make_in_steps(wanted.name, made));
        if (!is_done) co_return Error(Code::unavailable, "the disk fails");
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
        const int64_t wanted = std::max(bytes, found->second.bytes);
        if (volumes_.promised() - found->second.bytes + wanted > volumes_.bytes_max)
            co_return Error(Code::unavailable, "not enough room");
        found->second.bytes = wanted;
        AWAIT_VOID(step());
        const auto now = volumes_.there.find(name);
        if (now == volumes_.there.end()) co_return Error(Code::unavailable, "the volume is gone");
        if (const auto held = volumes_.projects.find(name); held != volumes_.projects.end())
            volumes_.limits[held->second] = now->second.bytes;
        co_return ok();
    }
    loop::Task<Result<void>> remove(std::string name) override {
        if (fails()) co_return Error(Code::unavailable, "the disk fails");
        if (making_.contains(name)) co_return Error(Code::unavailable, "volume " + name + " is being made");
        if (volumes_.in_use.contains(name)) co_return Error(Code::conflict, "volume " + name + " is in use");
        if (const auto found = volumes_.there.find(name); found != volumes_.there.end()) {
            volumes_.going[name] = found->second;
            volumes_.there.erase(found);
        }
        AWAIT_VOID(take_away(name));
        co_return ok();
    }
    loop::Task<Result<std::vector<objects::DiskVolume>>> list() override {
        const auto begun = volumes_.begun, going = volumes_.going;
        for (const auto* left : {&begun, &going})
            for (const auto& [name, volume] : *left)
                if (!making_.contains(name)) AWAIT_VOID(take_away(name));
        std::vector<objects::DiskVolume> out;
        for (const auto& [name, volume] : volumes_.there) out.push_back(volume);
        co_return out;
    }

  protected:
    /// Between two changes of the disk.
    virtual loop::Task<void> step() { co_return; }

  private:
    bool fails() { return volumes_.failures_due > 0 && volumes_.failures_due-- > 0; }
    loop::Task<bool> make_in_steps(std::string name, objects::DiskVolume made) {
        making_.insert(name);
        volumes_.begun[name] = made;
        AWAIT_VOID(step());
        const int project = volumes_.projects[name] = volumes_.find_free_project();
        AWAIT_VOID(step());
        volumes_.limits[project] = made.bytes;
        AWAIT_VOID(step());
        const bool is_done = !fails();
        if (is_done) volumes_.there[name] = made;
        else volumes_.lift_limit(name);
        volumes_.forget(name);
        making_.erase(name);
        co_return is_done;
    }
    loop::Task<void> take_away(std::string name) {
        if (volumes_.there.contains(name) || making_.contains(name)) co_return;
        volumes_.lift_limit(name);
        AWAIT_VOID(step());
        if (!volumes_.there.contains(name) && !making_.contains(name)) volumes_.forget(name);
    }
    FakeVolumes& volumes_;
    std::set<std::string> making_;  ///< by this daemon
};

}  // namespace orilla::test
