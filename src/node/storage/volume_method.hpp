// How the size of a volume holds. A volume is a directory; what is in it, and who counts it, is its method's. All of it may
// block.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/objects/volume_disk.hpp"

namespace orilla::node {

struct VolumeCopy {
    std::string source, target;  ///< directories of volumes
    int64_t bytes = 0;           ///< how large the target becomes
    bool in_use = false;         ///< pods may write to the source meanwhile
    bool snapshot = false;
    objects::CopyProgress& progress;
    UniqueFd held = {};  ///< what `prepare_copy` found, so that nobody takes it away meanwhile
};

struct CopiedVolume {
    int64_t taken_ns = 0;      ///< the moment whose data it has
    int64_t shared_bytes = 0;  ///< what the source and the copy have in common on the disk
};

class VolumeMethod {
  public:
    virtual ~VolumeMethod() = default;
    virtual const char* name() const = 0;
    /// What pods see of it, below the volume's directory.
    virtual const char* place() const = 0;
    /// The file that has the volume's size, and whose time is that of a snapshot's data.
    virtual const char* figure() const = 0;
    virtual Result<int64_t> size(const std::string& volume) const = 0;
    /// What it takes of the disk.
    virtual int64_t used(const std::string& volume) const = 0;
    /// What it may still take of the disk, beyond blocks that it shares.
    virtual int64_t due(const std::string& volume) const = 0;
    /// How many of so many shared bytes still have to be there twice once somebody writes.
    virtual int64_t still_shared(const std::string& volume, int64_t bytes) const = 0;
    virtual Result<void> make(const std::string& volume, int64_t bytes) const = 0;
    /// What has to be there before `copy`, which may take long and runs beside everything else.
    virtual Result<void> prepare_copy(VolumeCopy& copy) const = 0;
    virtual Result<CopiedVolume> copy(const VolumeCopy& copy) const = 0;
    virtual Result<void> check_growth() const = 0;
    /// To a larger size, also while pods have it; done again, it ends what a crash left half done.
    virtual Result<void> grow(const std::string& volume, int64_t bytes) const = 0;
    /// A pod may use it once this is done. It finds what a move of the data, or a crash, has left.
    virtual Result<void> open(const std::string& volume) const = 0;
    virtual bool is_open(const std::string& volume) const = 0;
    /// After its last pod. `even_if_busy`: whoever still has it, keeps it for as long as he holds it.
    virtual Result<void> close(const std::string& volume, bool even_if_busy) const = 0;
    /// What writers may be waiting for when a daemon was killed.
    virtual void recover(const std::string& volume) const = 0;
    /// Takes away what removing the directory would leave.
    virtual Result<void> clear(const std::string& volume) const = 0;
};

const VolumeMethod& loop_method();
const VolumeMethod& project_method();
const VolumeMethod& subvolume_method();

/// What new volumes below a directory are made by: the best that its file system has, when it is first asked.
const VolumeMethod& choose_method(const std::string& dir);
/// Of one that is there; nullptr: there is none.
const VolumeMethod* find_method(const std::string& volume);

}  // namespace orilla::node
