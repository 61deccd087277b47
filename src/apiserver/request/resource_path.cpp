#include "request/resource_path.hpp"

namespace orilla::apiserver {

std::optional<ResourcePath> parse_resource_path(std::vector<std::string> segments) {
    ResourcePath path;
    size_t at = 0;
    if (segments.size() >= 3 && segments[0] == "api") {
        path.version = std::move(segments[1]);
        at = 2;
    } else if (segments.size() >= 4 && segments[0] == "apis") {
        path.group = std::move(segments[1]);
        path.version = std::move(segments[2]);
        at = 3;
    } else {
        return std::nullopt;
    }
    // /namespaces/NS/RESOURCE is inside a namespace; /namespaces/NS itself and its subresources are the object.
    const bool is_part = segments.size() == at + 3 && (segments[at + 2] == "status" || segments[at + 2] == "finalize");
    if (segments[at] == "namespaces" && segments.size() >= at + 3 && !is_part) {
        path.namespaced = true;
        path.ns = std::move(segments[at + 1]);
        at += 2;
    }
    path.plural = std::move(segments[at++]);
    if (at < segments.size()) path.name = std::move(segments[at++]);
    if (at < segments.size()) path.subresource = std::move(segments[at++]);
    if (at < segments.size()) return std::nullopt;
    return path;
}

}  // namespace orilla::apiserver
