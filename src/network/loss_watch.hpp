// Hears of devices of this network namespace that are removed or leave their bridge. The kernel filters: whatever else
// happens to devices does not wake anybody.
#pragma once

#include <memory>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::network {

class LinkWatch {
  public:
    /// Of the calling thread's network namespace, from now on.
    static Result<std::unique_ptr<LinkWatch>> open(loop::Loop& loop);
    /// The name of the next device that has gone; empty when there were too many to tell all of them.
    loop::Task<Result<std::string>> next();

  private:
    LinkWatch(loop::Loop& loop, UniqueFd fd) : fd_(std::move(fd)), watch_(loop, fd_.get()) {}
    UniqueFd fd_;
    loop::FdWatch watch_;
};

}  // namespace orilla::network
