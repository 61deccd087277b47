// What descriptions of claims and volumes share.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>

namespace orilla::cli {

/// "RWO,ROX"
std::string short_modes(const boost::json::array& modes);
/// "Terminating (lasts ...)" while it is being deleted.
std::string phase_text(const boost::json::object& object);
/// [a b]
std::string finalizers_text(const boost::json::object& object);

}  // namespace orilla::cli
