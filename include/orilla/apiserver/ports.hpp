// What the API server asks of the rest of the house beyond the store and pods: the images on this box. Wiring connects them; a
// test connects fakes. Nothing here blocks: what takes time is a Task.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/http/message.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::apiserver {

struct ImageInfo {
    std::string id;  ///< digest of the configuration: sha256:...
    std::vector<std::string> names;
    int64_t size_bytes = 0;
    int64_t created_wall_s = 0;  ///< 0 when the image does not say
    bool in_use = false;         ///< a container that exists was made from it
};

/// Where one layer stands.
struct LayerProgress {
    std::string digest;
    std::string status;  ///< "reading", "downloading", "waiting", "unpacking", "done"
    int64_t done_bytes = 0;
    int64_t total_bytes = 0;  ///< 0: not known yet
};

/// One step of a pull or an import; numbers are of the whole image and may still grow.
struct ImageProgress {
    std::string status;  ///< "resolving", "reading", "downloading", "unpacking"
    int64_t done_bytes = 0;
    int64_t total_bytes = 0;  ///< 0: not known yet
    int layers_done = 0;
    int layers_total = 0;
    std::vector<LayerProgress> layers;  ///< in the order in which they were heard of
};
/// Called on the loop, as often as the work likes; the server thins it out.
using ImageProgressFn = std::function<void(const ImageProgress&)>;

class ImageService {
  public:
    virtual ~ImageService() = default;
    virtual std::vector<ImageInfo> list() const = 0;
    /// Returns when the image is complete and unpacked. Destroying the task gives the pull up.
    virtual loop::Task<Result<ImageInfo>> pull(std::string name, ImageProgressFn progress) = 0;
    /// Reads an archive or layout at an absolute path of this box; `name` empty: the names in the archive.
    virtual loop::Task<Result<std::vector<ImageInfo>>> import(std::string path, std::string name, ImageProgressFn progress) = 0;
    /// By name or id; conflict while a container uses it.
    virtual loop::Task<Result<void>> remove(std::string name_or_id) = 0;
    /// Removes what no container uses; gives what went.
    virtual loop::Task<Result<std::vector<ImageInfo>>> prune() = 0;
};

}  // namespace orilla::apiserver
