// What `top` prints of lists of metrics. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <string>

#include "options.hpp"

namespace orilla::cli {

/// Of PodMetrics.
std::string render_top_pods(const Options& options, const boost::json::array& metrics);
/// Of NodeMetrics, and of the Nodes that they are about: one without metrics comes last.
std::string render_top_nodes(const Options& options, const boost::json::array& metrics, const boost::json::array& nodes);

}  // namespace orilla::cli
