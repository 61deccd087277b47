#include "blob_sweep.hpp"

#include <algorithm>

#include "limits.hpp"

namespace orilla::images {

std::vector<std::string> plan_blob_sweep(std::vector<BlobFile> files, const BlobsInUse& in_use, int64_t now_s,
                                         int64_t bytes_max) {
    std::vector<std::string> gone;
    std::stable_sort(files.begin(), files.end(),
                     [](const auto& a, const auto& b) { return a.written_wall_s > b.written_wall_s; });
    int64_t kept_bytes = 0;
    for (const BlobFile& file : files) {
        if (in_use.pinned.contains("sha256:" + file.name.substr(0, file.name.find('.')))) continue;
        if (file.of_import) {
            if (!in_use.importing) gone.push_back(file.name);
            continue;
        }
        // A date in the future was written before the clock was set, or a box boots in 1970: only its size counts.
        const bool old = now_s - file.written_wall_s > partial_kept_s_max;
        if (old || file.bytes > bytes_max - kept_bytes) gone.push_back(file.name);
        else kept_bytes += file.bytes;
    }
    return gone;
}

}  // namespace orilla::images
