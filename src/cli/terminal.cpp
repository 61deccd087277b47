#include "terminal.hpp"

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

/// How many bytes the UTF-8 character at the front has; 0 for what is none.
size_t character_bytes(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t bytes = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (bytes > text.size()) return 0;
    for (size_t i = 1; i < bytes; ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    return bytes;
}

void append_control(std::string& out, unsigned char c) {
    if (c == '\r') out += "\\r";
    else out += '^', out += static_cast<char>(c ^ 0x40);
}

void append_byte(std::string& out, unsigned char c) {
    static constexpr char hex[] = "0123456789abcdef";
    out += "\\x";
    out += hex[c >> 4];
    out += hex[c & 15];
}

bool is_control(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }

}  // namespace

std::string terminal_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto lead = static_cast<unsigned char>(text[0]);
        const size_t bytes = character_bytes(text);
        if (bytes == 0) append_byte(out, lead);
        else if (is_control(lead)) append_control(out, lead);
        else if (lead == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) out += "^[", out += static_cast<char>((text[1] & 0x1f) | 0x40);
        else out += text.substr(0, bytes);
        text.remove_prefix(std::max<size_t>(bytes, 1));
    }
    return out;
}

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
