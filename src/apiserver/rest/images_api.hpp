// The images of this box under /orilla/v1/images, for the CLI: no Kubernetes kind, and not in discovery.
//
//   GET    /orilla/v1/images                     {"items":[IMAGE...]}
//   POST   /orilla/v1/images/pull?name=N         JSON lines: PROGRESS..., then {"images":[IMAGE]} or {"error":STATUS}
//   POST   /orilla/v1/images/import?path=P&name= the same; P is an absolute path on this box
//   POST   /orilla/v1/images/prune               {"items":[IMAGE...]}, what was removed
//   DELETE /orilla/v1/images?name=N              Status
//
// IMAGE: {"id","names","sizeBytes","created","inUse"}; PROGRESS: {"status","doneBytes","totalBytes","layersDone",
// "layersTotal"}.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

/// `segments` are those after /orilla/v1/images.
Task<Result<http::Response>> serve_images(Rest& rest, const http::Request& request, std::vector<std::string> segments);

}  // namespace orilla::apiserver
