// Targets that take the server or the disk to find: those of -f, and the members of collections.
#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "client.hpp"
#include "options.hpp"
#include "resources.hpp"

namespace orilla::cli {

/// What -f or the words name; `words` and -f together are an error.
Result<std::vector<Target>> find_targets(const Options& options, const std::vector<std::string>& words);
/// The object, or the list, of one target.
Result<boost::json::object> fetch(Client& client, const Options& options, const Target& target);
/// Collections become their members; named targets stay as they are.
Result<std::vector<Target>> expand(Client& client, const Options& options, const std::vector<Target>& targets);
/// "deployment.apps/web scaled", or the object as -o wants it.
Result<void> print_done(const Options& options, const Target& target, const std::string& done,
                        const boost::json::object& object);

}  // namespace orilla::cli
