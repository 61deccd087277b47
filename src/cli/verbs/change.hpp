// What label and annotate decide, before they ask or change anything. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

/// KEY=VALUE sets, KEY- removes (null); everything before the first of them names objects.
struct LabelChange {
    std::vector<std::string> words;
    boost::json::object values;
};
Result<LabelChange> parse_label_change(const Options& options);

struct LabelPlan {
    bool changes = false;
    std::vector<std::string> absent;  ///< to be removed, but not there
    std::string done;                 ///< "labeled", "unlabeled", "not labeled", "annotated"
};
/// Fails for a value that is there when --overwrite is not given.
Result<LabelPlan> plan_label(const Options& options, const boost::json::object& have, const boost::json::object& values);

}  // namespace orilla::cli
