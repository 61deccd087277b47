// What the methods share whose volumes are directories: VOLUME/data, and VOLUME/size with the size as text, because a move of
// the data by whatever copies files loses what the file system knows of it.
#pragma once

#include <string>

#include "storage/volume_method.hpp"

namespace orilla::node {

class DirectoryMethod : public VolumeMethod {
  public:
    const char* place() const override { return "/data"; }
    const char* figure() const override { return "/size"; }
    Result<int64_t> size(const std::string& volume) const override;
    Result<void> check_growth() const override;
    Result<void> grow(const std::string& volume, int64_t bytes) const override;
    Result<void> open(const std::string& volume) const override { return settle(volume); }
    bool is_open(const std::string& volume) const override;
    Result<void> close(const std::string& volume, bool even_if_busy) const override;
    void recover(const std::string&) const override {}

  protected:
    /// Makes the file system hold the volume to its size, whatever it knows of it.
    virtual Result<void> settle(const std::string& volume) const = 0;
    /// Of one that is being made.
    static Result<void> write_size(const std::string& volume, int64_t bytes);
    static Result<void> sync_file_system(const std::string& dir);
};

}  // namespace orilla::node
