#include "layer_path.hpp"

#include <fmt/core.h>

#include "limits.hpp"

namespace orilla::images {

namespace {
constexpr std::string_view whiteout_prefix = ".wh.";
constexpr size_t printed_bytes_max = 200;

Error entry_error(std::string_view path, std::string_view what) {
    return Error(Code::corrupt, fmt::format("entry {} {}", printable(path), what));
}
}  // namespace

std::vector<std::string> split_components(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        const size_t slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (!part.empty()) out.emplace_back(part);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return out;
}

Result<std::string> clean_entry_path(std::string_view path) {
    if (path.size() > path_bytes_max) return entry_error(path, "has a name longer than 4095 bytes");
    if (path.find('\0') != std::string_view::npos) return entry_error(path, "has a zero byte in its name");
    std::string out;
    size_t depth = 0;
    for (const auto& part : split_components(path)) {
        if (part == ".") continue;
        if (part == "..") return entry_error(path, "leads out of the layer");
        if (part.size() > component_bytes_max) return entry_error(path, "has a component longer than 255 bytes");
        if (++depth > path_depth_max) return entry_error(path, "is nested deeper than 128 directories");
        if (!out.empty()) out += '/';
        out += part;
    }
    return out;
}

SplitPath split_path(std::string_view clean) {
    const size_t slash = clean.rfind('/');
    if (slash == std::string_view::npos) return {{}, clean};
    return {clean.substr(0, slash), clean.substr(slash + 1)};
}

Whiteout classify_whiteout(std::string_view name) {
    if (!name.starts_with(whiteout_prefix)) return Whiteout::none;
    if (name == ".wh..wh..opq") return Whiteout::opaque;
    if (name.starts_with(".wh..wh.")) return Whiteout::aufs_internal;
    return Whiteout::remove;
}

Result<std::string> whiteout_target(std::string_view name) {
    const auto target = name.substr(whiteout_prefix.size());
    if (target.empty() || target == "." || target == "..") return entry_error(name, "is not a valid whiteout");
    return std::string(target);
}

bool keeps_xattr(std::string_view name) {
    if (name == "security.capability") return true;
    // The overlay of a user namespace takes its orders from user.overlay.*.
    return name.starts_with("user.") && !name.starts_with("user.overlay.") && name.size() <= component_bytes_max;
}

std::string printable(std::string_view path) {
    std::string out;
    for (char c : path.substr(0, printed_bytes_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
            continue;
        }
        out += "\\x";
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return path.size() > printed_bytes_max ? out + "..." : out;
}

}  // namespace orilla::images
