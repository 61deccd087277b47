#include <fmt/core.h>
#include <algorithm>

#include "orilla/schema/names.hpp"
#include "orilla/schema/values.hpp"

namespace orilla::api {

Result<int32_t> IntOrString::resolve(int32_t total, bool round_up) const {
    if (!is_string) return number;
    constexpr size_t percent_digits_max = 6;
    std::string_view digits = text;
    if (!check_percent(digits).empty() || digits.size() > percent_digits_max + 1)
        return Error(Code::invalid, fmt::format("invalid value \"{}\": it is neither a number nor a percentage", text));
    int64_t percent = 0;
    for (char c : digits.substr(0, digits.size() - 1)) percent = percent * 10 + (c - '0');
    int64_t scaled = percent * total;
    int64_t value = round_up && scaled > 0 ? (scaled + 99) / 100 : scaled / 100;
    return static_cast<int32_t>(std::clamp<int64_t>(value, INT32_MIN, INT32_MAX));
}

std::string IntOrString::to_string() const { return is_string ? text.str() : std::to_string(number); }

}  // namespace orilla::api
