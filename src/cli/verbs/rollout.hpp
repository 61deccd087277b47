// What `rollout` says and chooses, whatever the kind. Pure.
#pragma once

#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/kinds.hpp"
#include "rollout/kind_rollout.hpp"

namespace orilla::cli {

/// `history` is sorted by revision; 0 is the one before the last. `no_history`: what is said when there is none.
Result<const Revision*> find_revision(const std::vector<Revision>& history, int64_t revision, const std::string& no_history);
std::string render_history(const std::vector<Revision>& history);
/// Whether `rollout WHAT` is for this kind: status, history, undo, restart, pause or resume.
bool has_rollout(const api::KindInfo& kind, std::string_view what);
/// kubectl's words for a kind for which it is not.
Error refuse_kind(const std::string& what, const api::KindInfo& kind, const std::string& name);

}  // namespace orilla::cli
