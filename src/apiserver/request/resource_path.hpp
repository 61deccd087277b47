// The path of a Kubernetes resource taken apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace orilla::apiserver {

/// /api/V/... or /apis/G/V/...: which objects, which object, which part of it.
struct ResourcePath {
    std::string group;
    std::string version;
    std::string ns;
    std::string plural;
    std::string name;
    std::string subresource;
    bool namespaced = false;  ///< the path has a namespace
};
/// Nothing when the segments are no resource's (discovery, /version, too many of them).
std::optional<ResourcePath> parse_resource_path(std::vector<std::string> segments);

}  // namespace orilla::apiserver
