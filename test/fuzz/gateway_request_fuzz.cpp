// What a client's request says of where it wants to go: host, path and query, a header's value, and a pattern that they are
// matched by. A normal form is its own; an expression is answered in bounded time.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "input.hpp"
#include "normal_form.hpp"
#include "regex.hpp"
#include "route_table.hpp"

using namespace orilla;
using namespace orilla::gateway;

namespace {

/// Parts of it are there before and after; the paths are the request's own, so that they are met.
RouteTable table_of(std::string_view path, std::string_view pattern) {
    Change change;
    change.listeners = {Listener{"ingress/80", 80}};
    Route route;
    route.key = route.name = "r";
    route.listeners = {"ingress/80"};
    for (const auto type : {PathMatch::Type::exact, PathMatch::Type::prefix, PathMatch::Type::regex}) {
        Match match;
        match.path = {type, std::string(type == PathMatch::Type::regex ? pattern : path.substr(0, path.size() / 2))};
        match.query = {{"q", std::string(pattern), type == PathMatch::Type::regex}};
        route.rules.push_back(Rule{{match}});
    }
    route.rules.push_back(Rule{});
    change.routes = {route};
    RouteTable table;
    table.apply(change);
    return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Input input(data, size);
    const std::string_view authority = input.line(), path = input.line(), query = input.line(), value = input.line();
    const std::string_view pattern = input.rest();
    HostBuffer buffer, again;
    const auto host = normal_host(authority, buffer);
    if (host && normal_host(*host, again) != host) std::abort();
    std::string scratch, more;
    const auto normal = normal_path(path, &scratch);
    if (normal && normal_path(*normal, &more) != normal) std::abort();
    if (normal && (normal->find("/../") != normal->npos || normal->find("/./") != normal->npos)) std::abort();
    if (const auto regex = Regex::parse(pattern)) regex->fits(value);
    if (!host || !normal) return 0;
    const http::HeaderView header{"x", value};
    const RequestFacts facts{80, false, {}, *host, "GET", *normal, query, {&header, 1}};
    const RouteFound found = table_of(*normal, pattern).find(facts);
    if (found.outcome != RouteFound::Outcome::rule || found.prefix_bytes > normal->size()) std::abort();
    return 0;
}
