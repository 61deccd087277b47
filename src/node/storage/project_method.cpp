// A directory, VOLUME/data, whose files are a project of ext4's or xfs's quota. Its size is in VOLUME/size, its project in the
// directory itself, and the kernel holds it to that. What a move of the data loses is set again when a pod opens it.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "orilla/base/durable.hpp"
#include "orilla/base/file_system.hpp"
#include "storage/directory_method.hpp"
#include "storage/project_quota.hpp"
#include "storage/tree_copy.hpp"
#include "storage/volume_files.hpp"

namespace orilla::node {
namespace {

/// As many files as mke2fs makes room for, so that no volume takes all there are.
constexpr int64_t file_bytes = 16'384;
constexpr int64_t copy_tries_max = 20;
constexpr int64_t copy_used_ms_max = 10'000;

int64_t files_of(int64_t bytes) { return bytes / file_bytes; }

class ProjectMethod final : public DirectoryMethod {
  public:
    const char* name() const override { return "project quota"; }
    int64_t used(const std::string& volume) const override;
    int64_t due(const std::string& volume) const override;
    int64_t still_shared(const std::string&, int64_t bytes) const override { return bytes; }
    Result<void> make(const std::string& volume, int64_t bytes) const override;
    Result<void> prepare_copy(VolumeCopy& copy) const override { return make(copy.target, copy.bytes); }
    Result<CopiedVolume> copy(const VolumeCopy& copy) const override;
    Result<void> clear(const std::string& volume) const override;

  protected:
    Result<void> settle(const std::string& volume) const override;
};

/// No file has it, and nobody has limited it. An open file that has no name any more counts as well.
Result<bool> is_free(const UniqueFd& on, uint32_t project) {
    TRY(const ProjectUse use, read_project_use(on, project));
    return use == ProjectUse{};
}

std::set<uint32_t> find_projects(const std::string& dir) {
    std::set<uint32_t> out;
    for (const auto& name : list_names(dir)) {
        const auto data = open_directory(dir + "/" + name + "/data");
        if (!data) continue;
        if (const auto project = read_project(*data)) out.insert(*project);
    }
    return out;
}

Result<uint32_t> find_free_project(const std::string& volume, const UniqueFd& on) {
    const std::set<uint32_t> ours = find_projects(parent_directory(volume));
    for (uint32_t project = project_first; project <= project_last; ++project) {
        if (ours.contains(project)) continue;
        TRY(const bool free, is_free(on, project));
        if (free) return project;
    }
    return Error(Code::unavailable, "no number of a project is free for " + volume);
}

Result<uint32_t> find_project(const std::string& volume, UniqueFd& data) {
    TRY(data, open_directory(volume + "/data"));
    return read_project(data);
}

ProjectUse find_use(const std::string& volume) {
    UniqueFd data;
    const auto project = find_project(volume, data);
    if (!project || !is_our_project(*project)) return {};
    const auto use = read_project_use(data, *project);
    return use ? *use : ProjectUse{};
}

int64_t ProjectMethod::used(const std::string& volume) const { return find_use(volume).bytes; }

int64_t ProjectMethod::due(const std::string& volume) const {
    const auto bytes = size(volume);
    return bytes ? std::max<int64_t>(*bytes - used(volume), 0) : 0;
}

Result<void> ProjectMethod::make(const std::string& volume, int64_t bytes) const {
    TRY_VOID(make_plain_directory(volume + "/data", 0777));
    TRY(const UniqueFd data, open_directory(volume + "/data"));
    TRY(const uint32_t project, find_free_project(volume, data));
    TRY_VOID(set_project(data, project, true));
    TRY_VOID(limit_project(data, project, bytes, files_of(bytes)));
    return write_size(volume, bytes);
}

/// What a copy left when its source changed.
Result<void> empty(const std::string& dir) {
    for (const auto& name : list_names(dir)) TRY_VOID(remove_directory(dir + "/" + name));
    return ok();
}

/// Nothing holds the source still, so a copy counts only when nothing has changed meanwhile.
Result<CopiedVolume> ProjectMethod::copy(const VolumeCopy& copy) const {
    const std::string from = copy.source + "/data", to = copy.target + "/data";
    const int64_t first_ns = file_clock_ns();
    for (int64_t tried = 0; tried < copy_tries_max; ++tried) {
        TRY_VOID(empty(to));
        // What is mapped into memory tells of the next write once it is on the disk.
        if (copy.in_use) TRY_VOID(sync_file_system(from));
        const int64_t begun_ns = file_clock_ns();
        const auto shared = copy_tree(from, to, copy.progress);
        bool changed = false;
        if (copy.in_use) {
            TRY(changed, has_changed_since(from, begun_ns));
        }
        if (!shared && (!changed || copy.progress.cancelled)) return shared.error();
        if (shared && !changed) {
            TRY_VOID(sync_file_system(to));
            return CopiedVolume{begun_ns, *shared};
        }
        if ((file_clock_ns() - first_ns) / 1'000'000 > copy_used_ms_max) break;
    }
    return Error(Code::unavailable,
                 "pods write to the volume all the time, and nothing holds a directory still while it is copied: copy it "
                 "while no pod has it, or keep the data directory on btrfs");
}

Result<void> ProjectMethod::settle(const std::string& volume) const {
    if (!has_project_quota(volume))
        return Error(Code::unavailable, "the size of " + volume +
                                            " is held by project quota, which its file system does not enforce: mount it "
                                            "with the option prjquota");
    TRY(const int64_t bytes, size(volume));
    UniqueFd data;
    TRY(uint32_t project, find_project(volume, data));
    if (!is_our_project(project)) {
        TRY(project, find_free_project(volume, data));
        // The directory itself comes last: it says that all below it is done.
        const uint32_t chosen = project;
        TRY_VOID(limit_project(data, chosen, bytes, files_of(bytes)));
        const auto join = [chosen](const UniqueFd& file) -> Result<void> {
            struct stat seen {};
            if (fstat(file.get(), &seen) != 0) return Error::from_errno("look at a file of the volume", errno);
            return set_project(file, chosen, S_ISDIR(seen.st_mode));
        };
        TRY_VOID(visit_files(volume + "/data", join));
    }
    TRY(const ProjectUse use, read_project_use(data, project));
    if (use.bytes_max == bytes && use.files_max == files_of(bytes)) return ok();
    return limit_project(data, project, bytes, files_of(bytes));
}

/// While the directory still tells which one: what a crash leaves is found by that.
Result<void> ProjectMethod::clear(const std::string& volume) const {
    UniqueFd data;
    const auto project = find_project(volume, data);
    if (!project || !is_our_project(*project)) return ok();
    const auto cleared = limit_project(data, *project, 0, 0);
    // Quota is off: there is no limit.
    return cleared || !has_project_quota(volume) ? ok() : cleared;
}

}  // namespace

const VolumeMethod& project_method() {
    static const ProjectMethod method;
    return method;
}

}  // namespace orilla::node
