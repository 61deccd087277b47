#include "orilla/kinds/time_zone.hpp"

#include <algorithm>

#include "time_zones.hpp"

namespace orilla::api {
namespace {

constexpr int64_t day_s = 86'400;
/// POSIX allows a week either way.
constexpr int64_t change_hours_max = 167;

int64_t floor_days(int64_t unix_s) { return unix_s / day_s - (unix_s % day_s < 0); }
/// Sunday is 0.
int weekday_of(int64_t days) { return static_cast<int>(((days + 4) % 7 + 7) % 7); }

}  // namespace

int64_t days_of(const CivilDay& day) {
    // Years that begin in March have their leap day at the end.
    const int64_t year = day.year - (day.month <= 2);
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t of_era = year - era * 400;
    const int64_t of_year = (153 * (day.month + (day.month > 2 ? -3 : 9)) + 2) / 5 + day.day - 1;
    return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

CivilDay civil_of(int64_t days) {
    days += 719'468;
    const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const int64_t of_era = days - era * 146'097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int shifted = static_cast<int>((5 * of_year + 2) / 153);
    const int month = shifted < 10 ? shifted + 3 : shifted - 9;
    return {year + era * 400 + (month <= 2), month, static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1)};
}

int month_days(int64_t year, int month) {
    return static_cast<int>(days_of({month == 12 ? year + 1 : year, month % 12 + 1, 1}) - days_of({year, month, 1}));
}

// ---- rules -----------------------------------------------------------------------------------------------------------

/// In local seconds since 1970, before the offset is taken off.
int64_t TimeZone::Day::begin_s(int64_t year) const {
    const int64_t first = days_of({year, 1, 1});
    const bool leap = month_days(year, 2) == 29;
    int64_t days = first + day;
    if (form == Form::julian) days = first + day - 1 + (leap && day >= 60);
    if (form == Form::month_week) {
        const int64_t begin = days_of({year, month, 1});
        int64_t offset = (day - weekday_of(begin) + 7) % 7 + int64_t{week - 1} * 7;
        if (offset >= month_days(year, month)) offset -= 7;
        days = begin + offset;
    }
    return days * day_s + time_s;
}

int64_t TimeZone::offset_s(int64_t unix_s) const {
    if (!has_summer_) return standard_s_;
    const int64_t year = civil_of(floor_days(unix_s + standard_s_)).year;
    const int64_t begins = summer_begins_.begin_s(year) - standard_s_, ends = summer_ends_.begin_s(year) - summer_s_;
    // South of the equator it goes over the end of the year.
    const bool summer = begins < ends ? unix_s >= begins && unix_s < ends : unix_s >= begins || unix_s < ends;
    return summer ? summer_s_ : standard_s_;
}

std::optional<int64_t> TimeZone::next_change(int64_t unix_s) const {
    if (!has_summer_) return std::nullopt;
    const int64_t year = civil_of(floor_days(unix_s)).year;
    std::optional<int64_t> next;
    for (int64_t one = year - 1; one <= year + 1; ++one)
        for (const int64_t change : {summer_begins_.begin_s(one) - standard_s_, summer_ends_.begin_s(one) - summer_s_})
            if (change > unix_s && (!next || change < *next)) next = change;
    return next;
}

// ---- names -----------------------------------------------------------------------------------------------------------

std::optional<TimeZone> TimeZone::find(std::string_view name) {
    if (name.empty() || name.find(' ') != name.npos) return std::nullopt;
    for (const auto& [rule, names] : all_zone_rules()) {
        for (size_t at = names.find(name); at != names.npos; at = names.find(name, at + 1)) {
            const size_t end = at + name.size();
            if ((at == 0 || names[at - 1] == ' ') && (end == names.size() || names[end] == ' ')) return parse_posix(rule);
        }
    }
    return std::nullopt;
}

/// After the first mismatch it stays failed.
class PosixZoneReader {
  public:
    explicit PosixZoneReader(std::string_view text) : text_(text) {}

    std::optional<TimeZone> read() {
        TimeZone zone;
        name();
        zone.standard_s_ = -time(24);
        if (!failed_ && at_ < text_.size()) {
            zone.has_summer_ = true;
            name();
            zone.summer_s_ = at_ < text_.size() && text_[at_] != ',' ? -time(24) : zone.standard_s_ + 3600;
            zone.summer_begins_ = day();
            zone.summer_ends_ = day();
        }
        if (failed_ || at_ != text_.size()) return std::nullopt;
        return zone;
    }

  private:
    bool accept(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        return ++at_, true;
    }
    void expect(char c) { failed_ |= !accept(c); }

    void name() {
        const bool quoted = accept('<');
        const size_t begin = at_;
        const auto fits = [quoted](char c) {
            const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            return letter || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
        };
        while (at_ < text_.size() && fits(text_[at_])) ++at_;
        failed_ |= at_ - begin < 3;
        if (quoted) expect('>');
    }

    int64_t number(int64_t most) {
        int64_t value = 0;
        const size_t begin = at_;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && value <= most; ++at_)
            value = value * 10 + (text_[at_] - '0');
        failed_ |= at_ == begin || value > most;
        return value;
    }

    /// [+-]hh[:mm[:ss]]
    int64_t time(int64_t hours_max) {
        const bool negative = accept('-');
        if (!negative) accept('+');
        int64_t seconds = number(hours_max) * 3600;
        if (accept(':')) seconds += number(59) * 60;
        if (accept(':')) seconds += number(59);
        return negative ? -seconds : seconds;
    }

    TimeZone::Day day() {
        TimeZone::Day out;
        expect(',');
        if (accept('M')) {
            out.month = static_cast<int>(number(12));
            expect('.');
            out.week = static_cast<int>(number(5));
            expect('.');
            out.day = static_cast<int>(number(6));
            failed_ |= out.month < 1 || out.week < 1;
        } else if (accept('J')) {
            out.form = TimeZone::Day::Form::julian;
            out.day = static_cast<int>(number(365));
            failed_ |= out.day < 1;
        } else {
            out.form = TimeZone::Day::Form::ordinal;
            out.day = static_cast<int>(number(365));
        }
        if (failed_) return {};
        if (accept('/')) out.time_s = time(change_hours_max);
        return out;
    }

    std::string_view text_;
    size_t at_ = 0;
    bool failed_ = false;
};

std::optional<TimeZone> TimeZone::parse_posix(std::string_view text) { return PosixZoneReader(text).read(); }

}  // namespace orilla::api
