// What taint decides, before it asks or changes anything. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

struct TaintWord {
    std::string key, value, effect;
    bool operator==(const TaintWord&) const = default;
};

/// KEY=VALUE:EFFECT and KEY:EFFECT add, KEY:EFFECT- and KEY- remove; everything before the first of them names nodes.
struct TaintChange {
    std::vector<std::string> words;
    std::vector<TaintWord> added, removed;
};
Result<TaintChange> parse_taint_change(const Options& options);

struct TaintPlan {
    boost::json::array taints;
    std::string done;  ///< "tainted", "untainted", "modified"
};
/// Fails for a taint that is there when --overwrite is not given, and for one to be removed that is not.
Result<TaintPlan> plan_taints(const Options& options, const boost::json::object& node, const TaintChange& change);

}  // namespace orilla::cli
