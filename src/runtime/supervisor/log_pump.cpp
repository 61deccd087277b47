#include "log_pump.hpp"

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time.h>

#include "cri_log.hpp"
#include "steps.hpp"

namespace orilla::supervisor {

namespace {

// Shared by all containers: one is pumped at a time.
char input_buffer[8 * 1024];
char output_buffer[12 * 1024];

bool write_all(int fd, const char* data, size_t bytes) {
    while (bytes) {
        const long written = call(__NR_write, fd, data, bytes);
        if (written == -EINTR) continue;
        if (written <= 0) return false;
        data += written;
        bytes -= (size_t)written;
    }
    return true;
}

/// PATH.N, or PATH itself for 0.
bool numbered_path(char* out, size_t bytes, const char* path, int number) {
    const Slice base = slice(path);
    if (base.size + 3 > bytes) return false;
    copy_text(out, bytes, base);
    if (number == 0) return true;
    out[base.size] = '.';
    out[base.size + 1] = (char)('0' + number);
    out[base.size + 2] = 0;
    return true;
}

}  // namespace

int64_t wall_ns() {
    Time now{};
    call(nr_clock_gettime, CLOCK_REALTIME, &now);
    return now.s * 1000000000 + now.ns;
}

long LogPump::open(const char* path) {
    path_ = path;
    const long fd = call(__NR_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) return fd;
    close_fd(file_);
    file_ = (int)fd;
    for (Line& line : lines_) line = {};
    FileFacts facts{};
    bytes_ = read_facts(file_, facts) < 0 ? 0 : facts.size;
    looked_at_ = bytes_;
    return 0;
}

void LogPump::close() { close_fd(file_); }

void LogPump::rotate() {
    char from[600], to[600];
    for (int number = log_files_max - 2; number >= 0; --number) {
        if (!numbered_path(from, sizeof from, path_, number) || !numbered_path(to, sizeof to, path_, number + 1)) return;
        call(__NR_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    }
    // Without a new file the old one goes on, for as long again.
    if (open(path_) < 0) bytes_ = looked_at_ = 0;
}

bool LogPump::may_write() {
    if (file_ < 0) return false;
    if (!short_of_space_ && bytes_ - looked_at_ < log_space_look_bytes) return true;
    looked_at_ = bytes_;
    FileSystemFacts disk;
    short_of_space_ =
        read_file_system(file_, disk) == 0 && is_short_of_space(disk.blocks, disk.available_blocks, disk.block_bytes);
    return !short_of_space_;
}

namespace {

/// Up to and with the first newline; all of it without one.
Slice first_line(Slice input) {
    size_t size = 0;
    while (size < input.size && input.data[size++] != '\n') {
    }
    return {input.data, size};
}

bool ends_line(Slice piece) { return piece.size && piece.data[piece.size - 1] == '\n'; }

}  // namespace

/// From output_buffer. False when it could not be written, or must not be: nothing of it is in the file then.
bool LogPump::append(size_t bytes) {
    if (!may_write()) return false;
    if (!write_all(file_, output_buffer, bytes)) {
        call(__NR_ftruncate, file_, bytes_);
        return false;
    }
    bytes_ += bytes;
    return true;
}

void LogPump::end_line(bool is_stderr, const char* timestamp) {
    Slice newline = slice("\n");
    const size_t rendered = render_cri_lines(newline, is_stderr, timestamp, output_buffer, sizeof output_buffer);
    if (append(rendered)) lines_[is_stderr].open = lines_[is_stderr].cut = false;
}

/// After something of one stream: when only the other one's line is open for too long, this one's is still ended by itself.
void LogPump::rotate_between_lines(bool is_stderr, const char* timestamp) {
    if (bytes_ < log_file_bytes_max) return;
    const bool open = lines_[0].open || lines_[1].open;
    const uint64_t past_limit_max = log_line_past_limit_bytes_max + (lines_[is_stderr].open ? log_line_end_bytes_max : 0);
    if (open && bytes_ < log_file_bytes_max + past_limit_max) return;
    for (int stream = 0; stream < 2; ++stream)
        if (lines_[stream].open) end_line(stream == 1, timestamp);
    rotate();
}

void LogPump::write_some(Slice& input, bool is_stderr, const char* timestamp) {
    Line& line = lines_[is_stderr];
    // Past the limit one line at a time, since the next one may be the first of the next file.
    Slice piece = line.skipping || bytes_ >= log_file_bytes_max ? first_line(input) : input;
    size_t rendered = 0;
    const Slice whole = piece;
    if (line.skipping) {
        piece = {piece.data + piece.size, 0};
    } else {
        if (line.cut) end_line(is_stderr, timestamp);
        rendered = render_cri_lines(piece, is_stderr, timestamp, output_buffer, sizeof output_buffer);
    }
    const Slice taken{whole.data, whole.size - piece.size};
    input = {input.data + taken.size, input.size - taken.size};
    if (rendered && append(rendered)) {
        line.open = !ends_line(taken);
        return rotate_between_lines(is_stderr, timestamp);
    }
    line.skipping = !ends_line(taken);
    line.cut = line.open;
}

long LogPump::pump(int fd, bool is_stderr) {
    const long bytes = call(__NR_read, fd, input_buffer, sizeof input_buffer);
    if (bytes <= 0) return bytes == -EIO ? 0 : bytes;  // EIO: the last one has closed a terminal
    char timestamp[timestamp_bytes];
    render_timestamp(timestamp, wall_ns());
    Slice input{input_buffer, (size_t)bytes};
    while (input.size) write_some(input, is_stderr, timestamp);
    return bytes;
}

}  // namespace orilla::supervisor
