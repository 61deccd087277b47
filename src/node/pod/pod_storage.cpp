#include "pod/pod_storage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/unique_fd.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::node {
namespace {

/// As often as the kubelet looks, but not for more than a hundredth of the processor's time.
constexpr int64_t look_ms_min = 10'000;
constexpr int64_t look_ms_max = 120'000;
constexpr int64_t rest_per_look = 100;

constexpr std::string_view resource = "ephemeral-storage";

const api::Quantity* find_limit(const api::Container& container) {
    const api::Quantity* limit = container.resources.limits.get(resource);
    return limit && limit->value() > 0 ? limit : nullptr;
}

bool is_on_disk(const api::Volume& volume) { return volume.empty_dir && volume.empty_dir->medium != "Memory"; }

void add_limit(std::optional<api::Quantity>& sum, const api::Quantity& more) { sum = sum ? sum->plus(more) : more; }

/// As requests are summed: what runs together, or the largest step of the start.
std::optional<api::Quantity> sum_limits(const api::PodSpec& spec) {
    std::optional<api::Quantity> sum, sidecars, largest_step;
    for (const auto& container : spec.init_containers) {
        const api::Quantity* limit = find_limit(container);
        if (limit && api::is_sidecar(container)) add_limit(sidecars, *limit);
        if (!limit || api::is_sidecar(container)) continue;
        const api::Quantity step = sidecars ? limit->plus(*sidecars) : *limit;
        if (!largest_step || step.compare(*largest_step) > 0) largest_step = step;
    }
    for (const auto& container : spec.containers)
        if (const api::Quantity* limit = find_limit(container)) add_limit(sum, *limit);
    if (sidecars) add_limit(sum, *sidecars);
    if (largest_step && (!sum || largest_step->compare(*sum) > 0)) sum = largest_step;
    return sum;
}

int64_t sum_up(const std::map<std::string, int64_t>& parts) {
    int64_t sum = 0;
    for (const auto& [name, bytes] : parts) sum += bytes;
    return sum;
}

/// Whether `limits` has one that is exceeded.
const StorageLimit* find_exceeded(const std::vector<StorageLimit>& limits, const std::map<std::string, int64_t>& use) {
    const auto is_exceeded = [&use](const StorageLimit& limit) {
        const auto found = use.find(limit.name);
        return found != use.end() && found->second > limit.most.value();
    };
    const auto found = std::ranges::find_if(limits, is_exceeded);
    return found == limits.end() ? nullptr : &*found;
}

// ---- counting: a tree of any depth with one descriptor. Into a directory, and back through its `..`, which is the one that it
// was entered from unless somebody moved it meanwhile: then the count ends there.

struct DirectoryEntry {
    uint64_t inode;
    int64_t next;  ///< where to go on reading
    uint16_t bytes;
    uint8_t type;
    char name[];
};

struct Level {
    dev_t device;
    ino_t inode;
    off_t next;  ///< where to go on reading it, once we are back
};

class DiskCount {
  public:
    explicit DiskCount(const std::atomic<bool>& stop) : stop_(stop) {}
    int64_t run(const std::string& path);

  private:
    bool add(const struct stat& seen);
    std::string read_level();
    bool descend(const std::string& name);
    bool ascend();

    const std::atomic<bool>& stop_;
    UniqueFd here_;
    std::vector<Level> levels_;  ///< the last one is where we are
    int64_t bytes_ = 0;
};

/// A file with several names counts in parts: all of them together are the whole. True for a directory to go into.
bool DiskCount::add(const struct stat& seen) {
    constexpr int64_t block_bytes = 512;
    const bool directory = S_ISDIR(seen.st_mode);
    if (seen.st_dev != levels_.front().device) return false;
    const auto names = directory ? 1 : std::max<int64_t>(static_cast<int64_t>(seen.st_nlink), 1);
    bytes_ += static_cast<int64_t>(seen.st_blocks) * block_bytes / names;
    return directory;
}

/// On with the directory that we are in. The next one to go into; empty when it has been read.
std::string DiskCount::read_level() {
    alignas(DirectoryEntry) char entries[8 * 1024];
    while (!stop_) {
        const long size = syscall(SYS_getdents64, here_.get(), entries, sizeof entries);
        if (size <= 0) break;
        for (long at = 0; at < size;) {
            const auto& entry = *reinterpret_cast<const DirectoryEntry*>(entries + at);
            at += entry.bytes;
            levels_.back().next = static_cast<off_t>(entry.next);
            const std::string_view name = entry.name;
            struct stat seen {};
            if (name == "." || name == ".." || fstatat(here_.get(), entry.name, &seen, AT_SYMLINK_NOFOLLOW) != 0) continue;
            if (add(seen)) return entry.name;
        }
    }
    return "";
}

bool DiskCount::descend(const std::string& name) {
    UniqueFd inner(openat(here_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat seen {};
    if (!inner || fstat(inner.get(), &seen) != 0) return false;
    levels_.push_back({seen.st_dev, seen.st_ino, 0});
    here_ = std::move(inner);
    return true;
}

bool DiskCount::ascend() {
    levels_.pop_back();
    if (levels_.empty()) return false;
    UniqueFd outer(openat(here_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat seen {};
    if (!outer || fstat(outer.get(), &seen) != 0) return false;
    const Level& left = levels_.back();
    if (seen.st_dev != left.device || seen.st_ino != left.inode) return false;
    here_ = std::move(outer);
    return lseek(here_.get(), left.next, SEEK_SET) >= 0;
}

int64_t DiskCount::run(const std::string& path) {
    here_ = UniqueFd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat seen {};
    if (!here_ || fstat(here_.get(), &seen) != 0) return 0;
    levels_.push_back({seen.st_dev, seen.st_ino, 0});
    add(seen);
    for (;;) {
        const std::string inner = read_level();
        if (stop_) break;
        // One that cannot be entered has gone, or is nobody's: on with the next.
        if (inner.empty() ? ascend() : descend(inner)) continue;
        if (inner.empty() || lseek(here_.get(), levels_.back().next, SEEK_SET) < 0) break;
    }
    return bytes_;
}

}  // namespace

StorageLimits plan_storage_limits(const api::PodSpec& spec) {
    StorageLimits out;
    for (const auto& volume : spec.volumes)
        if (is_on_disk(volume) && volume.empty_dir->size_limit.value() > 0)
            out.volumes.push_back({volume.name.str(), volume.empty_dir->size_limit});
    for (const auto* list : {&spec.init_containers, &spec.containers})
        for (const auto& container : *list)
            if (const api::Quantity* limit = find_limit(container)) out.containers.push_back({container.name.str(), *limit});
    out.pod = sum_limits(spec);
    return out;
}

std::string describe_excess(const StorageLimits& limits, const StorageUse& use) {
    if (const StorageLimit* volume = find_exceeded(limits.volumes, use.volumes))
        return fmt::format("Usage of EmptyDir volume \"{}\" exceeds the limit \"{}\". ", volume->name, volume->most.text);
    if (limits.pod && sum_up(use.volumes) + sum_up(use.containers) > limits.pod->value())
        return fmt::format("Pod ephemeral local storage usage exceeds the total limit of containers {}. ", limits.pod->text);
    if (const StorageLimit* container = find_exceeded(limits.containers, use.containers))
        return fmt::format("Container {} exceeded its local ephemeral storage limit \"{}\". ", container->name,
                           container->most.text);
    return "";
}

int64_t count_disk_bytes(const std::string& directory, const std::atomic<bool>& stop) { return DiskCount(stop).run(directory); }

PodStorage::PodStorage(AgentPod& pod, StorageLimits limits)
    : pod_(pod), limits_(std::move(limits)), stop_(std::make_shared<std::atomic<bool>>(false)), tasks_(pod.agent.loop) {
    tasks_.spawn(watch());
}

/// Of each container the attempts that are still there, and all of its logs.
PodStorage::Places PodStorage::find_places() const {
    Places out;
    const auto pod = pod_.find();
    if (!pod) return out;
    for (const auto& volume : pod->spec.volumes)
        if (is_on_disk(volume))
            out.volumes.emplace_back(volume.name.str(), fmt::format("{}/volumes/{}", pod_.dir(), volume.name));
    if (const auto sandbox = pod_.find_sandbox())
        for (const auto& attempt : sandbox->containers)
            out.containers.emplace_back(attempt.name,
                                        fmt::format("{}/{}_{}", pod_.agent.options.containers_dir, pod_.key.uid, attempt.id));
    for (const auto* list : {&pod->spec.init_containers, &pod->spec.containers})
        for (const auto& container : *list)
            out.containers.emplace_back(container.name.str(), fmt::format("{}/{}", pod_.log_dir(), container.name));
    return out;
}

namespace {
/// Of this thread.
int64_t processor_ms() {
    struct timespec used {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * 1000 + used.tv_nsec / 1'000'000;
}
}  // namespace

PodStorage::Look PodStorage::count(const Places& places, const std::atomic<bool>& stop) {
    const int64_t begun_ms = processor_ms();
    Look look;
    for (const auto& [name, path] : places.volumes) look.use.volumes[name] += count_disk_bytes(path, stop);
    for (const auto& [name, path] : places.containers) look.use.containers[name] += count_disk_bytes(path, stop);
    look.processor_ms = processor_ms() - begun_ms;
    return look;
}

loop::Task<void> PodStorage::watch() {
    const AgentContext& agent = pod_.agent;
    while (excess_.empty()) {
        auto job = [places = find_places(), stop = stop_] { return count(places, *stop); };
        AWAIT(const Look look, loop::run_on(agent.ports.files, agent.loop, std::move(job)));
        excess_ = describe_excess(limits_, look.use);
        const int64_t rest_ms = std::clamp(look.processor_ms * rest_per_look, look_ms_min, look_ms_max);
        if (excess_.empty()) co_await agent.loop.sleep_for(rest_ms);
    }
    pod_.wake();
}

}  // namespace orilla::node
