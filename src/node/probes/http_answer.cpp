#include "probes/http_answer.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

namespace orilla::node {
namespace {

Error malformed(const std::string& what) { return Error(Code::unavailable, what); }

/// What a server sent, for a message: one line, bounded, without control characters.
std::string shown(std::string_view text) {
    constexpr size_t shown_bytes_max = 64;
    std::string out(text.substr(0, shown_bytes_max));
    std::ranges::replace_if(out, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '.');
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(tolower(c)); });
    return out;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

template <class T>
bool read_number(std::string_view digits, T& out, int base = 10) {
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
    return read.ec == std::errc() && read.ptr == digits.data() + digits.size() && !digits.empty() && digits.front() != '-';
}

/// "http" of "http://...": empty for a location that is relative.
std::string_view find_scheme(std::string_view location) {
    const size_t colon = location.find_first_of(":/?#");
    if (colon == std::string_view::npos || location[colon] != ':' || colon == 0) return {};
    const bool letters = isalpha(static_cast<unsigned char>(location.front())) &&
                         std::ranges::all_of(location.substr(0, colon), [](unsigned char c) { return isalnum(c) || c == '+' || c == '-' || c == '.'; });
    return letters ? location.substr(0, colon) : std::string_view();
}

/// RFC 3986 5.2.4: without "." and "..".
std::string remove_dots(std::string_view path) {
    std::vector<std::string_view> parts;
    bool slash_last = false;
    for (size_t from = 1; from <= path.size();) {
        const size_t end = std::min(path.find('/', from), path.size());
        const std::string_view part = path.substr(from, end - from);
        slash_last = part == "." || part == "..";
        if (part == ".." && !parts.empty()) parts.pop_back();
        if (!slash_last) parts.push_back(part);
        from = end + 1;
    }
    std::string out;
    for (const auto part : parts) out.append("/").append(part);
    return slash_last || out.empty() ? out + "/" : out;
}

/// HOST[:PORT] behind "//".
Result<void> read_authority(ProbeUrl& url, std::string_view authority) {
    if (const size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
    const size_t colon = bracket == std::string_view::npos ? bracket : authority.find(':', bracket);
    url.host = authority.substr(0, colon);
    url.port = url.tls ? 443 : 80;
    const auto digits = colon == std::string_view::npos ? std::string_view() : authority.substr(colon + 1);
    if (!digits.empty() && (!read_number(digits, url.port) || url.port > 65535))
        return malformed("invalid port \"" + shown(digits) + "\" in Location");
    if (url.host.empty()) return malformed("no host in Location");
    return ok();
}

}  // namespace

std::string render_url(const ProbeUrl& url) {
    return std::string(url.tls ? "https" : "http") + "://" + url.host + ":" + std::to_string(url.port) + url.target;
}

std::string render_target(std::string_view path) {
    constexpr std::string_view hex = "0123456789ABCDEF", escaped = "\"<>\\^`{|}";
    path = path.substr(0, path.find('#'));
    std::string out = path.starts_with('/') ? "" : "/";
    for (unsigned char c : path) {
        if (c > 0x20 && c < 0x7f && escaped.find(static_cast<char>(c)) == std::string_view::npos) out += static_cast<char>(c);
        else out.append("%").append(1, hex[c >> 4]).append(1, hex[c & 15]);
    }
    return out;
}

bool is_absolute_location(std::string_view location) { return !find_scheme(location).empty(); }

Result<ProbeUrl> resolve_location(const ProbeUrl& from, std::string_view location) {
    ProbeUrl to = from;
    if (const auto scheme = find_scheme(location); !scheme.empty()) {
        const std::string name = lower(scheme);
        if (name != "http" && name != "https") return malformed("unsupported protocol scheme \"" + shown(name) + "\"");
        to.tls = name == "https";
        location.remove_prefix(scheme.size() + 1);
        if (!location.starts_with("//")) return malformed("no host in Location");
    }
    const std::string_view own_path = std::string_view(from.target).substr(0, from.target.find('?'));
    std::string path;
    if (location.starts_with("//")) {
        location.remove_prefix(2);
        const size_t end = std::min(location.find_first_of("/?#"), location.size());
        TRY_VOID(read_authority(to, location.substr(0, end)));
        path = location.substr(end);
    } else if (location.starts_with('/')) {
        path = location;
    } else if (location.starts_with('?') || location.starts_with('#')) {
        path = std::string(own_path) + std::string(location);
    } else {
        path = std::string(own_path.substr(0, own_path.rfind('/') + 1)) + std::string(location);
    }
    const std::string target = render_target(path);
    const size_t query = std::min(target.find('?'), target.size());
    to.target = remove_dots(std::string_view(target).substr(0, query)) + target.substr(query);
    return to;
}

Result<int> parse_status_line(std::string_view line) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return malformed("malformed HTTP response \"" + shown(line) + "\"");
    const std::string_view version = line.substr(0, space);
    if (version.size() != 8 || !version.starts_with("HTTP/1.") || !isdigit(static_cast<unsigned char>(version[7])))
        return malformed("malformed HTTP version \"" + shown(version) + "\"");
    const std::string_view rest = trim(line.substr(space));
    const std::string_view code = rest.substr(0, rest.find(' '));
    int status = 0;
    if (code.size() != 3 || !std::ranges::all_of(code, [](unsigned char c) { return isdigit(c); }) || !read_number(code, status))
        return malformed("malformed HTTP status code \"" + shown(code) + "\"");
    return status;
}

Result<void> HttpAnswer::take_header(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return malformed("malformed MIME header line: " + shown(line));
    const std::string name = lower(trim(line.substr(0, colon)));
    const std::string_view value = trim(line.substr(colon + 1));
    if (name == "location" && location_.empty()) location_ = value;
    if (name == "transfer-encoding") {
        if (lower(value) != "chunked") return malformed("unsupported transfer encoding: \"" + shown(value) + "\"");
        chunked_ = true;
    }
    if (name == "content-length") {
        size_t length = 0;
        if (!read_number(value, length) || (has_length_ && length != left_bytes_))
            return malformed("bad Content-Length \"" + shown(value) + "\"");
        has_length_ = true;
        left_bytes_ = length;
    }
    return ok();
}

Result<void> HttpAnswer::end_head() {
    if (status_ >= 100 && status_ < 200 && status_ != 101) {
        if (++interim_ > probe_interim_answers_max) return malformed("too many 1xx informational responses");
        status_ = 0;
        left_bytes_ = 0;
        has_length_ = chunked_ = false;
        location_.clear();
        return ok();
    }
    const bool bodiless = status_ == 101 || status_ == 204 || status_ == 304 || (has_length_ && !chunked_ && left_bytes_ == 0);
    if (bodiless) part_ = Part::complete;
    else part_ = chunked_ ? Part::chunk_size : has_length_ ? Part::until_length : Part::until_end;
    return ok();
}

Result<void> HttpAnswer::begin_chunk(std::string_view line) {
    if (!read_number(trim(line.substr(0, line.find(';'))), left_bytes_, 16)) return malformed("malformed chunked encoding");
    part_ = left_bytes_ == 0 ? Part::complete : Part::chunk;  // trailers say nothing to us
    return ok();
}

Result<void> HttpAnswer::take_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (part_ == Part::chunk_size) return begin_chunk(line);
    if (part_ == Part::chunk_end) {
        if (!line.empty()) return malformed("malformed chunked encoding");
        part_ = Part::chunk_size;
        return ok();
    }
    if (status_ == 0) {
        TRY(status_, parse_status_line(line));
        return ok();
    }
    return line.empty() ? end_head() : take_header(line);
}

void HttpAnswer::take_body(std::string_view& bytes) {
    const size_t count = part_ == Part::until_end ? bytes.size() : std::min(bytes.size(), left_bytes_);
    body_.append(bytes.substr(0, std::min(count, probe_answer_bytes_max - body_.size())));
    bytes.remove_prefix(count);
    if (part_ != Part::until_end) left_bytes_ -= count;
    if (part_ == Part::until_length && left_bytes_ == 0) part_ = Part::complete;
    if (part_ == Part::chunk && left_bytes_ == 0) part_ = Part::chunk_end;
    if (body_.size() == probe_answer_bytes_max) part_ = Part::complete;
}

Result<bool> HttpAnswer::take(std::string_view bytes) {
    while (!bytes.empty() && part_ != Part::complete) {
        if (part_ == Part::until_length || part_ == Part::until_end || part_ == Part::chunk) {
            take_body(bytes);
            continue;
        }
        const size_t end = bytes.find('\n');
        const size_t count = std::min(end, bytes.size());
        head_bytes_ += count + 1;
        if (head_bytes_ > probe_head_bytes_max)
            return malformed("response headers exceeded " + std::to_string(probe_head_bytes_max) + " bytes; aborted");
        line_.append(bytes.substr(0, count));
        bytes.remove_prefix(std::min(count + 1, bytes.size()));
        if (end == std::string_view::npos) break;
        TRY_VOID(take_line(std::exchange(line_, {})));
    }
    return part_ == Part::complete;
}

Result<void> HttpAnswer::end() const {
    if (part_ == Part::complete || part_ == Part::until_end) return ok();
    return malformed(head_bytes_ == 0 ? "EOF" : "unexpected EOF");
}

}  // namespace orilla::node
