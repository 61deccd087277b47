// What --from-literal, --from-file and --from-env-file put into a ConfigMap or a Secret. A key given twice, from whatever
// source, and a key that the API would refuse are errors that name it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

constexpr size_t config_file_bytes_max = size_t{4} << 20;  ///< of one file; the server takes less
constexpr size_t config_bytes_max = size_t{8} << 20;       ///< of all of them

struct ConfigEntry {
    std::string key, value;
    bool operator==(const ConfigEntry&) const = default;
};

/// `object` is "ConfigMap" or "Secret", for the errors.
Result<std::vector<ConfigEntry>> read_config_sources(const Options& options, const std::string& object,
                                                     const std::string& name);
/// KEY=VALUE lines; # begins a comment line; a KEY alone takes its value from our environment.
Result<std::vector<ConfigEntry>> parse_env_file(std::string_view text);
/// Letters, digits, '-', '_' and '.', at most 253, neither "." nor "..".
bool is_config_key(std::string_view key);

}  // namespace orilla::cli
