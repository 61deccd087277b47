#include "orilla/images/reference.hpp"

#include <fmt/core.h>
#include <algorithm>

namespace orilla::images {

namespace {

constexpr size_t repository_bytes_max = 255;
constexpr size_t tag_bytes_max = 128;

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool word(char c) { return lower_or_digit(c) || upper(c) || c == '_'; }
bool hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// Runs of [a-z0-9], joined by one dot, one or two underscores, or any number of dashes.
bool valid_path_component(std::string_view text) {
    size_t at = 0;
    for (;;) {
        const size_t start = at;
        while (at < text.size() && lower_or_digit(text[at])) ++at;
        if (at == start) return false;
        if (at == text.size()) return true;
        const char joint = text[at];
        const size_t joint_start = at;
        while (at < text.size() && text[at] == joint) ++at;
        const size_t length = at - joint_start;
        const bool good = joint == '-' || (joint == '.' && length == 1) || (joint == '_' && length <= 2);
        if (!good) return false;
    }
}

bool valid_path(std::string_view path) {
    for (;;) {
        const size_t slash = path.find('/');
        if (!valid_path_component(path.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

bool valid_host(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        return std::all_of(host.begin() + 1, host.end() - 1, [](char c) { return hex(c) || upper(c) || c == ':'; });
    for (;;) {
        const auto label = host.substr(0, host.find('.'));
        const bool good = !label.empty() && label.front() != '-' && label.back() != '-' &&
                          std::all_of(label.begin(), label.end(), [](char c) { return word(c) ? c != '_' : c == '-'; });
        if (!good) return false;
        if (label.size() == host.size()) return true;
        host.remove_prefix(label.size() + 1);
    }
}

bool valid_domain(std::string_view domain) {
    const size_t bracket = domain.rfind(']');
    const size_t colon = domain.rfind(':');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return valid_host(domain);
    const auto port = domain.substr(colon + 1);
    const bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    return !port.empty() && port.size() <= 5 && digits && valid_host(domain.substr(0, colon));
}

bool valid_tag(std::string_view tag) {
    if (tag.empty() || tag.size() > tag_bytes_max || !word(tag.front())) return false;
    return std::all_of(tag.begin(), tag.end(), [](char c) { return word(c) || c == '.' || c == '-'; });
}

Error bad_reference(std::string_view why = "") {
    return Error(Code::invalid, "invalid reference format" + (why.empty() ? "" : ": " + std::string(why)));
}

/// Splits the registry's host off, if the first part looks like one: it has a dot, a port, capitals or is localhost.
void split_domain(std::string_view text, Reference& out) {
    const size_t slash = text.find('/');
    const auto first = text.substr(0, slash);
    const bool host =
        slash != std::string_view::npos && (first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
                                            std::any_of(first.begin(), first.end(), upper));
    out.domain = host ? std::string(first) : "docker.io";
    out.path = host ? std::string(text.substr(slash + 1)) : std::string(text);
    if (out.domain == "index.docker.io") out.domain = "docker.io";
    if (out.domain == "docker.io" && out.path.find('/') == std::string::npos) out.path = "library/" + out.path;
}

}  // namespace

bool is_digest(std::string_view text) {
    return text.size() == 71 && text.starts_with("sha256:") && std::all_of(text.begin() + 7, text.end(), hex);
}

std::string Reference::name() const {
    std::string text = repository();
    if (!tag.empty()) text += ":" + tag;
    if (!digest.empty()) text += "@" + digest;
    return text;
}

std::string Reference::familiar_name() const {
    const std::string full = name();
    for (std::string_view prefix : {"docker.io/library/", "docker.io/"})
        if (full.starts_with(prefix)) return full.substr(prefix.size());
    return full;
}

Result<Reference> parse_reference(std::string_view text) {
    Reference out;
    const size_t at = text.find('@');
    if (at != std::string_view::npos) {
        out.digest = std::string(text.substr(at + 1));
        if (!is_digest(out.digest)) return bad_reference("only sha256 digests of 64 lower-case hex digits are supported");
        text = text.substr(0, at);
    }
    const size_t colon = text.rfind(':');
    if (colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos) {
        out.tag = std::string(text.substr(colon + 1));
        if (!valid_tag(out.tag)) return bad_reference();
        text = text.substr(0, colon);
    }
    if (text.empty()) return bad_reference();
    if (text.size() == 64 && std::all_of(text.begin(), text.end(), hex))
        return Error(Code::invalid,
                     fmt::format("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", text));
    split_domain(text, out);
    if (std::any_of(out.path.begin(), out.path.end(), upper))
        return bad_reference(fmt::format("repository name ({}) must be lowercase", out.path));
    if (!valid_domain(out.domain) || !valid_path(out.path)) return bad_reference();
    if (out.repository().size() > repository_bytes_max)
        return Error(Code::invalid, "repository name must not be more than 255 characters");
    if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
    return out;
}

}  // namespace orilla::images
