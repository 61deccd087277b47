#include "text.hpp"

namespace orilla::supervisor {

size_t text_length(const char* text) {
    size_t length = 0;
    while (text[length]) ++length;
    return length;
}

bool text_equals(Slice a, Slice b) {
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; ++i)
        if (a.data[i] != b.data[i]) return false;
    return true;
}

bool copy_text(char* to, size_t bytes, Slice from) {
    const size_t length = from.size < bytes ? from.size : bytes - 1;
    for (size_t i = 0; i < length; ++i) to[i] = from.data[i];
    to[length] = 0;
    return length == from.size;
}

bool parse_number(Slice text, uint64_t max, uint64_t& out) {
    if (text.size == 0 || text.size > 19) return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; ++i) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (value > max) return false;
    out = value;
    return true;
}

size_t render_number(char* out, uint64_t value, int width) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count < width) digits[count++] = '0';
    for (int i = 0; i < count; ++i) out[i] = digits[count - 1 - i];
    return (size_t)count;
}

bool next_field(Slice& rest, char separator, Slice& field) {
    if (!rest.data) return false;
    size_t end = 0;
    while (end < rest.size && rest.data[end] != separator) ++end;
    field = {rest.data, end};
    if (end == rest.size) rest = {};
    else rest = {rest.data + end + 1, rest.size - end - 1};
    return true;
}

void render_timestamp(char out[timestamp_bytes], int64_t wall_ns) {
    constexpr int64_t ns_per_s = 1000000000;
    const uint64_t seconds = wall_ns > 0 ? (uint64_t)(wall_ns / ns_per_s) : 0;
    const uint64_t nanoseconds = wall_ns > 0 ? (uint64_t)(wall_ns % ns_per_s) : 0;
    const uint64_t second_of_day = seconds % 86400;
    // Days since 0000-03-01 of the proleptic Gregorian calendar: the leap day is the last of its year then.
    const uint64_t days = seconds / 86400 + 719468;
    const uint64_t era = days / 146097;
    const uint64_t day_of_era = days % 146097;
    const uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint64_t shifted_month = (5 * day_of_year + 2) / 153;
    const uint64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    const uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    const uint64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    const struct {
        uint64_t value;
        int width;
        char after;
    } fields[] = {{year, 4, '-'},
                  {month, 2, '-'},
                  {day, 2, 'T'},
                  {second_of_day / 3600, 2, ':'},
                  {second_of_day / 60 % 60, 2, ':'},
                  {second_of_day % 60, 2, '.'},
                  {nanoseconds, 9, 'Z'}};
    for (const auto& field : fields) {
        out += render_number(out, field.value, field.width);
        *out++ = field.after;
    }
}

}  // namespace orilla::supervisor
