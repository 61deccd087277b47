// The box's own time zone, for CronJobs that name none.
#pragma once

#include <string>

#include "orilla/kinds/time_zone.hpp"

namespace orilla::wiring {

/// What TZ says (null: it is not set), else the rule at the end of `localtime`, as tzdata writes it, else UTC.
api::TimeZone find_local_zone(const char* tz, const std::string& localtime = "/etc/localtime");

}  // namespace orilla::wiring
