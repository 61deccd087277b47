// kubectl's configuration file: our cluster, user and context beside those that it has. What is not ours is never changed;
// the file is replaced as a whole, so that a crash leaves the old one or the new one.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::cli {

constexpr size_t kubeconfig_bytes_max = size_t{4} << 20;

/// What kubectl writes to: the first file of $KUBECONFIG that is there, else the last one named, else $HOME/.kube/config.
Result<std::string> find_kubeconfig_path();
/// `ours` (as the server renders it) under `name` in `existing` (text of `file`, may be empty). Fails when another cluster,
/// user or context has the name, unless it `overwrites` them. Pure.
Result<std::string> merge_kubeconfig(std::string_view existing, std::string_view ours, const std::string& name,
                                     const std::string& file, bool overwrites = false);
/// Merges into the file, with mode 0600; makes its directory. Returns what to tell.
Result<std::string> merge_into_file(const std::string& file, std::string_view ours, const std::string& name,
                                    bool overwrites = false);

}  // namespace orilla::cli
