#include "orilla/http/url.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cctype>
#include <vector>

#include "orilla/base/text.hpp"
#include "shown.hpp"

namespace orilla::http {
namespace {

Error malformed_url(const std::string& what) { return Error(Code::unavailable, what); }

/// "http" of "http://...": empty for a location that is relative.
std::string_view find_scheme(std::string_view location) {
    const size_t colon = location.find_first_of(":/?#");
    if (colon == std::string_view::npos || location[colon] != ':' || colon == 0) return {};
    const bool letters = isalpha(static_cast<unsigned char>(location.front())) &&
                         std::ranges::all_of(location.substr(0, colon),
                                             [](unsigned char c) { return isalnum(c) || c == '+' || c == '-' || c == '.'; });
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
Result<void> read_authority(Url& url, std::string_view authority) {
    if (const size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
    const size_t colon = bracket == std::string_view::npos ? bracket : authority.find(':', bracket);
    url.host = authority.substr(0, colon);
    url.port = url.tls ? 443 : 80;
    const auto digits = colon == std::string_view::npos ? std::string_view() : authority.substr(colon + 1);
    if (!digits.empty() && (!read_number(digits, url.port) || url.port > 65535))
        return malformed_url(fmt::format("invalid port \"{}\" in Location", shown(digits)));
    if (url.host.empty()) return malformed_url("no host in Location");
    return ok();
}

}  // namespace

std::string render_url(const Url& url) {
    return fmt::format("{}://{}:{}{}", url.tls ? "https" : "http", url.host, url.port, url.target);
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

Result<Url> resolve_location(const Url& from, std::string_view location) {
    Url to = from;
    if (const auto scheme = find_scheme(location); !scheme.empty()) {
        const std::string name = lowered(scheme);
        if (name != "http" && name != "https")
            return malformed_url(fmt::format("unsupported protocol scheme \"{}\"", shown(name)));
        to.tls = name == "https";
        location.remove_prefix(scheme.size() + 1);
        if (!location.starts_with("//")) return malformed_url("no host in Location");
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

}  // namespace orilla::http
