// Replaces one private file as a whole: mode 0600, its directory made, a lock beside it as kubectl takes one, the new bytes on
// the disk before they take the old ones' place.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::cli {

class FileReplacement {
  public:
    /// Makes the directory and takes PATH.lock. A symbolic link is followed: what it points to is replaced.
    static Result<FileReplacement> begin(const std::string& path);
    FileReplacement(FileReplacement&& other) noexcept;
    FileReplacement& operator=(FileReplacement&&) = delete;
    ~FileReplacement();

    /// What is there; empty when nothing is.
    Result<std::string> read(size_t bytes_max) const;
    Result<void> commit(std::string_view text);

  private:
    FileReplacement(std::string path, std::string lock) : path_(std::move(path)), lock_(std::move(lock)) {}
    std::string path_;
    std::string lock_;  ///< empty: not ours any more
};

}  // namespace orilla::cli
