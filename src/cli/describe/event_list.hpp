// What `events` and `describe` show of Events. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace orilla::cli {

/// Oldest first, by when they were seen last.
std::vector<boost::json::object> sort_events(const boost::json::array& items);
/// "5m", "3m (x4 over 1h)".
std::string event_age(const boost::json::object& event, int64_t now_unix_s);

}  // namespace orilla::cli
