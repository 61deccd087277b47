// Which files of blobs/ are garbage. A file of an import (its mode lets nobody write: it is never gone on with) is only good
// while that import runs. What a pull left is kept for a later one, but not for ever and not without bound: at most
// partial_kept_s_max since its last byte, and together at most a share of the file system, the newest first.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace orilla::images {

struct BlobFile {
    std::string name;  ///< "<hex>", "<hex>.<registry>.partial" or "new.<pid>.<number>"
    int64_t bytes = 0;
    int64_t written_wall_s = 0;
    bool of_import = false;
};

struct BlobsInUse {
    std::set<std::string> pinned;  ///< digests that running pulls and unpackings have
    bool importing = false;
};

/// Names to remove. Those in use are left alone, whatever their size.
std::vector<std::string> plan_blob_sweep(std::vector<BlobFile> files, const BlobsInUse& in_use, int64_t now_s,
                                         int64_t bytes_max);

}  // namespace orilla::images
