// Space on the store's disk that is kept for what makes room again. It promises that a full disk can be emptied by
// deleting objects; it is filled again once there is plenty of room, and writes nothing: its blocks are only allocated.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/base/unique_fd.hpp"

namespace orilla::store {

class Reserve {
  public:
    Reserve() = default;
    /// Without effect where the file system cannot allocate or has no room: then there is none.
    explicit Reserve(const std::string& path);

    /// Takes what is missing when at least `spare_bytes` stay free.
    void fill(int64_t spare_bytes = spare_bytes_min);
    /// Lets a part go; false when there is nothing left.
    bool give_back();
    /// Some was given back and could not be taken again.
    bool in_use() const { return in_use_; }

    static constexpr int64_t bytes = 2 * 1024 * 1024;
    static constexpr int64_t step_bytes = 512 * 1024;
    static constexpr int64_t spare_bytes_min = 4 * 1024 * 1024;

  private:
    UniqueFd fd_;
    int64_t have_bytes_ = 0;
    bool in_use_ = false;
};

}  // namespace orilla::store
