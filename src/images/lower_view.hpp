// The layers below the one being unpacked, seen as overlay will merge them: whiteouts and opaque directories hide what
// is under them. Only asked when a layer's archive leans on them: a parent directory it does not bring, a hard link to a
// file it does not hold.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "orilla/base/unique_fd.hpp"

namespace orilla::images {

struct LowerEntry {
    UniqueFd directory;  ///< that holds it
    std::string name;
    struct stat seen {};
};

class LowerView {
  public:
    /// Directory fds, topmost layer first. Each should be the root of a mount of its own, so that nothing leads above.
    explicit LowerView(std::vector<int> roots) : roots_(std::move(roots)) {}
    bool empty() const { return roots_.empty(); }
    /// `components` must hold no symlink before the last one.
    std::optional<LowerEntry> find(const std::vector<std::string>& components) const;

  private:
    std::vector<int> roots_;
};

bool is_whiteout(const struct stat& seen);
bool is_opaque(int directory_fd);

}  // namespace orilla::images
