// Whose pods a run directory holds. A daemon ends the pods that its store does not know, so one that was started by mistake
// on another data directory would end them all.
#pragma once

#include <string>

#include "orilla/base/result.hpp"

namespace orilla::wiring {

/// Notes `data_dir` in `run_dir`. `conflict` while pods of another one run there.
Result<void> claim_run_directory(const std::string& run_dir, const std::string& data_dir);

}  // namespace orilla::wiring
