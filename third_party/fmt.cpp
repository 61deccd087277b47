// {fmt} without its shared library: what <fmt/core.h> declares of texts, compiled once for every room. Left out are floating
// point, locales and Unicode's table of what can be printed, which would be two thirds of it. A number with a fraction is an
// error here, not an empty place.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

FMT_BEGIN_NAMESPACE
format_error::~format_error() noexcept = default;

std::string vformat(string_view words, format_args args) {
    memory_buffer out;
    detail::vformat_to(out, words, args);
    return to_string(out);
}

namespace detail {
void throw_format_error(const char* message) { throw format_error(message); }

void assert_fail(const char* file, int line, const char* message) {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, message);
    std::abort();
}

// Without these, {fmt} would leave the place empty: "{}" of each type, and each with a format ("{:.1f}").
appender refuse_fraction(appender out) {
    throw_format_error("floating point is not compiled in");
    return out;
}

template <>
auto write<char, appender, float, 0>(appender out, float) -> appender {
    return refuse_fraction(out);
}
template <>
auto write<char, appender, double, 0>(appender out, double) -> appender {
    return refuse_fraction(out);
}
template <>
auto write<char, appender, long double, 0>(appender out, long double) -> appender {
    return refuse_fraction(out);
}
template <>
auto write<char, appender, float, 0>(appender out, float, basic_format_specs<char>, locale_ref) -> appender {
    return refuse_fraction(out);
}
template <>
auto write<char, appender, double, 0>(appender out, double, basic_format_specs<char>, locale_ref) -> appender {
    return refuse_fraction(out);
}
template <>
auto write<char, appender, long double, 0>(appender out, long double, basic_format_specs<char>, locale_ref) -> appender {
    return refuse_fraction(out);
}

// For "{:?}", which escapes what cannot be printed.
auto is_printable(uint32_t character) -> bool { return character >= ' ' && character < 0x7f; }

template <class Char>
auto thousands_sep_impl(locale_ref) -> thousands_sep_result<Char> {
    return {"", Char()};
}
template auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;

template void vformat_to(buffer<char>&, basic_string_view<char>, basic_format_args<FMT_BUFFER_CONTEXT(char)>, locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
