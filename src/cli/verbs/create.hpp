// The objects that `create KIND NAME` makes from its flags.
#pragma once

#include <boost/json/object.hpp>

#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

/// For options.verb "create configmap" and the like. Reads the files that the flags name, nothing else.
Result<boost::json::object> make_generated(const Options& options);
/// For "create secret generic", "tls" and "docker-registry".
Result<boost::json::object> make_secret(const Options& options, boost::json::object metadata);

}  // namespace orilla::cli
