// apply --prune: what was applied once and stands in no manifest any more.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "client.hpp"
#include "manifests.hpp"
#include "options.hpp"

namespace orilla::cli {

/// Before anything is applied: --prune needs to be told what it may take, by -l or --all, and kinds that are served.
Result<void> check_prune(const Options& options);
/// The kinds it looks at: those of --prune-allowlist, else kubectl's. Those of kubectl's that are not served have no objects;
/// cluster-scoped ones are left alone where -n says that the command is about one namespace.
Result<std::vector<const api::KindInfo*>> find_prunable_kinds(const Options& options);
/// Of a list what goes: it was applied, and no manifest names it. Pure.
std::vector<Target> plan_prune(const api::KindInfo& kind, const boost::json::object& list,
                               const std::vector<Manifest>& manifests);
/// What goes of all kinds, in the namespaces that the manifests are for.
Result<std::vector<Target>> find_prunable(Client& client, const Options& options, const std::vector<Manifest>& manifests);

}  // namespace orilla::cli
