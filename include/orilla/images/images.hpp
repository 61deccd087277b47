// The images of this box: pulled from registries or imported from archives, unpacked into layer directories that the
// runtime puts under an overlay, found by the name a pod says. It promises that an image is either whole or absent, also
// after a power cut; that layers are shared; that nothing in use is removed; and that the loop never waits for the
// network, for a disk or for a parser: all of that happens in confined children. It refuses whatever does not match its
// digest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/images/pod_images.hpp"
#include "orilla/images/reference.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::images {

/// One registry that needs more than HTTPS with the system's authorities.
struct RegistryOptions {
    std::string host;       ///< as in image names: registry.lan:5000
    bool insecure = false;  ///< plain HTTP is allowed (HTTPS is tried first)
    std::string ca_file;    ///< PEM, in place of the system's authorities
    std::string username;   ///< used when the pull brings no credentials of its own
    std::string password;
};

struct ImagesOptions {
    std::string directory;                   ///< <data-dir>/images
    std::string program = "/proc/self/exe";  ///< whose `run_worker` the children run
    std::vector<RegistryOptions> registries;
    int layers_parallel_max = 3;         ///< blobs a puller downloads at a time
    uint32_t worker_uid = 65534;         ///< puller and importer run as this user and group
    int64_t pull_idle_ms_max = 120'000;  ///< a puller that says nothing for so long is killed
};

struct ImportRequest {
    /// Names for the archive's image in place of those it brings; more than one image in the archive is then an error.
    std::vector<std::string> names;
    ProgressSink on_progress;  ///< may be empty
};

struct RemoveRequest {
    std::string image;   ///< a name, a name@digest, an id or a unique prefix (4 hex digits or more) of one
    bool force = false;  ///< by id: also when several names lead to it. Never when a container uses it
};

struct Removed {
    std::vector<std::string> untagged;  ///< names
    std::vector<std::string> deleted;   ///< ids
    int64_t reclaimed_bytes = 0;
};

class Images final : public PodImages {
  public:
    /// `disk` runs the few small durable writes (the index file).
    Images(loop::Loop& loop, loop::Executor& disk, ImagesOptions options);
    ~Images() override;
    Images(const Images&) = delete;
    Images& operator=(const Images&) = delete;

    /// At start, once, blocking: makes the directories, reads the index, collects what a crash left behind. Then, beside
    /// all else, each layer is looked at: an image whose files are not what they were is forgotten, with a message.
    Result<void> open();

    /// Images that must not be removed, as names, name@digest or ids, asked anew each time. The node gives those of
    /// every pod that is bound here, from before its pull on, so that nothing disappears between pull and start; a name
    /// in it is not taken off its image either.
    void set_in_use(std::function<std::vector<std::string>()> in_use);

    const Image* find(std::string_view image) const override;
    /// All, sorted by first name.
    std::vector<Image> list() const;
    std::vector<std::string> layer_paths(const Image& image) const override;
    /// Bytes used by layers, each counted once.
    int64_t disk_usage_bytes() const;

    loop::Task<Result<Image>> pull(PullRequest request) override;
    /// From an OCI archive, a docker-archive (both tar, plain or compressed; a file, or a pipe that a request body is
    /// pumped into) or the directory of an OCI layout.
    /// Each image has the names that this gave it.
    loop::Task<Result<std::vector<Image>>> import_archive(UniqueFd source, ImportRequest request);
    /// Conflict while a container uses it.
    loop::Task<Result<Removed>> remove(RemoveRequest request);
    /// Every image that no pod uses; with `all` false only those without a name.
    loop::Task<Result<Removed>> prune(bool all);
    /// Resolves when nothing is left to look at or to delete in the background (tests, shutdown).
    loop::Task<void> settled();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Image as JSON for `orilla image list -o json` and for the API.
std::string render_json(const Image& image);
std::string_view phase_name(Progress::Phase phase);

}  // namespace orilla::images
