// The terms under which the controllers find objects in a objects::TermIndex, instead of listing a namespace.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/kinds/object.hpp"

namespace orilla::controllers {

/// What the object with this uid controls.
std::string owned_by(std::string_view uid);
/// What nobody controls.
std::string orphans_in(std::string_view ns);
std::string labelled(std::string_view ns, std::string_view key, std::string_view value);

/// Services whose selector asks for this label first.
std::string selecting(std::string_view ns, std::string_view key, std::string_view value);
/// EndpointSlices of this Service.
std::string slices_of(std::string_view ns, std::string_view service);

/// By its controller.
void owner_terms(const api::Object& object, std::vector<std::string>& terms);
void label_terms(const api::Object& object, std::vector<std::string>& terms);
void owner_and_label_terms(const api::Object& object, std::vector<std::string>& terms);
void selector_terms(const api::Object& service, std::vector<std::string>& terms);
void slice_terms(const api::Object& slice, std::vector<std::string>& terms);

}  // namespace orilla::controllers
