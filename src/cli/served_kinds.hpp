// The kinds that the server serves, as its discovery tells them: asked for when the first of them is looked up, in two
// requests, and kept for as long as the process lives. Without a server, and for a server that does not tell, they are
// those that this program knows itself.
#pragma once

#include <boost/json/array.hpp>
#include <memory>

#include "connection.hpp"
#include "orilla/kinds/registry.hpp"

namespace orilla::cli {

constexpr int64_t discovery_ms_max = 5'000;  ///< of each request; what is wrong with the server is told by what comes after

const api::KindRegistry& served_kinds();
/// Whom to ask. What was learned from another is forgotten.
void ask_kinds_of(const Connection& connection);

/// Adds what the items of an APIGroupDiscoveryList name. Of kinds that this program does not know there are names and verbs
/// alone: no rules, and the fields that every object has. Pure.
void add_discovered(api::KindRegistry& kinds, const boost::json::array& groups);

}  // namespace orilla::cli
