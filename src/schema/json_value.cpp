#include "json_value.hpp"

#include <fmt/core.h>
#include <charconv>
#include <cmath>
#include <utility>

#include "orilla/schema/codec.hpp"
#include "orilla/schema/patch.hpp"

namespace json = boost::json;

namespace orilla::api {
namespace {

/// As JavaScript and Go write numbers: plain digits unless it is very large or very small. Boost.JSON would write 0.5
/// as 5E-1, which is another text of a Quantity.
void append_double(std::string& out, double value) {
    constexpr double plain_least = 1e-6, plain_most = 1e21;
    double size = std::fabs(value);
    bool plain = size == 0 || (size >= plain_least && size < plain_most);
    char text[64];
    auto end =
        std::to_chars(text, text + sizeof text, value, plain ? std::chars_format::fixed : std::chars_format::scientific).ptr;
    out.append(text, end);
}

void append_value(std::string& out, const json::value& value) {
    if (value.is_string()) return append_json_string(out, view(value.get_string()));
    if (value.is_double()) return append_double(out, value.get_double());
    if (value.is_array()) {
        out += '[';
        for (const json::value& element : value.get_array()) {
            if (&element != value.get_array().data()) out += ',';
            append_value(out, element);
        }
        out += ']';
    } else if (value.is_object()) {
        out += '{';
        bool first = true;
        for (const auto& member : value.get_object()) {
            if (!std::exchange(first, false)) out += ',';
            append_json_string(out, {member.key().data(), member.key().size()});
            out += ':';
            append_value(out, member.value());
        }
        out += '}';
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

Result<json::value> parse_value(std::string_view text, std::string_view what) {
    json::parse_options options;
    options.max_depth = document_depth_max;
    json::error_code code;
    json::value value = json::parse(key_of(text), code, {}, options);
    if (code) return Error(Code::bad_request, fmt::format("{} is not JSON: {}", what, code.message()));
    return value;
}

std::string render_value(const json::value& value) {
    std::string out;
    append_value(out, value);
    return out;
}

size_t estimate_bytes(const json::value& value) {
    constexpr size_t scalar_bytes = 8;
    size_t bytes = scalar_bytes;
    if (value.is_string()) return bytes + value.get_string().size();
    if (value.is_array()) {
        for (const json::value& element : value.get_array()) bytes += estimate_bytes(element);
    } else if (value.is_object()) {
        for (const auto& member : value.get_object()) bytes += member.key().size() + estimate_bytes(member.value());
    }
    return bytes;
}

Result<void> check_json_object(std::string_view text, std::string_view what) {
    const auto parsed = parse_value(text, what);
    if (parsed && parsed->is_object()) return ok();
    return Error(Code::invalid, parsed ? "must be a JSON object" : "must be a JSON object: " + parsed.error().message());
}

}  // namespace orilla::api
