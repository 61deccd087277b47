// Variables from files that a pod's own containers write: fileKeyRef. The files are anybody's: bounded, opened inside of their
// volume and never outside, and never waited for.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::node {

constexpr size_t env_file_bytes_max = 64 * 1024;
constexpr size_t env_file_value_bytes_max = 32 * 1024;
constexpr size_t env_files_max = 32;  ///< of one container

/// The value of `key`, nothing where the text does not declare it. A line is VAR='value', where the value may go on over
/// several lines, or VAR=value; blank lines and those that begin with # say nothing. The last one of a name goes.
Result<std::optional<std::string>> find_env_file_value(std::string_view text, std::string_view key);

/// Where the files of a container's variables are, below which directories.
struct EnvFile {
    std::string directory;
    std::string path;
    auto operator<=>(const EnvFile&) const = default;
};
/// What they hold; not_found for one that is not there.
using EnvFiles = std::map<EnvFile, Result<std::string>>;

/// The files that the container's variables name; `pod_dir` as in PodPlacement.
Result<EnvFiles> find_env_files(const api::Pod& pod, const api::Container& container, const std::string& pod_dir);
/// Reads each of them. Blocks.
EnvFiles read_env_files(EnvFiles files);

}  // namespace orilla::node
