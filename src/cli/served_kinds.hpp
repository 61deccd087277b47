// The kinds that the server serves, as its discovery tells them: asked for when the first is looked up by its name, in two
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
/// By what a document says. A kind that this program knows is found without asking the server: its place in the API is
/// part of its version, and a server without it says so by itself. What is asked takes longer than an apply.
const api::KindInfo* find_kind(std::string_view api_version, std::string_view kind);
/// Whom to ask. What was learned from another is forgotten.
void ask_kinds_of(const Connection& connection);

/// Adds what the items of an APIGroupDiscoveryList name. Of kinds that this program does not know there are names and verbs
/// alone: no rules, and the fields that every object has. Pure.
void add_discovered(api::KindRegistry& kinds, const boost::json::array& groups);

}  // namespace orilla::cli
