// A quantity is worked on as a whole number of billionths in 128 bits: 2^63 units are 2^93 of them.
#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <optional>

#if !defined(__SIZEOF_INT128__)
#include <boost/multiprecision/cpp_int.hpp>
#endif

#include "orilla/schema/names.hpp"
#include "orilla/schema/values.hpp"

namespace orilla::api {
namespace {

#if defined(__SIZEOF_INT128__)
__extension__ using Wide = __int128;
#else
using Wide = boost::multiprecision::int128_t;
#endif

constexpr Wide nano_per_unit = 1'000'000'000;
constexpr Wide nano_max = static_cast<Wide>(INT64_MAX) * nano_per_unit;
constexpr size_t text_bytes_max = 128;
constexpr int fraction_digits_max = 18;

enum class Family { decimal, binary, exponent };

struct Amount {
    Wide nano = 0;
    Family family = Family::decimal;
};

struct Suffix {
    std::string_view name;
    Family family;
    int power;  // of ten, or of two for binary
};

constexpr std::array<Suffix, 16> suffixes{{
    {"n", Family::decimal, -9},
    {"u", Family::decimal, -6},
    {"m", Family::decimal, -3},
    {"", Family::decimal, 0},
    {"k", Family::decimal, 3},
    {"M", Family::decimal, 6},
    {"G", Family::decimal, 9},
    {"T", Family::decimal, 12},
    {"P", Family::decimal, 15},
    {"E", Family::decimal, 18},
    {"Ki", Family::binary, 10},
    {"Mi", Family::binary, 20},
    {"Gi", Family::binary, 30},
    {"Ti", Family::binary, 40},
    {"Pi", Family::binary, 50},
    {"Ei", Family::binary, 60},
}};

Error not_a_quantity() {
    return Error(Code::bad_request,
                 "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

std::optional<Suffix> find_suffix(std::string_view text) {
    for (const Suffix& suffix : suffixes)
        if (suffix.name == text) return suffix;
    if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return {};
    bool negative = text[1] == '-';
    std::string_view digits = text.substr(text[1] == '-' || text[1] == '+' ? 2 : 1);
    constexpr size_t exponent_digits_max = 4;
    if (digits.empty() || digits.size() > exponent_digits_max || !std::all_of(digits.begin(), digits.end(), is_digit))
        return {};
    int power = 0;
    for (char c : digits) power = power * 10 + (c - '0');
    return Suffix{"", Family::exponent, negative ? -power : power};
}

/// Digits with the decimal point put where the power of ten wants it.
struct Decimal {
    Wide whole = 0;
    Wide fraction = 0;  // of 10^-fraction_digits_max
    bool more = false;  // something non-zero lies below that
    bool too_large = false;
};

Decimal place_point(std::string_view digits, int point) {
    Decimal out;
    constexpr Wide whole_max = static_cast<Wide>(INT64_MAX) * 2;
    for (int i = std::min(point, 0); i < static_cast<int>(digits.size()) || i < point; ++i) {
        int digit = i >= 0 && i < static_cast<int>(digits.size()) ? digits[static_cast<size_t>(i)] - '0' : 0;
        if (i < point) {
            out.whole = out.whole * 10 + digit;
            if (out.whole > whole_max) return out.too_large = true, out;
        } else if (i - point < fraction_digits_max) {
            out.fraction = out.fraction * 10 + digit;
        } else {
            out.more |= digit != 0;
        }
    }
    int placed = std::clamp(static_cast<int>(digits.size()) - point, 0, fraction_digits_max);
    for (int i = placed; i < fraction_digits_max; ++i) out.fraction *= 10;
    return out;
}

Wide divide_up(Wide value, Wide by) { return (value + by - 1) / by; }

/// In billionths, rounded up to what the suffix can express: thousandths unless it asks for less.
Wide to_nano(const Decimal& decimal, int shift, Wide step) {
    constexpr Wide fraction_per_nano = 1'000'000'000;
    if (decimal.too_large) return nano_max;
    Wide scale = static_cast<Wide>(1) << shift;
    Wide whole = decimal.whole * nano_per_unit;
    if (whole > nano_max / scale) return nano_max;
    whole *= scale;
    Wide fraction = divide_up(decimal.fraction * scale, fraction_per_nano);
    if (decimal.more && decimal.fraction * scale % fraction_per_nano == 0) ++fraction;
    return std::min(divide_up(whole + fraction, step) * step, nano_max);
}

Result<Amount> parse_amount(std::string_view text) {
    if (text.empty() || text.size() > text_bytes_max) return not_a_quantity();
    bool negative = text[0] == '-';
    if (negative || text[0] == '+') text.remove_prefix(1);
    std::string digits;
    size_t at = 0;
    int point = -1;
    for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && point < 0)); ++at) {
        if (text[at] == '.') point = static_cast<int>(digits.size());
        else digits += text[at];
    }
    if (digits.empty()) return not_a_quantity();
    if (point < 0) point = static_cast<int>(digits.size());
    auto suffix = find_suffix(text.substr(at));
    if (!suffix) return Error(Code::bad_request, "unable to parse quantity's suffix");
    size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    digits.erase(0, zeros);
    point -= static_cast<int>(zeros);
    if (digits.empty()) return Amount{0, suffix->family};
    bool fine = suffix->name == "n" || suffix->name == "u";
    bool binary = suffix->family == Family::binary;
    Decimal decimal = place_point(digits, point + (binary ? 0 : suffix->power));
    Wide nano = to_nano(decimal, binary ? suffix->power : 0, fine ? 1 : 1'000'000);
    return Amount{negative ? -nano : nano, suffix->family};
}

std::string digits_of(Wide value) {
    bool negative = value < 0;
    if (negative) value = -value;
    std::string text;
    do text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    while ((value /= 10) != 0);
    return negative ? "-" + text : text;
}

std::string render_decimal(Wide nano, bool exponent) {
    int power = -9;
    constexpr int power_max = 18;
    while (nano % 1000 == 0 && power < power_max) nano /= 1000, power += 3;
    std::string text = digits_of(nano);
    if (!exponent) return text += suffixes[static_cast<size_t>(power + 9) / 3].name;
    return power == 0 ? text : fmt::format("{}e{}", text, power);
}

std::string render_amount(const Amount& amount) {
    if (amount.nano == 0) return "0";
    Wide units = amount.nano / nano_per_unit;
    bool fractional = amount.nano % nano_per_unit != 0;
    bool small = units > -1024 && units < 1024;
    if (amount.family != Family::binary || fractional || small)
        return render_decimal(amount.nano, amount.family == Family::exponent);
    size_t step = 0;
    constexpr size_t steps_max = 6;
    while (units % 1024 == 0 && step < steps_max) units /= 1024, ++step;
    std::string text = digits_of(units);
    if (step > 0) text += suffixes[9 + step].name;
    return text;
}

Quantity make(const Amount& amount) {
    Quantity quantity;
    quantity.text = Str::intern(render_amount(amount));
    return quantity;
}

/// Texts of quantities are canonical, so this cannot fail; an absent one is zero.
Amount amount_of(const Quantity& quantity) {
    auto amount = parse_amount(quantity.text);
    return amount ? *amount : Amount{};
}

int64_t round_up(Wide nano, Wide step) {
    Wide magnitude = divide_up(nano < 0 ? -nano : nano, step);
    magnitude = std::min(magnitude, static_cast<Wide>(INT64_MAX));
    return static_cast<int64_t>(nano < 0 ? -magnitude : magnitude);
}

Quantity combine(const Quantity& a, const Quantity& b, int sign) {
    Amount left = amount_of(a);
    Amount right = amount_of(b);
    Family family = left.nano == 0 ? right.family : left.family;
    return make({std::clamp(left.nano + sign * right.nano, -nano_max, nano_max), family});
}

}  // namespace

Result<Quantity> Quantity::parse(std::string_view text) {
    TRY(Amount amount, parse_amount(text));
    return make(amount);
}

Quantity Quantity::from_milli(int64_t milli) {
    return make({static_cast<Wide>(milli) * (nano_per_unit / 1000), Family::decimal});
}

Quantity Quantity::from_bytes(int64_t bytes) { return make({static_cast<Wide>(bytes) * nano_per_unit, Family::binary}); }

int64_t Quantity::value() const { return round_up(amount_of(*this).nano, nano_per_unit); }

int64_t Quantity::milli_value() const { return round_up(amount_of(*this).nano, nano_per_unit / 1000); }

int Quantity::compare(const Quantity& other) const {
    Wide left = amount_of(*this).nano;
    Wide right = amount_of(other).nano;
    return left < right ? -1 : left > right ? 1 : 0;
}

Quantity Quantity::plus(const Quantity& other) const { return combine(*this, other, 1); }

Quantity Quantity::minus(const Quantity& other) const { return combine(*this, other, -1); }

}  // namespace orilla::api
