// What a layer's entry names may look like. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::images {

/// "./a//b/" is "a/b", and so is "/a/b": a name begins at the layer's root, as GNU tar and other engines have it; the root is
/// "". Code::corrupt for names that lead out (..) or break a limit.
Result<std::string> clean_entry_path(std::string_view path);

struct SplitPath {
    std::string_view parent;  ///< "" is the root
    std::string_view name;
};
SplitPath split_path(std::string_view clean);
/// Of a clean path, or of a symlink's target ("." and ".." stay, empty parts go).
std::vector<std::string> split_components(std::string_view path);

enum class Whiteout { none, remove, opaque, aufs_internal };
/// ".wh.vi" removes "vi" of the layers below, ".wh..wh..opq" everything below in its directory.
Whiteout classify_whiteout(std::string_view name);
/// The name that a `remove` whiteout hides; Code::corrupt when that is none.
Result<std::string> whiteout_target(std::string_view name);

/// user.* and security.capability stay; what would steer the kernel or the overlay goes.
bool keeps_xattr(std::string_view name);

/// For messages: control characters shown as \xNN, cut at 200 bytes.
std::string printable(std::string_view path);

}  // namespace orilla::images
