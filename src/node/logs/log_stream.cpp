#include "logs/log_stream.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>
#include <vector>

#include "orilla/loop/timeout.hpp"
#include "orilla/schema/values.hpp"

namespace orilla::node {
namespace {
constexpr size_t block_bytes = 64 * 1024;
constexpr size_t line_bytes_max = 256 * 1024;
constexpr int64_t tail_lines_max = 1'000'000;
/// A follower looks whether the container has ended at least this often.
constexpr int64_t follow_look_ms = 1'000;

/// RFC 3339 with nanoseconds, UTC, to nanoseconds since 1970; 0 when it is none.
int64_t parse_nanoseconds(std::string_view text) {
    auto seconds = api::Time::parse(text);
    if (!seconds) return 0;
    int64_t fraction = 0, scale = 1'000'000'000;
    const size_t dot = text.find('.');
    for (size_t i = dot + 1;
         dot != std::string_view::npos && i < text.size() && isdigit(static_cast<unsigned char>(text[i])) && scale > 1; ++i) {
        fraction = fraction * 10 + (text[i] - '0');
        scale /= 10;
    }
    return seconds->unix_s * 1'000'000'000 + fraction * scale;
}
}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
    const size_t first = line.find(' ');
    const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    const size_t third = second == std::string_view::npos ? second : line.find(' ', second + 1);
    if (third == std::string_view::npos) return std::nullopt;
    const auto tag = line.substr(second + 1, third - second - 1);
    if (tag != "F" && tag != "P") return std::nullopt;
    const bool is_error = line.substr(first + 1, second - first - 1) == "stderr";
    return LogLine{line.substr(0, first), line.substr(third + 1),
                   is_error ? LogSource::standard_error : LogSource::standard_output, tag == "P"};
}

namespace {
/// Offsets after each complete line of output (tag F) of the file, as far as the last `lines` + 1 of them; an entry that is
/// only part of a line counts with the entry that ends it.
class TailScan {
  public:
    explicit TailScan(int64_t lines) : lines_(lines) {}
    void take(std::string_view entry, int64_t end) {
        const auto line = parse_log_line(entry);
        if (line && line->partial) return;
        ends_.push_back(end);
        if (static_cast<int64_t>(ends_.size()) > lines_ + 1) ends_.pop_front();
    }
    /// Where the last lines begin; `open` when an unfinished line follows them.
    int64_t start(bool open) const {
        const int64_t wanted = lines_ - (open ? 1 : 0);
        const int64_t have = static_cast<int64_t>(ends_.size());
        return have > wanted ? ends_[static_cast<size_t>(have - wanted - 1)] : 0;
    }

  private:
    int64_t lines_;
    std::deque<int64_t> ends_;
};
}  // namespace

Result<int64_t> find_tail_offset(int fd, int64_t lines) {
    const int64_t end = lseek(fd, 0, SEEK_END);
    if (end < 0) return Error::from_errno("seek in log", errno);
    if (lines <= 0) return end;
    // Entries only tell at their head whether they end a line, so the file (10 MiB at most) is read forward.
    TailScan scan(std::min<int64_t>(lines, tail_lines_max));
    std::string pending;
    std::vector<char> block(block_bytes);
    int64_t at = 0, entry_end = 0, last_end = 0;
    while (at < end) {
        const ssize_t got = pread(fd, block.data(), block.size(), at);
        if (got <= 0) return Error::from_errno("read log", got < 0 ? errno : EIO);
        at += got;
        pending.append(block.data(), static_cast<size_t>(got));
        size_t from = 0;
        for (size_t to; (to = pending.find('\n', from)) != std::string::npos; from = to + 1) {
            entry_end += static_cast<int64_t>(to - from + 1);
            const std::string_view entry = std::string_view(pending).substr(from, to - from);
            scan.take(entry, entry_end);
            const auto line = parse_log_line(entry);
            if (!line || !line->partial) last_end = entry_end;
        }
        pending.erase(0, from);
    }
    return scan.start(last_end < entry_end);
}

namespace {

Result<UniqueFd> open_log(const std::string& path) {
    UniqueFd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!log) return Error::from_errno("open log " + path, errno);
    return log;
}

/// At the place from which it is to be read.
Result<void> open_file(LogStream::File& file, const LogQuery& query) {
    auto log = open_log(query.path);
    if (!log) return std::move(log).error().with_code(Code::not_found);
    file.log = std::move(*log);
    int64_t offset = 0;
    if (query.tail_lines) {
        TRY(offset, find_tail_offset(file.log.get(), *query.tail_lines));
    }
    if (lseek(file.log.get(), offset, SEEK_SET) < 0) return Error::from_errno("seek in log", errno);
    if (query.follow) inotify_add_watch(file.inotify.get(), query.path.c_str(), IN_MODIFY | IN_MOVE_SELF);
    return ok();
}

/// At the end of a file that was rotated away: opens the new one. True when it did.
Result<bool> follow_rotation(LogStream::File& file) {
    struct stat ours {
    }, there{};
    if (fstat(file.log.get(), &ours) != 0 || stat(file.path.c_str(), &there) != 0) return false;
    if (ours.st_ino == there.st_ino && ours.st_dev == there.st_dev) return false;
    TRY(file.log, open_log(file.path));
    inotify_add_watch(file.inotify.get(), file.path.c_str(), IN_MODIFY | IN_MOVE_SELF);
    return true;
}

/// The next piece, of the next file where one has come; empty when there is nothing yet.
Result<std::string> read_piece(LogStream::File& file) {
    std::string piece(block_bytes, '\0');
    for (;;) {
        const ssize_t got = ::read(file.log.get(), piece.data(), piece.size());
        if (got < 0) return Error::from_errno("read log", errno);
        piece.resize(static_cast<size_t>(got));
        if (got > 0) return piece;
        TRY(const bool rotated, follow_rotation(file));
        if (!rotated) return piece;
        piece.resize(block_bytes);
    }
}

}  // namespace

loop::Task<Result<std::unique_ptr<LogStream>>> LogStream::open(loop::Loop& loop, loop::Executor& files, LogQuery query,
                                                               std::function<bool()> ended) {
    auto file = std::make_shared<File>();
    file->path = query.path;
    file->inotify.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!file->inotify) co_return Error::from_errno("inotify", errno);
    auto opening = loop::run_on(files, loop, [file, query] { return open_file(*file, query); });
    CO_TRY_VOID(std::move(opening));
    co_return std::make_unique<LogStream>(loop, files, std::move(query), std::move(ended), std::move(file));
}

LogStream::LogStream(loop::Loop& loop, loop::Executor& files, LogQuery query, std::function<bool()> ended,
                     std::shared_ptr<File> file)
    : loop_(loop),
      files_(files),
      query_(std::move(query)),
      ended_(std::move(ended)),
      file_(std::move(file)),
      watch_(loop, file_->inotify.get()),
      left_bytes_(query_.limit_bytes.value_or(INT64_MAX)) {}

bool LogStream::is_wanted(const LogLine& line) {
    if (query_.source != LogSource::all && query_.source != line.source) return false;
    // The rest of a line belongs to its beginning, though it was printed later.
    OpenLine& open = open_lines_[line.source == LogSource::standard_error];
    if (!open.open) open.wanted = !query_.since_wall_ns || parse_nanoseconds(line.timestamp) >= *query_.since_wall_ns;
    open.open = line.partial;
    return open.wanted;
}

void LogStream::append_line(const LogLine& line, std::string* out) {
    if (!is_wanted(line)) return;
    std::string text;
    if (query_.timestamps && !mid_line_) text = std::string(line.timestamp) + " ";
    text += line.text;
    if (!line.partial) text += '\n';
    mid_line_ = line.partial;
    if (static_cast<int64_t>(text.size()) > left_bytes_) text.resize(static_cast<size_t>(left_bytes_));
    left_bytes_ -= static_cast<int64_t>(text.size());
    *out += text;
}

void LogStream::take_lines(std::string* out) {
    size_t from = 0;
    for (size_t end; left_bytes_ > 0 && (end = pending_.find('\n', from)) != std::string::npos; from = end + 1)
        if (auto line = parse_log_line(std::string_view(pending_).substr(from, end - from))) append_line(*line, out);
    pending_.erase(0, from);
    if (pending_.size() > line_bytes_max) pending_.clear();  // not a line of ours
}

loop::Task<void> LogStream::wait_for_change() {
    char events[4096];
    while (::read(file_->inotify.get(), events, sizeof events) > 0) {
    }
    co_await watch_.readable();
}

loop::Task<Result<bool>> LogStream::next(std::string* out) {
    const size_t before = out->size();
    for (;;) {
        if (left_bytes_ <= 0) co_return out->size() > before;
        const bool ended = ended_();  // before the read: what came until then is still read
        auto reading = loop::run_on(files_, loop_, [file = file_] { return read_piece(*file); });
        CO_TRY(std::string piece, std::move(reading));
        pending_ += piece;
        take_lines(out);
        if (out->size() > before) co_return true;
        if (!piece.empty()) continue;
        if (!query_.follow || ended) co_return false;
        auto waiting = wait_for_change();
        AWAIT_VOID(loop::with_timeout_void(loop_, std::move(waiting), follow_look_ms));
    }
}

}  // namespace orilla::node
