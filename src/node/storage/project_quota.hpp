// Project quota of ext4 and xfs: files carry the number of a project, what is made in a directory inherits it, and the kernel
// counts and limits what the files of a project take. Numbers are looked up in the files themselves. All of it may block.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::node {

struct ProjectUse {
    int64_t bytes = 0, bytes_max = 0;
    int64_t files = 0, files_max = 0;
    bool operator==(const ProjectUse&) const = default;
};

/// Ours. An administrator's begin where he likes, and that is not here.
inline constexpr uint32_t project_first = 1'330'774'016, project_last = project_first + 999'999;
constexpr bool is_our_project(uint32_t project) { return project >= project_first && project <= project_last; }

/// Its file system counts projects and enforces their limits.
bool has_project_quota(const std::string& dir);
/// 0: none. Of a file or a directory.
Result<uint32_t> read_project(const UniqueFd& file);
/// What is made below a directory has the project, too.
Result<void> set_project(const UniqueFd& file, uint32_t project, bool inherit);
Result<ProjectUse> read_project_use(const UniqueFd& on, uint32_t project);
/// 0: no limit.
Result<void> limit_project(const UniqueFd& on, uint32_t project, int64_t bytes, int64_t files);

}  // namespace orilla::node
