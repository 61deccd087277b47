// Moves a container's output into its log file and rotates that: log, log.1 ... log.4, 10 MiB each. A full disk costs
// lines, never the container's progress.
#pragma once

#include "sys.hpp"

namespace orilla::supervisor {

inline constexpr uint64_t log_file_bytes_max = 10U << 20;
inline constexpr int log_files_max = 5;

class LogPump {
  public:
    /// Opens (appends to) `path`. -errno.
    long open(const char* path);
    /// Reads once from `fd` and writes lines. Bytes read, 0 at the end, -errno (-EAGAIN: nothing there now).
    long pump(int fd, bool is_stderr);
    void close();

  private:
    void rotate();
    const char* path_ = nullptr;
    int file_ = -1;
    uint64_t bytes_ = 0;
};

int64_t wall_ns();

}  // namespace orilla::supervisor
