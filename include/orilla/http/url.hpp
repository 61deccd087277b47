// Where a client asks: a URL taken apart, and what leads from one to the next. Pure.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::http {

struct Url {
    bool tls = false;
    std::string host;  ///< an address; names are not looked up
    int port = 80;
    std::string target = "/";  ///< path and query
    bool operator==(const Url&) const = default;
};

/// http://10.42.0.5:8080/healthz
std::string render_url(const Url& url);
/// A path that somebody names, as it can stand in a request: "healthz" is "/healthz".
std::string render_target(std::string_view path);
/// Where a Location leads that `from` answered with.
Result<Url> resolve_location(const Url& from, std::string_view location);
/// Whether it says where on its own, with host and scheme.
bool is_absolute_location(std::string_view location);

}  // namespace orilla::http
