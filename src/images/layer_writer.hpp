// Turns one layer's entries into files under one directory, in the form that overlay wants as a lower directory:
// whiteouts become character devices 0/0, opaque directories are listed (and marked user.overlay.opaque) for the daemon
// to mark. It promises that nothing outside the directory is touched, whatever the entries say: every path resolves
// inside it. Devices and foreign attributes are dropped, names that lead out are refused.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "disk_room.hpp"
#include "lower_view.hpp"
#include "orilla/base/unique_fd.hpp"
#include "tar_reader.hpp"

namespace orilla::images {

struct LayerReport {
    int64_t size_bytes = 0;  ///< of the regular files that there are in the end, each counted once
    uint64_t entries = 0;
    uint64_t devices_dropped = 0;
    uint64_t xattrs_dropped = 0;
    /// The archive brought no entry for a directory, or a link to a file below: the result is only good above the very
    /// layers it was unpacked on.
    bool leans_on_lower = false;
    bool hides_lower = false;  ///< its root is opaque: nothing of the layers below shows
    std::vector<std::string> opaque_dirs;
};

class LayerWriter final : public TarSink {
  public:
    LayerWriter(int root_fd, LowerView lower);
    Result<void> begin(const TarEntry& entry) override;
    Result<void> data(std::string_view bytes) override;
    Result<void> end() override;
    /// After the last entry: directory times. Then the report is complete.
    Result<LayerReport> finish();

  private:
    Result<void> place(const TarEntry& entry, std::string_view name);
    Result<void> make_file(const TarEntry& entry, const std::string& name);
    Result<void> make_directory(const TarEntry& entry, const std::string& name);
    Result<void> make_hard_link(const TarEntry& entry, const std::string& name);
    Result<void> make_special(const TarEntry& entry, const std::string& name);
    Result<void> whiteout(const std::string& parent, std::string_view name);
    Result<void> set_root(const TarEntry& entry);

    Result<UniqueFd> open_parent(const std::string& parent);
    Result<void> enter_parent(const std::string& parent);
    Result<std::string> make_parents(const std::string& path);
    Result<void> make_parent(std::vector<std::string>& resolved, const std::string& name, std::vector<std::string>& todo,
                             int& links);
    Result<void> copy_directory(int parent, const std::string& name, const LowerEntry* from);
    Result<std::string> copy_file_up(const std::string& path);
    Result<void> copy_content(const LowerEntry& from, int source, int target);

    /// Removes what stands in the way of `name`; says what it was.
    enum class Was { nothing, file, directory, whiteout };
    Result<Was> clear_way(const std::string& name);
    Result<void> mark_opaque(const std::string& path);
    Result<void> set_file_attributes(int fd, const TarEntry& entry, bool times);
    Result<void> count_bytes(int64_t bytes);

    int root_fd_;
    LowerView lower_;
    DiskRoom room_;
    LayerReport report_;
    int64_t written_bytes_ = 0;  ///< also of what a later entry replaced
    std::string parent_;         ///< path of parent_fd_: entries of one directory usually follow each other
    UniqueFd parent_fd_;
    UniqueFd file_fd_;
    TarEntry file_;
    struct Times {
        int64_t seconds;
        int64_t nanoseconds;
    };
    std::map<std::string, Times> directory_times_;
    std::set<std::string> opaque_;
};

}  // namespace orilla::images
