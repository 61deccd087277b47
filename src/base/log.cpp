#include "orilla/base/log.hpp"

#include <fmt/core.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "orilla/base/terminal_text.hpp"

namespace orilla::log {
namespace {
Level current_level = Level::info;
constexpr size_t line_bytes_max = 4096;
}  // namespace

void set_level(Level level) { current_level = level; }
bool enabled(Level level) { return level <= current_level; }

void write(Level level, std::string_view message) {
    if (!enabled(level)) return;
    static const bool terminal = isatty(STDERR_FILENO) == 1;
    std::string line;
    if (!terminal) line = fmt::format("<{}>", static_cast<int>(level));
    else if (level == Level::error) line = "error: ";
    else if (level == Level::warning) line = "warning: ";
    // A message may quote foreign text: a line stays one line, and a terminal obeys nothing in it.
    line += terminal_text(message.substr(0, line_bytes_max));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    line += '\n';
    // One write call, so that lines of several processes do not mix; a full pipe loses the line, never the daemon.
    [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace orilla::log
