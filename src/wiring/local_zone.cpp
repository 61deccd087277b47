#include "local_zone.hpp"

#include "orilla/base/read_file.hpp"

namespace orilla::wiring {
namespace {

/// A compiled zone ends with a line of its own for all times that are to come.
std::string_view last_line(std::string_view text) {
    if (!text.starts_with("TZif") || !text.ends_with('\n')) return {};
    text.remove_suffix(1);
    const size_t before = text.rfind('\n');
    return before == text.npos ? std::string_view() : text.substr(before + 1);
}

}  // namespace

api::TimeZone find_local_zone(const char* tz, const std::string& localtime) {
    if (tz) {
        const std::string_view name = *tz == ':' ? tz + 1 : tz;
        const auto named = api::TimeZone::find(name);
        return named ? *named : api::TimeZone::parse_posix(name).value_or(api::TimeZone());
    }
    constexpr size_t zone_bytes_max = 64 * 1024;
    const auto text = read_file(localtime, zone_bytes_max);
    return text ? api::TimeZone::parse_posix(last_line(*text)).value_or(api::TimeZone()) : api::TimeZone();
}

}  // namespace orilla::wiring
