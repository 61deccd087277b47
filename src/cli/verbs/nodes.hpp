// What cordon, uncordon and drain have in common: the nodes that they are told.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "client.hpp"
#include "options.hpp"
#include "resources.hpp"

namespace orilla::cli {

struct NamedNode {
    Target target;
    boost::json::object object;
};

/// Those of the words, or of --selector.
Result<std::vector<NamedNode>> find_nodes(Client& client, const Options& options);
/// Sets spec.unschedulable where it is not so, and tells; what fails is told, and the others go on.
Result<void> mark_nodes(Client& client, const Options& options, const std::vector<NamedNode>& nodes, bool unschedulable);

}  // namespace orilla::cli
