#include "json_value.hpp"

#include "orilla/api/patch.hpp"

namespace json = boost::json;

namespace orilla::api {

Result<json::value> parse_value(std::string_view text, std::string_view what) {
    json::parse_options options;
    options.max_depth = document_depth_max;
    json::error_code code;
    json::value value = json::parse(key_of(text), code, {}, options);
    if (code) return Error(Code::bad_request, std::string(what) + " is not JSON: " + code.message());
    return value;
}

std::string render_value(const json::value& value) { return json::serialize(value); }

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

}  // namespace orilla::api
