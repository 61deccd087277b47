// A kind of volume is one driver, one file. `check` decides, pure and on the loop, from the API's objects; the others act on
// the plain values that it leaves, on a thread that a file system may keep for ever. The table is all that the rest of the node
// knows of kinds of volumes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "pod/container_spec.hpp"

namespace orilla::node {

struct ProjectedFile {
    std::string path;  ///< relative, without ..
    std::string content;
    unsigned mode = 0644;
    bool operator==(const ProjectedFile&) const = default;
};

struct VolumeDriver;

/// What a volume is made of, as the API has it.
struct VolumeContext {
    const api::Pod& pod;
    const api::Volume& volume;
    const EnvSources& sources;
    const PodPlacement& placement;
};

/// One volume that is to be made: plain values, because a thread of its own makes it.
struct VolumeWork {
    const VolumeDriver* driver = nullptr;
    std::string name;
    std::string path;       ///< on the host: POD_DIR/volumes/NAME, or the driver's own
    int64_t gid = -1;       ///< fsGroup; -1: none
    std::string variant;    ///< hostPath: type; emptyDir: medium
    int64_t bytes_max = 0;  ///< 0: no limit
    std::vector<ProjectedFile> files;
    // Of a claim; `variant` is the kind of its volume.
    std::string source;             ///< a path of the host, or the volume's name
    std::string source_type;        ///< of a hostPath
    std::string volumes_dir;        ///< of orilla.dev/local
    std::string owner;              ///< the pod's uid
    std::string mount_options;      ///< of nfs, as one text
    bool read_only = false;         ///< of nfs: the whole mount
    bool remote = false;            ///< it lies where somebody else answers, or does not
    bool only_on_mismatch = false;  ///< fsGroup leaves alone what looks right at the top
};

struct VolumeDriver {
    std::string_view field;  ///< of the API's Volume
    bool (*matches)(const api::Volume&);
    bool projected =
        false;  ///< shows what the API says: never a container's to write, written anew when the API says otherwise
    /// The ConfigMaps and Secrets that it needs. Null: none.
    void (*find_sources)(const api::Volume&, SourceNames&) = nullptr;
    /// Its place on the host. Null: POD_DIR/volumes/NAME.
    std::string (*find_path)(const api::Volume&) = nullptr;
    /// Whether it can be made, and from what; pure. A source that is absent and not optional is Code::not_found, in the
    /// kubelet's words.
    Result<void> (*check)(const VolumeContext&, VolumeWork&);
    /// Makes the place. Idempotent, and may block.
    Result<void> (*prepare)(const VolumeWork&);
    /// Fills it, or brings it to what is said now. Idempotent, and may block. Null: there is nothing to fill.
    Result<void> (*publish)(const VolumeWork&) = nullptr;
    /// Takes away what is mounted at POD_DIR/volumes/NAME, so that the directory can be deleted; fine when that is nothing, or
    /// another driver's: of a pod that is gone only the directory is left. May block. Null: nothing ever is.
    Result<void> (*unpublish)(const std::string& path) = nullptr;
};

extern const VolumeDriver claim_driver, config_map_driver, downward_api_driver, empty_dir_driver, ephemeral_driver,
    host_path_driver, nfs_driver, projected_driver, secret_driver;

std::span<const VolumeDriver* const> volume_drivers();
const VolumeDriver& find_driver(const api::Volume& volume);
std::string find_volume_path(const api::Volume& volume, const std::string& pod_dir);

}  // namespace orilla::node
