#include "orilla/base/mountinfo.hpp"

#include <optional>

#include "orilla/base/read_file.hpp"
#include "orilla/base/text.hpp"

namespace orilla {
namespace {

std::string_view take_until(std::string_view& rest, char separator) {
    const size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    return part;
}

/// A blank is \040 there.
std::string unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        unsigned code = 0;
        if (text[i] != '\\' || i + 3 >= text.size() || !read_number(text.substr(i + 1, 3), code, 8)) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(code);
        i += 3;
    }
    return out;
}

std::optional<MountLine> parse_line(std::string_view line) {
    MountLine out;
    if (!read_number(take_until(line, ' '), out.id)) return std::nullopt;
    for (const char* skipped : {"parent", "device", "root"}) {
        (void)skipped;
        take_until(line, ' ');
    }
    out.mount_point = unescape(take_until(line, ' '));
    take_until(line, ' ');  // options
    // Then come the optional fields, up to a dash.
    for (std::string_view field = take_until(line, ' '); !field.empty() && field != "-"; field = take_until(line, ' '))
        out.shared |= field.starts_with("shared:");
    if (out.mount_point.empty()) return std::nullopt;
    return out;
}

}  // namespace

std::vector<MountLine> parse_mountinfo(std::string_view text) {
    std::vector<MountLine> out;
    while (!text.empty())
        if (auto line = parse_line(take_until(text, '\n'))) out.push_back(std::move(*line));
    return out;
}

Result<std::vector<MountLine>> read_mountinfo() {
    TRY(const std::string text, read_file("/proc/thread-self/mountinfo", mountinfo_bytes_max));
    return parse_mountinfo(text);
}

}  // namespace orilla
