// The disk that volumes are made on, which a controller asks for and the node has. Whatever it is asked for may be asked for
// again, after a crash at any step. Nothing here blocks: what takes time is a Task.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::objects {

struct DiskVolume {
    std::string name;
    int64_t bytes = 0;
    bool fresh = false;  ///< made, and nobody has said `keep` yet
};

class VolumeDisk {
  public:
    virtual ~VolumeDisk() = default;
    /// How large a volume becomes that is to hold so much.
    virtual int64_t rounded(int64_t bytes) const = 0;
    /// An empty one of exactly so many bytes, which all others together leave room for. Fine when it is there.
    virtual loop::Task<Result<void>> make(std::string name, int64_t bytes) = 0;
    /// There is an object by now that names it.
    virtual loop::Task<Result<void>> keep(std::string name) = 0;
    /// To so many bytes, also while pods have it. Fine when it is as large or larger.
    virtual loop::Task<Result<void>> grow(std::string name, int64_t bytes) = 0;
    /// With all its data; fine when there is none. Code::conflict while a pod has it.
    virtual loop::Task<Result<void>> remove(std::string name) = 0;
    /// All there are, after what was begun and not finished has been taken away.
    virtual loop::Task<Result<std::vector<DiskVolume>>> list() = 0;
};

}  // namespace orilla::objects
