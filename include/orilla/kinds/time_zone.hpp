// What time it is elsewhere: one standard time, and summer time between two days of the year, by the rules that hold now.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace orilla::api {

class TimeZone {
  public:
    /// UTC.
    TimeZone() = default;
    /// By its IANA name, to the letter.
    static std::optional<TimeZone> find(std::string_view name);
    /// A TZ of POSIX with explicit rules: CET-1CEST,M3.5.0,M10.5.0/3, <+03>-3.
    static std::optional<TimeZone> parse_posix(std::string_view text);

    /// Seconds east of Greenwich.
    int64_t offset_s(int64_t unix_s) const;
    /// The next moment, later than this one, at which the offset changes.
    std::optional<int64_t> next_change(int64_t unix_s) const;

  private:
    struct Day {
        enum class Form : uint8_t { month_week, julian, ordinal } form = Form::month_week;
        int month = 1, week = 1, day = 0;  ///< or the day of the year alone
        int64_t time_s = 7200;
        int64_t begin_s(int64_t year) const;
    };
    friend class PosixZoneReader;
    int64_t standard_s_ = 0, summer_s_ = 0;
    bool has_summer_ = false;
    Day summer_begins_, summer_ends_;
};

/// A day of the Gregorian calendar and its number since 1970.
struct CivilDay {
    int64_t year = 1970;
    int month = 1, day = 1;
};
int64_t days_of(const CivilDay& day);
CivilDay civil_of(int64_t days);
int month_days(int64_t year, int month);

}  // namespace orilla::api
