// The disk that volumes are made on, which a controller asks for and the node has. Whatever it is asked for may be asked for
// again, after a crash at any step. Nothing here blocks: what takes time is a Task.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::objects {

struct DiskVolume {
    std::string name;
    int64_t bytes = 0;
    bool fresh = false;     ///< made, and nobody has said `keep` yet
    bool snapshot = false;  ///< never mounted, only copied
    int64_t taken_ns = 0;   ///< of a snapshot: the moment whose data it has, since 1970
};

/// What a copy tells, and is told, while another thread makes it.
struct CopyProgress {
    std::atomic<int64_t> bytes = 0;
    std::atomic<bool> cancelled = false;
};

struct NewVolume {
    std::string name;
    int64_t bytes = 0;  ///< of a snapshot 0: as large as its source
    /// A volume or snapshot whose data it begins with; "": it is empty.
    std::string source = {};
    bool snapshot = false;
    std::shared_ptr<CopyProgress> progress = {};
};

class VolumeDisk {
  public:
    virtual ~VolumeDisk() = default;
    /// How large a volume becomes that is to hold so much.
    virtual int64_t rounded(int64_t bytes) const = 0;
    /// One of exactly so many bytes, which all others together leave room for. Fine when it is there. Code::unavailable while
    /// its source cannot be copied.
    virtual loop::Task<Result<DiskVolume>> make(NewVolume wanted) = 0;
    /// Code::not_found when there is none.
    virtual loop::Task<Result<DiskVolume>> find(std::string name) = 0;
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
