// Routes in few words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "orilla/gateway/routes.hpp"

namespace orilla::gateway::test {

inline Match match_path(PathMatch::Type type, std::string value) {
    Match out;
    out.path = {type, std::move(value)};
    return out;
}
inline Match match_exact(std::string path) { return match_path(PathMatch::Type::exact, std::move(path)); }
inline Match match_prefix(std::string path) { return match_path(PathMatch::Type::prefix, std::move(path)); }
inline Match match_regex(std::string path) { return match_path(PathMatch::Type::regex, std::move(path)); }

inline Rule rule_to(std::string backend, std::vector<Match> matches) {
    Rule out;
    out.matches = std::move(matches);
    out.shares = {Share{std::move(backend)}};
    return out;
}
/// On the listener of the Ingresses at port 80.
inline Route route(std::string key, std::vector<HostPattern> hosts, std::vector<Rule> rules) {
    Route out;
    out.key = std::move(key);
    out.listeners = {"ingress/80"};
    out.hosts = std::move(hosts);
    out.rules = std::move(rules);
    out.name = out.key;
    return out;
}

}  // namespace orilla::gateway::test
