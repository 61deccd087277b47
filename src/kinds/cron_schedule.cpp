#include "orilla/kinds/cron_schedule.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "orilla/base/text.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::api {
namespace {

constexpr int64_t minute_s = 60, hour_s = 3600, civil_day_s = 86'400;

struct CronField {
    int first, last;
    std::string_view names;  ///< of the first value and those after it, three letters each
};
constexpr CronField cron_minute{0, 59, ""}, cron_hour{0, 23, ""}, cron_month_day{1, 31, ""},
    cron_month{1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"}, cron_weekday{0, 6, "sunmontuewedthufrisat"};

constexpr struct {
    std::string_view name, fields;
} macros[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
              {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"}};

Error refuse(std::string message) { return Error(Code::invalid, std::move(message)); }

std::vector<std::string_view> split_words(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> out;
    while (true) {
        const size_t begin = text.find_first_not_of(separators);
        if (begin == text.npos) return out;
        const size_t end = std::min(text.find_first_of(separators, begin), text.size());
        out.push_back(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

std::vector<std::string_view> split_all(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    for (size_t at = text.find(separator); at != text.npos; at = text.find(separator)) {
        out.push_back(text.substr(0, at));
        text.remove_prefix(at + 1);
    }
    out.push_back(text);
    return out;
}

Result<int> parse_cron_number(std::string_view text, std::string_view expression) {
    int value = 0;
    std::string_view digits = text;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    if (!read_number(digits, value))
        return refuse("failed to parse int from " + std::string(expression) + ": strconv.Atoi: parsing " + quote(text) +
                      ": invalid syntax");
    if (negative && value > 0) return refuse(fmt::format("negative number (-{}) not allowed: {}", value, expression));
    return value;
}

Result<int> parse_cron_value(std::string_view text, const CronField& field, std::string_view expression) {
    const std::string word = lowered(text);
    if (word.size() == 3)
        for (size_t at = 0; at < field.names.size(); at += 3)
            if (field.names.substr(at, 3) == word) return field.first + static_cast<int>(at / 3);
    return parse_cron_number(text, expression);
}

struct CronBits {
    uint64_t bits = 0;
    bool star = false;
};

Result<CronBits> parse_cron_range(std::string_view expression, const CronField& field) {
    const auto parts = split_all(expression, '/');
    const auto ends = split_all(parts[0], '-');
    const std::string shown(expression);
    int first = field.first, last = field.last, step = 1;
    CronBits out;
    if (ends[0] == "*" || ends[0] == "?") {
        out.star = true;
    } else {
        if (ends.size() > 2) return refuse("too many hyphens: " + shown);
        TRY(first, parse_cron_value(ends[0], field, expression));
        last = first;
        if (ends.size() == 2) {
            TRY(last, parse_cron_value(ends[1], field, expression));
        }
    }
    if (parts.size() > 2) return refuse("too many slashes: " + shown);
    if (parts.size() == 2) {
        TRY(step, parse_cron_number(parts[1], expression));
        if (ends.size() == 1) last = field.last;
        if (step > 1) out.star = false;
    }
    const auto number = [](int value) { return fmt::format("({})", value); };
    if (first < field.first)
        return refuse("beginning of range " + number(first) + " below minimum " + number(field.first) + ": " + shown);
    if (last > field.last)
        return refuse("end of range " + number(last) + " above maximum " + number(field.last) + ": " + shown);
    if (first > last)
        return refuse("beginning of range " + number(first) + " beyond end of range " + number(last) + ": " + shown);
    if (step == 0) return refuse("step of range should be a positive number: " + shown);
    for (int64_t value = first; value <= last; value += step) out.bits |= uint64_t{1} << value;
    return out;
}

Result<CronBits> parse_cron_field(std::string_view text, const CronField& field) {
    CronBits out;
    for (const std::string_view expression : split_words(text, ",")) {
        TRY(const CronBits one, parse_cron_range(expression, field));
        out.bits |= one.bits;
        out.star |= one.star;
    }
    return out;
}

/// As Go's time.ParseDuration reads it, in whole seconds: 1h30m, 90s, 1.5h.
std::optional<int64_t> parse_go_duration(std::string_view text) {
    constexpr struct {
        std::string_view name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
    constexpr double seconds_max = 9.2e9;  // 64 bits of nanoseconds
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return 0;
    if (text.empty()) return std::nullopt;
    double sum = 0;
    while (!text.empty()) {
        const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
        double value = 0;
        const auto read = std::from_chars(text.data(), text.data() + digits, value, std::chars_format::fixed);
        if (digits == 0 || read.ec != std::errc() || read.ptr != text.data() + digits) return std::nullopt;
        text.remove_prefix(digits);
        const size_t letters = std::min(text.find_first_of("0123456789."), text.size());
        const auto* unit = std::find_if(std::begin(units), std::end(units),
                                        [&](const auto& one) { return one.name == text.substr(0, letters); });
        if (unit == std::end(units)) return std::nullopt;
        sum += value * unit->seconds;
        if (sum > seconds_max) return std::nullopt;
        text.remove_prefix(letters);
    }
    return static_cast<int64_t>(negative ? -sum : sum);
}

}  // namespace

class CronReader {
  public:
    static Result<CronSchedule> read_fields(std::string_view text) {
        const auto words = split_words(text, " \t\n\v\f\r");
        if (words.size() != 5) {
            std::string shown;
            for (const auto& word : words) shown += (shown.empty() ? "" : " ") + std::string(word);
            return refuse(fmt::format("expected exactly 5 fields, found {}: [{}]", words.size(), shown));
        }
        CronSchedule out;
        TRY(const CronBits minutes, parse_cron_field(words[0], cron_minute));
        TRY(const CronBits hours, parse_cron_field(words[1], cron_hour));
        TRY(const CronBits month_days, parse_cron_field(words[2], cron_month_day));
        TRY(const CronBits months, parse_cron_field(words[3], cron_month));
        TRY(const CronBits weekdays, parse_cron_field(words[4], cron_weekday));
        out.minutes_ = minutes.bits;
        out.hours_ = static_cast<uint32_t>(hours.bits);
        out.month_days_ = static_cast<uint32_t>(month_days.bits);
        out.months_ = static_cast<uint32_t>(months.bits);
        out.weekdays_ = static_cast<uint32_t>(weekdays.bits);
        out.any_hour_ = hours.star;
        out.any_month_day_ = month_days.star;
        out.any_weekday_ = weekdays.star;
        return out;
    }

    static Result<CronSchedule> read_every(std::string_view text, std::string_view whole) {
        const auto seconds = parse_go_duration(text);
        if (!seconds)
            return refuse("failed to parse duration " + std::string(whole) + ": time: invalid duration " + quote(text));
        CronSchedule out;
        out.every_s_ = std::max<int64_t>(*seconds, 1);
        return out;
    }
};

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
    constexpr std::string_view every = "@every ";
    constexpr size_t bytes_max = 4096;
    if (text.empty()) return refuse("empty spec string");
    if (text.size() > bytes_max) return refuse("is too long");
    if (!text.starts_with('@')) return CronReader::read_fields(text);
    for (const auto& [name, fields] : macros)
        if (name == text) return CronReader::read_fields(fields);
    if (text.starts_with(every)) return CronReader::read_every(text.substr(every.size()), text);
    return refuse("unrecognized descriptor: " + std::string(text));
}

bool CronSchedule::fits_day(const CivilDay& day, int64_t days) const {
    if (!(months_ >> day.month & 1)) return false;
    const bool by_month = month_days_ >> day.day & 1;
    const bool by_week = weekdays_ >> (((days + 4) % 7 + 7) % 7) & 1;
    // Two that are restricted are alternatives.
    return any_month_day_ || any_weekday_ ? by_month && by_week : by_month || by_week;
}

/// In the seconds of a clock that knows no zones.
std::optional<int64_t> CronSchedule::next_civil(int64_t after_s) const {
    int64_t at = after_s - (after_s % minute_s + minute_s) % minute_s + minute_s;
    int64_t days = at / civil_day_s - (at % civil_day_s < 0);
    int64_t of_day = at - days * civil_day_s;
    CivilDay day = civil_of(days);
    const int64_t last_year = day.year + schedule_years_max;
    while (day.year <= last_year) {
        if (fits_day(day, days)) {
            for (auto hour = static_cast<int>(of_day / hour_s); hour < 24; ++hour) {
                if (!(hours_ >> hour & 1)) continue;
                const bool same_hour = hour == of_day / hour_s;
                const auto from = static_cast<int>(same_hour ? of_day % hour_s / minute_s : 0);
                if (const uint64_t left = minutes_ >> from; left != 0)
                    return days * civil_day_s + hour * hour_s + (from + std::countr_zero(left)) * minute_s;
            }
        }
        of_day = 0;
        const bool skips = !(months_ >> day.month & 1);
        days += skips ? month_days(day.year, day.month) - day.day + 1 : 1;
        day = civil_of(days);
    }
    return std::nullopt;
}

/// What a clock that is set back shows again is not started again, unless every hour counts: where that is over, less a second.
int64_t CronSchedule::skip_repeated(int64_t after_s, const TimeZone& zone) const {
    if (any_hour_) return after_s;
    const auto change = zone.next_change(after_s - civil_day_s);
    if (!change || *change > after_s + 1) return after_s;
    return std::max(after_s, *change + zone.offset_s(*change - 1) - zone.offset_s(*change) - 1);
}

std::optional<int64_t> CronSchedule::next(int64_t after_s, const TimeZone& zone) const {
    if (every_s_ > 0) return after_s + every_s_;
    constexpr int changes_max = 3 * static_cast<int>(schedule_years_max);
    after_s = skip_repeated(after_s, zone);
    int64_t now_s = after_s;
    for (int i = 0; i <= changes_max; ++i) {
        const int64_t offset_s = zone.offset_s(now_s);
        const auto civil = next_civil(after_s + offset_s);
        if (!civil) return std::nullopt;
        const auto change = zone.next_change(now_s);
        if (!change || *civil - offset_s < *change) return *civil - offset_s;
        // What the clock leaves out, when it is set ahead, is left out.
        now_s = *change;
        after_s = skip_repeated(*change - 1, zone);
    }
    return std::nullopt;
}

/// Whether one is left grows false but once: the place is found by halves.
std::optional<int64_t> CronSchedule::last(int64_t after_s, int64_t until_s, const TimeZone& zone) const {
    auto found = next(after_s, zone);
    if (!found || *found > until_s) return std::nullopt;
    if (every_s_ > 0) return after_s + (until_s - after_s) / every_s_ * every_s_;
    for (int64_t low = after_s, high = until_s; high - low > 1;) {
        const int64_t middle = low + (high - low) / 2;
        const auto later = next(middle, zone);
        if (later && *later <= until_s) low = middle, found = later;
        else high = middle;
    }
    return found;
}

}  // namespace orilla::api
