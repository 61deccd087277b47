// Which logs `logs` asks for, and how. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::cli {

struct LogSource {
    std::string pod, container;
    bool operator==(const LogSource&) const = default;
};
/// The containers of these pods that the flags mean; `note` gets a line where one was chosen among several.
Result<std::vector<LogSource>> plan_logs(const Options& options, const boost::json::array& pods, std::string* note);
/// "?container=web&tailLines=5": fails for a --since that is no duration.
Result<std::string> log_query(const Options& options, const std::string& container);
/// Whether `logs TYPE/NAME` has pods to look at: those that it makes, or a Service's.
bool selects_pods(const api::KindInfo& kind);

}  // namespace orilla::cli
