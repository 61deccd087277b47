// Moves a container's output into its log file and rotates that between lines: log, log.1 ... log.4, 10 MiB each. A disk
// that is nearly full costs the rest of a line and whole ones behind it, never the container's progress: what is left belongs
// to the store and to the pods' own files.
#pragma once

#include "sys.hpp"
#include "text.hpp"

namespace orilla::supervisor {

inline constexpr uint64_t log_file_bytes_max = 10U << 20;
inline constexpr int log_files_max = 5;
/// A line that goes on for longer past the limit is ended, so that the file can be.
inline constexpr uint64_t log_line_past_limit_bytes_max = 1U << 20;
/// Further past the limit, where the line that is being written may end by itself.
inline constexpr uint64_t log_line_end_bytes_max = 64 * 1024;
inline constexpr uint64_t log_space_left_bytes_max = 100U << 20;
inline constexpr uint64_t log_space_left_percent = 5;
/// How much is written between two looks at the disk.
inline constexpr uint64_t log_space_look_bytes = 64U << 10;

/// Whether logs stop: less than 5 % of the file system is free, or than 100 MiB of a large one.
inline constexpr bool is_short_of_space(uint64_t blocks, uint64_t available, uint64_t block_bytes) {
    return available * 100 < blocks * log_space_left_percent &&
           available < log_space_left_bytes_max / (block_bytes ? block_bytes : 1);
}

class LogPump {
  public:
    /// Opens (appends to) `path`. -errno.
    long open(const char* path);
    /// Reads once from `fd` and writes lines. Bytes read, 0 at the end, -errno (-EAGAIN: nothing there now).
    long pump(int fd, bool is_stderr);
    void close();

  private:
    /// Where stdout or stderr is in its line.
    struct Line {
        bool open = false;      ///< its beginning is in the file
        bool cut = false;       ///< and what came then was dropped: it has to be ended
        bool skipping = false;  ///< its beginning was dropped: so is the rest
    };
    void write_some(Slice& input, bool is_stderr, const char* timestamp);
    bool append(size_t bytes);
    void end_line(bool is_stderr, const char* timestamp);
    void rotate_between_lines(bool is_stderr, const char* timestamp);
    void rotate();
    bool may_write();
    const char* path_ = nullptr;
    int file_ = -1;
    Line lines_[2];  ///< stdout, stderr
    uint64_t bytes_ = 0;
    uint64_t looked_at_ = 0;      ///< bytes_ at the last look at the disk
    bool short_of_space_ = true;  ///< until it is looked at
};

int64_t wall_ns();

}  // namespace orilla::supervisor
