// The HorizontalPodAutoscaler that `autoscale` makes. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "options.hpp"
#include "orilla/base/result.hpp"
#include "resources.hpp"

namespace orilla::cli {

Result<boost::json::object> make_autoscaler(const Options& options, const Target& target);

}  // namespace orilla::cli
