#include <fmt/core.h>
#include <cstdio>
#include <optional>

#include "orilla/schema/age.hpp"
#include "orilla/schema/values.hpp"

namespace orilla::api {
namespace {

constexpr int64_t seconds_per_day = 86'400;
constexpr int64_t us_per_s = 1'000'000;

/// Days since 1970-01-01 of a day of the Gregorian calendar, counted in years that start in March so that the leap day
/// comes last.
int64_t days_from_date(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

struct Date {
    int64_t year;
    int month;
    int day;
};

Date date_from_days(int64_t days) {
    days += 719'468;
    int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    int64_t day_of_era = days - era * 146'097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted = static_cast<int>((5 * day_of_year + 2) / 153);
    int month = shifted < 10 ? shifted + 3 : shifted - 9;
    int day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
    return {year_of_era + era * 400 + (month <= 2), month, day};
}

/// Reads fixed runs of digits and separators; after the first mismatch it stays failed.
class TimeScanner {
  public:
    explicit TimeScanner(std::string_view text) : text_(text) {}
    int number(int digits, int least, int most) {
        int value = 0;
        for (int i = 0; i < digits; ++i) {
            if (at_ >= text_.size() || text_[at_] < '0' || text_[at_] > '9') return failed_ = true, least;
            value = value * 10 + (text_[at_++] - '0');
        }
        if (value < least || value > most) failed_ = true;
        return value;
    }
    void expect(char c) {
        if (!accept(c)) failed_ = true;
    }
    bool accept(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        return ++at_, true;
    }
    /// Digits after the point, as microseconds; what is below is cut off.
    int64_t fraction_us() {
        int64_t value = 0;
        int64_t unit = us_per_s;
        size_t start = at_;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
            unit /= 10;
            value += unit * (text_[at_] - '0');
        }
        if (at_ == start) failed_ = true;
        return value;
    }
    bool finished() const { return !failed_ && at_ == text_.size(); }

  private:
    std::string_view text_;
    size_t at_ = 0;
    bool failed_ = false;
};

int days_in_month(int year, int month) {
    if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int64_t scan_offset_s(TimeScanner& scan) {
    if (scan.accept('Z')) return 0;
    bool negative = scan.accept('-');
    if (!negative) scan.expect('+');
    int hours = scan.number(2, 0, 23);
    scan.expect(':');
    int minutes = scan.number(2, 0, 59);
    int64_t offset = hours * 3600 + minutes * 60;
    return negative ? -offset : offset;
}

/// Microseconds since 1970.
std::optional<int64_t> parse_rfc3339(std::string_view text) {
    constexpr size_t text_bytes_max = 64;
    if (text.size() > text_bytes_max) return {};
    TimeScanner scan(text);
    int year = scan.number(4, 0, 9999);
    scan.expect('-');
    int month = scan.number(2, 1, 12);
    scan.expect('-');
    int day = scan.number(2, 1, days_in_month(year, month));
    scan.expect('T');
    int hour = scan.number(2, 0, 23);
    scan.expect(':');
    int minute = scan.number(2, 0, 59);
    scan.expect(':');
    int second = scan.number(2, 0, 59);
    int64_t fraction = scan.accept('.') ? scan.fraction_us() : 0;
    int64_t offset = scan_offset_s(scan);
    if (!scan.finished()) return {};
    int64_t seconds = days_from_date(year, month, day) * seconds_per_day + hour * 3600 + minute * 60 + second - offset;
    return seconds * us_per_s + fraction;
}

int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0); }

/// Decimal, zero padded; writes `width` digits at `to` and returns the end.
char* put_digits(char* to, int64_t number, int width) {
    for (int i = width - 1; i >= 0; --i, number /= 10) to[i] = static_cast<char>('0' + number % 10);
    return to + width;
}

/// Written by hand: every object has several times, and printf would take a fifth of encoding them.
std::string render_seconds(int64_t unix_s) {
    int64_t days = floor_divide(unix_s, seconds_per_day);
    int64_t rest = unix_s - days * seconds_per_day;
    Date date = date_from_days(days);
    if (date.year < 0 || date.year > 9999) return date.year < 0 ? "0000-01-01T00:00:00" : "9999-12-31T23:59:59";
    std::string text = "0000-00-00T00:00:00";
    put_digits(&text[0], date.year, 4);
    put_digits(&text[5], date.month, 2);
    put_digits(&text[8], date.day, 2);
    put_digits(&text[11], rest / 3600, 2);
    put_digits(&text[14], rest / 60 % 60, 2);
    put_digits(&text[17], rest % 60, 2);
    return text;
}

Error not_a_time(std::string_view text) {
    return Error(Code::bad_request,
                 fmt::format("cannot read \"{}\" as a time: use RFC3339, such as 2006-01-02T15:04:05Z", text.substr(0, 64)));
}

std::string two_units(int64_t large, const char* large_name, int64_t small, const char* small_name) {
    return small == 0 ? fmt::format("{}{}", large, large_name) : fmt::format("{}{}{}{}", large, large_name, small, small_name);
}

}  // namespace

Result<Time> Time::parse(std::string_view rfc3339) {
    auto us = parse_rfc3339(rfc3339);
    if (!us) return not_a_time(rfc3339);
    return Time(floor_divide(*us, us_per_s));
}

std::string Time::format() const { return set ? render_seconds(unix_s) + "Z" : std::string(); }

Result<MicroTime> MicroTime::parse(std::string_view rfc3339) {
    auto us = parse_rfc3339(rfc3339);
    if (!us) return not_a_time(rfc3339);
    return MicroTime(*us);
}

std::string MicroTime::format() const {
    if (!set) return {};
    int64_t seconds = floor_divide(unix_us, us_per_s);
    return fmt::format("{}.{:06}Z", render_seconds(seconds), unix_us - seconds * us_per_s);
}

std::string render_duration(int64_t seconds) {
    constexpr int64_t minute = 60, hour = 60 * minute, day = 24 * hour, year = 365 * day;
    // A clock that differs by a second between two machines is not an error worth showing.
    if (seconds < -1) return "<invalid>";
    if (seconds < 0) return "0s";
    if (seconds < 2 * minute) return std::to_string(seconds) + "s";
    if (seconds < 10 * minute) return two_units(seconds / minute, "m", seconds % minute, "s");
    if (seconds < 3 * hour) return std::to_string(seconds / minute) + "m";
    if (seconds < 8 * hour) return two_units(seconds / hour, "h", seconds / minute % 60, "m");
    if (seconds < 2 * day) return std::to_string(seconds / hour) + "h";
    if (seconds < 8 * day) return two_units(seconds / day, "d", seconds / hour % 24, "h");
    if (seconds < 2 * year) return std::to_string(seconds / day) + "d";
    if (seconds < 8 * year) return two_units(seconds / year, "y", seconds / day % 365, "d");
    return std::to_string(seconds / year) + "y";
}

std::string render_age(Time since, int64_t now_unix_s) {
    return since ? render_duration(now_unix_s - since.unix_s) : "<unknown>";
}

std::string render_age(MicroTime since, int64_t now_unix_s) {
    return since ? render_duration(now_unix_s - floor_divide(since.unix_us, us_per_s)) : "<unknown>";
}

}  // namespace orilla::api
