// A container's log, read piece by piece from the CRI log file that its supervisor writes
// (`2024-01-01T00:00:00.000000000Z stdout F text`): tailed, cut, followed across rotations. The file is read on an executor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/pod_logs.hpp"

namespace orilla::node {

using objects::LogSource;

struct LogQuery : objects::LogOptions {
    std::string path;
};

/// One line of a log file; `text` without its newline. Nothing when the line is not one of ours.
struct LogLine {
    std::string_view timestamp;
    std::string_view text;
    LogSource source = LogSource::standard_output;
    bool partial = false;  ///< the next line goes on with the same line of output
};
std::optional<LogLine> parse_log_line(std::string_view line);
/// Offset of the first of the last `lines` lines of output.
Result<int64_t> find_tail_offset(int fd, int64_t lines);

class LogStream final : public loop::ByteStream {
  public:
    /// `ended` tells whether the container has ended: then a follower reads to the end and stops.
    static loop::Task<Result<std::unique_ptr<LogStream>>> open(loop::Loop& loop, loop::Executor& files, LogQuery query,
                                                               std::function<bool()> ended);
    /// What the executor's jobs work on, which may go on when the stream has gone.
    struct File {
        std::string path;
        UniqueFd log;
        UniqueFd inotify;
    };
    LogStream(loop::Loop& loop, loop::Executor& files, LogQuery query, std::function<bool()> ended, std::shared_ptr<File> file);

    /// Appends the next piece; false at the end.
    loop::Task<Result<bool>> next(std::string* out) override;

  private:
    struct OpenLine {
        bool open = false;  ///< its end is to come
        bool wanted = false;
    };
    bool is_wanted(const LogLine& line);
    void take_lines(std::string* out);
    void append_line(const LogLine& line, std::string* out);
    loop::Task<void> wait_for_change();

    loop::Loop& loop_;
    loop::Executor& files_;
    LogQuery query_;
    std::function<bool()> ended_;
    std::shared_ptr<File> file_;
    loop::FdWatch watch_;
    std::string pending_;     ///< a line that is not complete yet
    int64_t left_bytes_;      ///< of limit_bytes
    OpenLine open_lines_[2];  ///< of stdout and stderr
    bool mid_line_ = false;
};

}  // namespace orilla::node
