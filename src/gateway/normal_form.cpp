#include "normal_form.hpp"

#include <algorithm>
#include <cstdint>

namespace orilla::gateway {

namespace {

constexpr size_t port_digits_max = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_unreserved(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
bool is_name_character(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }
bool is_address_character(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == ':'; }

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void append_escape(std::string& out, uint8_t byte) {
    constexpr char digits[] = "0123456789ABCDEF";
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

/// What stands in no path.
bool is_refused(char c) { return static_cast<uint8_t>(c) <= ' ' || c == 0x7f || c == '\\' || c == '#' || c == '?'; }

/// Escapes as they should be; false when one is none.
bool append_with_normal_escapes(std::string& out, std::string_view path) {
    for (size_t i = 0; i < path.size(); ++i) {
        const char c = path[i];
        if (is_refused(c)) return false;
        if (c != '%' && static_cast<uint8_t>(c) < 0x80) {
            out += c;
            continue;
        }
        auto byte = static_cast<uint8_t>(c);
        if (c == '%') {
            const int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
            const int low = high >= 0 ? hex_value(path[i + 2]) : -1;
            if (low < 0 || (high == 0 && low == 0)) return false;
            byte = static_cast<uint8_t>(high << 4 | low);
            i += 2;
        }
        if (is_unreserved(static_cast<char>(byte))) out += static_cast<char>(byte);
        else append_escape(out, byte);
    }
    return true;
}

bool is_dots(std::string_view text) { return text == "." || text == ".."; }

/// Whether another reader, for whom an escape is a separator or a parameter is no part of the element, sees dots alone.
bool hides_dots(std::string_view element) {
    bool divided = false;
    for (size_t begin = 0; begin <= element.size();) {
        size_t end = element.size(), next = end + 1;
        for (size_t i = begin; i < element.size() && end == element.size(); ++i) {
            const bool is_slash = element.compare(i, 3, "%2F") == 0 || element.compare(i, 3, "%5C") == 0;
            if (is_slash) end = i, next = i + 3;
        }
        divided = divided || next <= element.size();
        const std::string_view piece = element.substr(begin, end - begin);
        const std::string_view named = piece.substr(0, std::min(piece.find(';'), piece.find("%3B")));
        if (is_dots(named) && (divided || named.size() < piece.size())) return true;
        begin = next;
    }
    return false;
}

/// Resolves dot segments where they are, in escaped form; false for one that leads above the root or is hidden.
bool resolve_dots(std::string& path) {
    size_t to = 0;  // what is before it is done; it never is ahead of `from`
    for (size_t from = 0; from < path.size();) {
        const size_t end = std::min(path.find('/', from + 1), path.size());
        const std::string_view element = std::string_view(path).substr(from + 1, end - from - 1);
        if (hides_dots(element)) return false;
        const bool is_last = end == path.size();
        if (is_dots(element)) {
            if (element.size() == 2) {
                if (to == 0) return false;
                to = path.rfind('/', to - 1);
            }
            // The slash before the dots stays where nothing follows.
            if (is_last) path[to++] = '/';
        } else {
            std::copy(path.begin() + static_cast<std::ptrdiff_t>(from), path.begin() + static_cast<std::ptrdiff_t>(end),
                      path.begin() + static_cast<std::ptrdiff_t>(to));
            to += end - from;
        }
        from = end;
    }
    path.resize(to);
    return true;
}

/// Whether the path is what it should be already, which nearly all are.
bool is_normal(std::string_view path) {
    char before = 0;
    for (const char c : path) {
        if (is_refused(c) || c == '%' || static_cast<uint8_t>(c) >= 0x80 || (c == '.' && before == '/')) return false;
        before = c;
    }
    return true;
}

}  // namespace

std::optional<std::string_view> normal_host(std::string_view authority, HostBuffer& buffer) {
    const bool is_bracketed = !authority.empty() && authority.front() == '[';
    const size_t end = is_bracketed ? authority.find(']') : authority.rfind(':');
    std::string_view host = authority.substr(0, end);
    std::string_view port = end == std::string_view::npos ? std::string_view() : authority.substr(end + 1);
    if (is_bracketed) {
        if (end == std::string_view::npos || (!port.empty() && port.front() != ':')) return std::nullopt;
        host = authority.substr(0, end + 1);
        port.remove_prefix(std::min<size_t>(port.size(), 1));
        const std::string_view address = authority.substr(1, end - 1);
        if (address.empty() || !std::all_of(address.begin(), address.end(), is_address_character)) return std::nullopt;
    } else {
        if (!std::all_of(host.begin(), host.end(), is_name_character)) return std::nullopt;
        if (!host.empty() && host.back() == '.') host.remove_suffix(1);
        const bool has_empty_label = host.starts_with('.') || host.ends_with('.') || host.find("..") != host.npos;
        if (has_empty_label) return std::nullopt;
    }
    if (port.size() > port_digits_max || !std::all_of(port.begin(), port.end(), is_digit)) return std::nullopt;
    if (host.size() > buffer.size() || (host.empty() && !authority.empty())) return std::nullopt;
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    std::transform(host.begin(), host.end(), buffer.begin(), small);
    return std::string_view(buffer.data(), host.size());
}

std::optional<std::string_view> normal_path(std::string_view path, std::string* scratch) {
    if (path.empty() || path.front() != '/') return std::nullopt;
    if (is_normal(path)) return path;
    scratch->clear();
    if (!append_with_normal_escapes(*scratch, path) || !resolve_dots(*scratch)) return std::nullopt;
    return std::string_view(*scratch);
}

std::string with_single_slashes(std::string_view path) {
    std::string out;
    for (const char c : path)
        if (c != '/' || out.empty() || out.back() != '/') out += c;
    return out;
}

}  // namespace orilla::gateway
