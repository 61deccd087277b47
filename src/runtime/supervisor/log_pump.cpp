#include "log_pump.hpp"

#include <asm/statfs.h>
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
    struct {
        int64_t s, ns;
    } now{};
    call(__NR_clock_gettime, CLOCK_REALTIME, &now);
    return now.s * 1000000000 + now.ns;
}

long LogPump::open(const char* path) {
    path_ = path;
    const long fd = call(__NR_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) return fd;
    close_fd(file_);
    file_ = (int)fd;
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
    open(path_);
}

bool LogPump::may_write() {
    if (file_ < 0) return false;
    if (!short_of_space_ && bytes_ - looked_at_ < log_space_look_bytes) return true;
    looked_at_ = bytes_;
    struct statfs disk;
    const long failed = call(__NR_fstatfs, file_, &disk);
    short_of_space_ = failed == 0 && is_short_of_space((uint64_t)disk.f_blocks, (uint64_t)disk.f_bavail, (uint64_t)disk.f_bsize);
    return !short_of_space_;
}

long LogPump::pump(int fd, bool is_stderr) {
    const long bytes = call(__NR_read, fd, input_buffer, sizeof input_buffer);
    if (bytes <= 0) return bytes == -EIO ? 0 : bytes;  // EIO: the last one has closed a terminal
    char timestamp[timestamp_bytes];
    render_timestamp(timestamp, wall_ns());
    Slice input{input_buffer, (size_t)bytes};
    while (input.size) {
        const size_t rendered = render_cri_lines(input, is_stderr, timestamp, output_buffer, sizeof output_buffer);
        if (!may_write() || !write_all(file_, output_buffer, rendered)) continue;
        bytes_ += rendered;
        if (bytes_ >= log_file_bytes_max) rotate();
    }
    return bytes;
}

}  // namespace orilla::supervisor
