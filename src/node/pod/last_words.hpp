// The end of a container's log, which is its termination message where that falls back to the log.
#pragma once

#include <string>

#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::node {

class LastWords {
  public:
    void forget() { text_.clear(); }
    /// Of this log; read with the next `read`.
    void expect(std::string log_path) { due_ = std::move(log_path); }
    /// False when nothing was expected.
    loop::Task<bool> read(loop::Executor& files, loop::Loop& loop);
    const std::string& text() const { return text_; }

  private:
    std::string due_;
    std::string text_;
};

/// The last lines as the API has them for FallbackToLogsOnError: 80 lines or 2 KiB, whichever is less. May block.
std::string read_log_end(const std::string& path);

}  // namespace orilla::node
