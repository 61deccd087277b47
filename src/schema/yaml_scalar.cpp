#include "yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "orilla/schema/names.hpp"

namespace orilla::api {
namespace {
constexpr std::array<std::string_view, 5> null_words = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 11> true_words = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                         "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> false_words = {"n",     "N",     "no",  "No",  "NO", "false",
                                                          "False", "FALSE", "off", "Off", "OFF"};

template <size_t N>
bool is_listed(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, text) != words.end();
}

/// The base that the prefix names, which is cut off: 0x, 0o, 0b, or the old 0 for octal.
int take_base(std::string_view& digits) {
    if (digits.size() < 2 || digits[0] != '0') return 10;
    char prefix = static_cast<char>(digits[1] | 0x20);
    int base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 0;
    digits.remove_prefix(base == 0 ? 1 : 2);
    return base == 0 ? 8 : base;
}

std::optional<std::string> integer(std::string_view plain) {
    bool negative = plain.starts_with('-');
    std::string_view digits = plain.substr(negative || plain.starts_with('+') ? 1 : 0);
    int base = take_base(digits);
    uint64_t number = 0;
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (digits.empty() || ec != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (negative && number > uint64_t{1} << 63) return std::nullopt;
    return (negative && number != 0 ? "-" : "") + std::to_string(number);
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
    auto skip_digits = [&text] {
        size_t count = 0;
        while (count < text.size() && is_digit(text[count])) ++count;
        text.remove_prefix(count);
        return count;
    };
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    size_t before = skip_digits();
    size_t after = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        after = skip_digits();
    }
    if (before == 0 && after == 0) return false;
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
        if (skip_digits() == 0) return false;
    }
    return text.empty();
}

std::optional<std::string> floating(std::string_view plain) {
    if (!looks_like_float(plain)) return std::nullopt;
    if (plain.starts_with('+')) plain.remove_prefix(1);
    double number = 0;
    auto [end, ec] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
    if (ec != std::errc() || !std::isfinite(number)) return std::nullopt;
    char text[40];
    auto [last, error] = std::to_chars(text, text + sizeof text, number);
    return std::string(text, last);
}
}  // namespace

YamlScalar resolve_plain_scalar(std::string_view text) {
    using Type = YamlScalar::Type;
    if (is_listed(text, null_words)) return {Type::null, "null"};
    if (is_listed(text, true_words)) return {Type::boolean, "true"};
    if (is_listed(text, false_words)) return {Type::boolean, "false"};
    char first = text.front();
    if (is_digit(first) || first == '-' || first == '+' || first == '.') {
        std::string plain(text);
        std::erase(plain, '_');
        if (auto number = integer(plain)) return {Type::number, *number};
        if (auto number = floating(plain)) return {Type::number, *number};
    }
    return {Type::string, std::string(text)};
}

}  // namespace orilla::api
