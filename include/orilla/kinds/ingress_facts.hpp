// Small questions about Ingresses and their classes that admission and the proxy ask.
#pragma once

#include <string_view>

#include "orilla/kinds/default_class.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

/// The class of an Ingress, the older annotation where the field says nothing; "" for none.
std::string_view class_of(const Ingress& ingress);
bool is_default_class(const IngressClass& ingress_class);
/// The gateway that is built in serves it.
bool is_ours(const IngressClass& ingress_class);
/// The path type, and the path as it is matched.
bool is_exact(const HTTPIngressPath& path);
std::string_view path_of(const HTTPIngressPath& path);

}  // namespace orilla::api
