// The conditional defaults of each kind, for apply_defaults() to choose from. They run after the declared ones.
#pragma once

#include "orilla/kinds/types.hpp"

namespace orilla::api {

void apply_conditional_defaults(Pod& pod);
void apply_conditional_defaults(PodSpec& spec);  ///< what pods and templates share
void apply_conditional_defaults(Service& service);
/// stringData is for writing only: its text goes into data, over equal keys, and is never stored or shown.
void apply_conditional_defaults(Secret& secret);
void apply_conditional_defaults(Namespace& ns);
void apply_conditional_defaults(Node& node);
void apply_conditional_defaults(Deployment& deployment);
void apply_conditional_defaults(ReplicaSet& replica_set);

}  // namespace orilla::api
