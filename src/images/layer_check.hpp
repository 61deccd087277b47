// Whether an unpacked layer still is what the index says, cheaply: the sizes of its files together. A file that a damaged
// file system emptied, cut or lost shows; one whose bytes changed in place does not. It goes through a layer in portions, so
// that whoever shares the thread waits for one portion and not for the layer.
#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::images {

class LayerCheck {
  public:
    explicit LayerCheck(UniqueFd layer);
    /// Looks at up to `entries_max` more; true when none is left.
    Result<bool> look(size_t entries_max);
    /// Of the regular files seen until now, each counted once.
    int64_t size_bytes() const { return size_bytes_; }

  private:
    struct CloseDirectory {
        void operator()(DIR* stream) const { closedir(stream); }
    };
    using Stream = std::unique_ptr<DIR, CloseDirectory>;
    Result<void> enter(UniqueFd directory);
    Result<void> look_at(const char* name);

    UniqueFd layer_;
    std::vector<Stream> open_;  ///< from the layer down to where it is
    std::set<ino_t> linked_;    ///< files with several names
    int64_t size_bytes_ = 0;
};

}  // namespace orilla::images
