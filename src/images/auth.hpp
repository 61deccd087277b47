// Who we are to a registry: credentials out of image pull secrets, and challenges read. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/images/reference.hpp"

namespace orilla::images {

struct Credential {
    std::string username;
    std::string password;
    bool operator==(const Credential&) const = default;
};

/// Those of one `.dockerconfigjson` (or the older `.dockercfg`) that are meant for this image, the closest match first.
/// Hosts may have `*` labels, entries may have a path. An empty list is no error.
Result<std::vector<Credential>> find_credentials(std::string_view docker_config, const Reference& reference);

std::string basic_authorization(const Credential& credential);

struct Challenge {
    enum class Scheme { none, basic, bearer };
    Scheme scheme = Scheme::none;
    std::string realm;
    std::string service;
};
/// The strongest that we know among the WWW-Authenticate values.
Challenge parse_challenges(const std::vector<std::string>& values);

/// Whether the registry at `registry_host` may send our password to a token server at `realm_host`: itself, or one under
/// the same parent domain (registry-1.docker.io and auth.docker.io). Hosts without port.
bool shares_credentials(std::string_view registry_host, std::string_view realm_host);

}  // namespace orilla::images
