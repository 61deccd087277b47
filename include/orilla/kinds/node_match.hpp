// Whether a node is one that a pod, a volume or a DaemonSet asks for: labels, affinity, taints. Pure.
#pragma once

#include <span>
#include <string_view>

#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// core/v1 Toleration; an empty effect tolerates all effects, an empty key with Exists all taints.
bool tolerates(const Toleration& toleration, const Taint& taint);
/// The first taint with one of these effects that nothing tolerates; null when there is none.
const Taint* find_untolerated(const Node& node, const List<Toleration>& tolerations, std::span<const std::string_view> effects);

/// Terms are alternatives, the requirements of one hold together; a term without any matches nothing. What cannot be compared
/// (Gt of no number) does not match.
bool matches(const NodeSelector& selector, const Node& node);
/// spec.nodeSelector and the required node affinity.
bool asks_for_node(const PodSpec& spec, const Node& node);

}  // namespace orilla::api
