// Of Endpoints and EndpointSlices: addresses that traffic is sent to.
#pragma once

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {

/// Refuses an address that nothing can be reached at from elsewhere.
void check_reach(std::string_view address, const Path& path, FieldErrors& errors);

}  // namespace orilla::api
