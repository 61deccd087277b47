#include "orilla/http/uri.hpp"

#include <fmt/core.h>
#include <charconv>

namespace orilla::http {

namespace {
int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) return Error(Code::bad_request, fmt::format("invalid URL escape in \"{}\"", text));
            c = static_cast<char>(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out += c;
    }
    return out;
}

Result<Query> Query::parse(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const size_t end = text.find('&');
        const std::string_view pair = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (pair.empty()) continue;
        if (query.parameters_.size() == query_parameters_max)
            return Error(Code::bad_request, "the query has too many parameters");
        const size_t equals = pair.find('=');
        TRY(auto name, percent_decode(pair.substr(0, equals), true));
        std::string value;
        if (equals != std::string_view::npos) {
            TRY(value, percent_decode(pair.substr(equals + 1), true));
        }
        query.parameters_.emplace_back(std::move(name), std::move(value));
    }
    return query;
}

std::string_view Query::get(std::string_view name) const {
    for (const auto& [key, value] : parameters_)
        if (key == name) return value;
    return {};
}

bool Query::has(std::string_view name) const {
    for (const auto& [key, value] : parameters_)
        if (key == name) return true;
    return false;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : parameters_)
        if (key == name) values.push_back(value);
    return values;
}

Result<bool> Query::flag(std::string_view name) const {
    if (!has(name)) return false;
    const std::string_view text = get(name);
    if (text.empty() || text == "1" || text == "t" || text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "0" || text == "f" || text == "false" || text == "False" || text == "FALSE") return false;
    return Error(Code::bad_request, fmt::format("{}: invalid boolean \"{}\"", name, text));
}

Result<std::optional<int64_t>> Query::number(std::string_view name) const {
    const std::string_view text = get(name);
    if (text.empty()) return std::optional<int64_t>();
    int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
        return Error(Code::bad_request, fmt::format("{}: invalid number \"{}\"", name, text));
    return std::optional<int64_t>(value);
}

Result<std::vector<std::string>> split_path(std::string_view path) {
    std::vector<std::string> segments;
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    while (!path.empty()) {
        const size_t slash = path.find('/');
        TRY(auto segment, percent_decode(path.substr(0, slash), false));
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
        bool odd = segment.empty() || segment == "." || segment == ".." || segment.find('/') != std::string::npos;
        for (const char c : segment) odd = odd || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        if (odd || segments.size() == path_segments_max) return Error(Code::bad_request, "invalid path");
        segments.push_back(std::move(segment));
    }
    return segments;
}

}  // namespace orilla::http
