// The zones that are known, by the rule that they follow.
#pragma once

#include <span>
#include <string_view>

namespace orilla::api {

struct ZoneRule {
    std::string_view rule;   ///< POSIX's TZ: CET-1CEST,M3.5.0,M10.5.0/3
    std::string_view names;  ///< with blanks between them
};
std::span<const ZoneRule> all_zone_rules();

}  // namespace orilla::api
