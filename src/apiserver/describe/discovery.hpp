// What this server serves, told in the three ways that clients ask: the legacy lists, the aggregated list and /version.
// Everything is rendered from the registry of kinds when asked for; nothing that is not served is named.
#pragma once

#include <string>
#include <string_view>

#include "orilla/apiserver/server.hpp"
#include "orilla/kinds/registry.hpp"
#include "request/negotiation.hpp"

namespace orilla::apiserver {

/// GET /api; `address` is HOST:PORT of the server for serverAddressByClientCIDRs.
std::string render_api_versions(std::string_view address);
/// GET /apis.
std::string render_api_group_list(const api::KindRegistry& kinds);
/// GET /apis/GROUP; empty when there is no such group.
std::string render_api_group(const api::KindRegistry& kinds, std::string_view group);
/// GET /api/v1 and /apis/GROUP/VERSION; empty when there is no such version.
std::string render_api_resource_list(const api::KindRegistry& kinds, std::string_view group, std::string_view version);
/// GET /api (`core`) and /apis in the aggregated form.
std::string render_aggregated_discovery(const api::KindRegistry& kinds, bool core, Form form);
/// GET /version.
std::string render_version(const BuildInfo& build);

}  // namespace orilla::apiserver
