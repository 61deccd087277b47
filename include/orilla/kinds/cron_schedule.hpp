// When a CronJob starts: five fields as crontab has them, or a macro. Pure. It refuses what Kubernetes refuses, in its words.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/kinds/time_zone.hpp"

namespace orilla::api {

/// No later match is looked for: 30 February never comes.
inline constexpr int64_t schedule_years_max = 5;

class CronSchedule {
  public:
    static Result<CronSchedule> parse(std::string_view text);

    /// The first start after this moment. Nothing when there is none in the coming years.
    std::optional<int64_t> next(int64_t after_s, const TimeZone& zone) const;
    /// The last start after `after_s` and not after `until_s`.
    std::optional<int64_t> last(int64_t after_s, int64_t until_s, const TimeZone& zone) const;

  private:
    friend class CronReader;
    bool fits_day(const CivilDay& day, int64_t days) const;
    int64_t skip_repeated(int64_t after_s, const TimeZone& zone) const;
    std::optional<int64_t> next_civil(int64_t after_s) const;

    uint64_t minutes_ = 0;
    uint32_t hours_ = 0, month_days_ = 0, months_ = 0, weekdays_ = 0;
    bool any_hour_ = false, any_month_day_ = false, any_weekday_ = false;
    int64_t every_s_ = 0;  ///< @every: nothing else counts
};

}  // namespace orilla::api
