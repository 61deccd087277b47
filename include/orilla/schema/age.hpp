// How long something is ago, as kubectl says it: 45s, 5m, 3h12m, 2d3h, 41d, 2y30d.
#pragma once

#include <cstdint>
#include <string>

#include "orilla/schema/values.hpp"

namespace orilla::api {

std::string render_duration(int64_t seconds);
/// "<unknown>" when the time is absent.
std::string render_age(Time since, int64_t now_unix_s);
std::string render_age(MicroTime since, int64_t now_unix_s);

}  // namespace orilla::api
