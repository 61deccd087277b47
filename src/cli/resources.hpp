// From what a person types (`pods`, `po/web`, `deploy,svc`, `all`) to kinds, names and paths of the API.
#pragma once

#include <string>
#include <vector>

#include "options.hpp"
#include "orilla/api/kinds.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

struct Target {
    const api::KindInfo* kind = nullptr;
    std::string name;  ///< empty: the collection
};

/// `TYPE [NAME...]`, `TYPE/NAME ...`, `TYPE,TYPE`, `all`. kubectl's words for what is unknown.
Result<std::vector<Target>> parse_targets(const std::vector<std::string>& args);
/// /apis/apps/v1/namespaces/NS/deployments[/NAME]; all namespaces when `ns` is empty.
std::string path_of(const api::KindInfo& kind, const std::string& ns, const std::string& name = {});
/// "deployment.apps/web", "pod/web": what -o name prints.
std::string display_name(const api::KindInfo& kind, const std::string& name);
/// The namespace in the path: empty for cluster-scoped kinds and with -A.
std::string namespace_for(const api::KindInfo& kind, const Options& options);
/// "?labelSelector=...&fieldSelector=..." as far as given, with `extra` ("watch=true") added.
std::string list_query(const Options& options, const std::string& extra = {});

}  // namespace orilla::cli
