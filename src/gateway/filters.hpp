// What a rule does with a request besides sending it on: which filters there are, and what each makes of headers, path and
// query. Pure; what is random is handed in. Names that frame or route a message (Host, Content-Length, Connection ...) are
// never changed by filters: the connection says those.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/gateway/routes.hpp"
#include "orilla/http/message.hpp"

namespace orilla::gateway {

/// The filters of a rule and then of the share, by what they are; they live as long as those. An answer without a backend
/// (`respond`, `redirect`) is given before anything else, whichever comes first.
struct FilterPlan {
    std::vector<const HeaderChange*> request, response;
    const Respond* respond = nullptr;
    const Redirect* redirect = nullptr;
    const Rewrite* rewrite = nullptr;
    const Cors* cors = nullptr;
    std::vector<const Mirror*> mirrors;
};
/// `share` may be null.
FilterPlan plan_filters(const Rule& rule, const Share* share);

/// By weight; null when no share has any: 500. `random` is any number, evenly spread.
const Share* choose_share(const std::vector<Share>& shares, uint64_t random);
bool is_mirrored(const Mirror& mirror, uint64_t random);

/// Of a request or an answer. What is put in shows into `change`.
void change_headers(const HeaderChange& change, std::vector<http::HeaderView>* headers);

/// How a request came in.
struct RequestPlace {
    std::string_view scheme;  ///< "http", "https"
    std::string_view host;    ///< in normal form, without port
    uint16_t port = 0;        ///< the listener's
    std::string_view path;    ///< in normal form
    std::string_view query;
    size_t prefix_bytes = 0;  ///< of the path (RouteFound)
};
std::string render_location(const Redirect& redirect, const RequestPlace& place);
/// Path and query as the backend gets them.
std::string render_changed_target(const PathChange& change, const RequestPlace& place);

struct CorsPlan {
    bool is_preflight = false;  ///< answered with 204 and the headers, without the backend
    /// Instead of what the answer has of those names.
    std::vector<std::pair<std::string, std::string>> headers;
};
/// Nothing for a request that is none of another origin's. For an origin that is not allowed no headers are given.
std::optional<CorsPlan> plan_cors(const Cors& cors, std::string_view method, const std::vector<http::HeaderView>& headers);
/// A header that says what other origins may: of a backend behind a Cors filter they are left out.
bool is_cors_header(std::string_view name);

}  // namespace orilla::gateway
