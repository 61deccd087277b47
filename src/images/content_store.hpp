// The image directory on disk:
//
//   index.json   which images there are; replaced atomically, so that an image is whole or absent
//   blobs/       verified compressed layers that wait to be unpacked, and unfinished downloads (<hex>.<registry>.partial)
//   layers/      unpacked layers by diff id (<hex>), or by chain id (<hex>-c) when one is only good above its parents
//   work/        layers being unpacked; garbage at start
//   trash/       garbage on its way out
//
// Everything here is a quick system call or two, but for `write_index`, which belongs on the disk executor.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "blob_sweep.hpp"
#include "orilla/base/unique_fd.hpp"
#include "record.hpp"

namespace orilla::images {

class ContentStore {
  public:
    /// Makes what is missing; `worker_uid` owns the blobs.
    Result<void> open(const std::string& directory, uint32_t worker_uid);
    /// The index as written last. One that cannot be read is put aside, and `index_was_broken` says so.
    Result<ImagesById> read_index();
    bool index_was_broken() const { return index_was_broken_; }
    /// Durable when it returns. From any thread.
    Result<void> write_index(const std::string& text) const;

    int blobs_fd() const { return blobs_.get(); }
    int trash_fd() const { return trash_.get(); }
    Result<UniqueFd> open_blob(const std::string& digest) const;
    bool has_blob(const std::string& digest) const;
    void drop_blob(const std::string& digest) const;

    bool has_layer(const std::string& name) const;
    Result<UniqueFd> open_layer(const std::string& name) const;
    std::string layer_path(const std::string& name) const { return directory_ + "/layers/" + name; }
    std::vector<std::string> layer_names() const;

    struct Work {
        std::string name;
        UniqueFd fd;
    };
    Result<Work> new_work();
    Result<void> adopt_work(const std::string& work, const std::string& layer) const;
    void discard_work(const std::string& work);
    void discard_layer(const std::string& layer);
    bool has_trash() const;

    /// What a crash left: unfinished work, layers that no image of `kept` has, downloads that were whole before it.
    void collect(const std::set<std::string>& kept_layers, bool keep_unknown_layers);
    /// Drops blobs as plan_blob_sweep says; true when some are left.
    bool sweep_blobs(const BlobsInUse& in_use, int64_t now_s) const;
    /// Downloads that nobody in `kept_blobs` waits for.
    void drop_idle_blobs(const std::set<std::string>& kept_blobs) const;

  private:
    void to_trash(int from_fd, const std::string& name);
    std::string directory_;
    UniqueFd root_, blobs_, layers_, work_, trash_;
    uint64_t next_name_ = 0;
    bool index_was_broken_ = false;
};

}  // namespace orilla::images
