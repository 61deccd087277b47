// The two directions of a connection, for what speaks over it by itself.
#pragma once

#include <cstddef>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"

namespace orilla::http {

class Duplex {
  public:
    virtual ~Duplex() = default;
    /// Waits for bytes and says how many; 0 at the end. One task at a time reads, and one writes.
    virtual loop::Task<Result<size_t>> read(char* buffer, size_t size) = 0;
    /// Returns once the kernel has all of them: that is the backpressure. `bytes` live until then.
    virtual loop::Task<Result<void>> write(std::string_view bytes) = 0;
    /// Nothing more will be written: the other end reads its end, and may go on to write.
    virtual void end_writing() = 0;
};

}  // namespace orilla::http
