// The images as whoever starts pods needs them: what is here, where its layers lie, and how to get what is not. An
// interface without a registry behind it: Images (images.hpp) is the real one, tests and simulations have their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/images/image.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::images {

/// What a person who waits would like to see. Sent at most a few times a second for each layer.
struct Progress {
    enum class Phase { resolving, reading, downloading, waiting, unpacking, done };  ///< an import reads, a pull downloads
    Phase phase = Phase::resolving;
    std::string layer;  ///< sha256:... of the blob (diff id while unpacking an import); empty for the whole image
    int64_t bytes = 0;
    int64_t total_bytes = 0;  ///< 0 when unknown
    std::string message;      ///< "retry in 2 s: connection reset by peer", or empty
};
using ProgressSink = std::function<void(const Progress&)>;

struct PullRequest {
    std::string image;  ///< as the pod says it
    /// Contents of imagePullSecrets, best first: the JSON of `.dockerconfigjson` or of the older `.dockercfg`.
    std::vector<std::string> docker_configs;
    ProgressSink on_progress;  ///< may be empty
};

class PodImages {
  public:
    virtual ~PodImages() = default;
    /// By what a pod says (`nginx:1`, `nginx@sha256:...`) or by id. Null when absent; valid until the next change.
    virtual const Image* find(std::string_view image) const = 0;
    /// Absolute directories for overlay's lowerdir, HIGHEST first. Paths are about 95 bytes each: with many layers the
    /// option string outgrows mount(2)'s 4,096 bytes; open them and say /proc/self/fd/N.
    virtual std::vector<std::string> layer_paths(const Image& image) const = 0;
    /// Asks the registry even when the name is here already (that is what imagePullPolicy Always wants); layers that are
    /// here are not loaded again. Errors are sentences for the pod's condition; codes: invalid (the name), not_found,
    /// unauthorized, unavailable (registry unreachable), corrupt (digest, or a hostile layer), too_large, and system with
    /// errno ENOSPC.
    /// The image has the name that was pulled, and no other that it may be known under.
    virtual loop::Task<Result<Image>> pull(PullRequest request) = 0;
};

}  // namespace orilla::images
