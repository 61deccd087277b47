// What both versions of HorizontalPodAutoscaler know.
#pragma once

#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// The metric of who names none, or says no more than a percentage.
MetricSpec cpu_utilization(int32_t percent);

}  // namespace orilla::api
