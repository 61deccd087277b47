#include "trace.hpp"

#include <fmt/core.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "client.hpp"
#include "print/terminal.hpp"

namespace orilla::cli {
namespace {

constexpr int request_level = 6, request_headers_level = 7, bodies_level = 8;

size_t body_bytes_max(int level) {
    if (level >= 10) return SIZE_MAX;
    return level == 9 ? 10 * 1024 : 1024;
}

std::string url(const Request& request) { return fmt::format("{} http://orilla{}", request.method, request.path); }

std::string_view trimmed(std::string_view line) { return line.substr(0, line.find_last_not_of("\r\n") + 1); }

}  // namespace

void Trace::tell(const std::string& line) const {
    timeval now{};
    gettimeofday(&now, nullptr);
    tm parts{};
    localtime_r(&now.tv_sec, &parts);
    complain(fmt::format("I{:02}{:02} {:02}:{:02}:{:02}.{:06} {:7} orilla] {}\n", parts.tm_mon + 1, parts.tm_mday,
                         parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_usec, getpid(), line));
}

void Trace::show_body(const char* title, std::string_view text, size_t& shown) const {
    const size_t most = body_bytes_max(level_);
    if (level_ < bodies_level || text.empty() || shown >= most) return;
    const std::string_view part = text.substr(0, most - shown);
    shown += part.size();
    tell(title + std::string(": ") + std::string(part) +
         (part.size() < text.size() ? fmt::format(" [truncated {} bytes]", text.size() - part.size()) : ""));
}

void Trace::begin(const Request& request) {
    status_.clear();
    answer_shown_ = 0;
    if (level_ < request_headers_level) return;
    tell(url(request));
    tell("Request Headers:");
    tell("    Accept: " + request.accept);
    if (!request.body.empty()) tell("    Content-Type: " + request.content_type);
    tell("    User-Agent: orilla/" ORILLA_VERSION);
    size_t shown = 0;
    show_body("Request Body", request.body, shown);
}

void Trace::header(std::string_view line) {
    line = trimmed(line);
    if (line.starts_with("HTTP/")) {
        status_ = line.substr(std::min(line.find(' ') + 1, line.size()));
        if (level_ >= bodies_level) tell("Response Status: " + status_);
    } else if (level_ >= bodies_level && !line.empty()) {
        tell("    " + std::string(line));
    }
}

void Trace::body(std::string_view piece) { show_body("Response Body", piece, answer_shown_); }

void Trace::end(const Request& request, int64_t took_ms) {
    if (level_ >= request_level) tell(fmt::format("{} {} in {} milliseconds", url(request), status_, took_ms));
}

void Trace::fail(const Request& request, std::string_view why) {
    if (level_ >= request_level) tell(fmt::format("{} failed: {}", url(request), why));
}

}  // namespace orilla::cli
