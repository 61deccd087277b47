// Reading and writing the small files of cgroupfs, and walking its directories.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::runtime {

inline constexpr size_t cgroup_file_bytes_max = 1U << 20;

/// Empty when it cannot be read.
std::string read_small_file(const std::string& path);
/// Nothing when there is no such file.
std::optional<uint64_t> find_number_in(const std::string& path);
Result<void> write_small_file(const std::string& path, const std::string& value);
/// mkdir -p
Result<void> make_directories(const std::string& path, unsigned mode = 0755);
std::vector<std::string> list_directories(const std::string& path);
/// Pids in `path` and in every cgroup below.
std::vector<int> read_processes(const std::string& path);
/// rmdir from the leaves up. False when one is busy.
Result<bool> remove_cgroup_tree(const std::string& path);

}  // namespace orilla::runtime
