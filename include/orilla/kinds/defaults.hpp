// Defaulting: gives absent fields the values that the reference server gives them, before validation and storing.
// Simple defaults are data (default= in the schema); those with a condition are in the rules of each kind. Applying twice
// changes nothing more.
#pragma once

#include "orilla/kinds/object.hpp"

namespace orilla::api {

void apply_defaults(Object& object);
/// Only what the schema declares, in `value` and everything inside.
void apply_declared_defaults(const TypeInfo& type, void* value);

/// BestEffort, Burstable or Guaranteed, as the kubelet classes pods.
std::string_view qos_class(const PodSpec& spec);

/// For the container's pull policy and the kubelet's: Always for no tag and :latest, otherwise IfNotPresent.
std::string_view default_image_pull_policy(std::string_view image);

}  // namespace orilla::api
