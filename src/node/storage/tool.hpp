// A program of the box that does one thing and ends. Blocks until it has.
#pragma once

#include <string>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::node {

/// What it said on stderr is the error's text. Killed when it takes longer.
Result<void> run_tool(const std::string& path, std::vector<std::string> argv, int ms_max);

}  // namespace orilla::node
