#include "print/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

namespace orilla::cli {
namespace {

std::atomic<int> write_errno = 0;  ///< of the first write to standard output that failed

void keep_errno(bool failed) {
    int none = 0;
    if (failed) write_errno.compare_exchange_strong(none, errno ? errno : EIO);
}

}  // namespace

size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

void print_data(std::string_view bytes) { keep_errno(fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()); }

void print(std::string_view text) { print_data(terminal_text(text)); }

void print_value(std::string_view text) {
    static const bool terminal = isatty(STDOUT_FILENO) == 1;
    if (terminal) print(text);
    else print_data(text);
}

void complain(std::string_view text) {
    const std::string shown = terminal_text(text);
    flush_output();
    fwrite(shown.data(), 1, shown.size(), stderr);
}

void flush_output() { keep_errno(fflush(stdout) != 0); }

Result<void> check_output_written() {
    const int number = write_errno;
    if (number == 0) return ok();
    return Error::from_errno("error: write standard output", number);
}

}  // namespace orilla::cli
