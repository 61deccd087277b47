// What a deletion says to the server.
#pragma once

#include <string>

#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

/// The DeleteOptions that the flags mean. Pure.
Result<std::string> plan_delete_body(const Options& options);

}  // namespace orilla::cli
