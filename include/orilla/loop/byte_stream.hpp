// Bytes that one room makes and another takes, in its own time.
#pragma once

#include <memory>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::loop {

/// Bytes that arrive piece by piece. Whoever reads decides when the next piece is made: that is the backpressure.
class ByteStream {
  public:
    virtual ~ByteStream() = default;
    /// Appends the next piece to `*out`, some 64 KiB at most; false at the end (with nothing appended). May be destroyed
    /// while it waits: the reader went away.
    virtual Task<Result<bool>> next(std::string* out) = 0;
    /// Asked after each `next`: a large text that comes behind what that appended. It stays one copy, however many
    /// readers are sent it at the same time.
    virtual std::shared_ptr<const std::string> take_shared() { return nullptr; }
};

}  // namespace orilla::loop
