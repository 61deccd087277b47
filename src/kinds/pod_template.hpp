// What kinds share that make pods from a template.
#pragma once

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {

std::string selector_json(const Box<LabelSelector>& selector);
/// The selector must select what the template makes, or replicas would be made for ever.
void check_selector(const Box<LabelSelector>& selector, const Map<Str>& labels, std::string_view kind, FieldErrors& errors);
void check_selector_update(const Box<LabelSelector>& updated, const Box<LabelSelector>& old, FieldErrors& errors);
void check_template(const PodTemplateSpec& pods, std::string_view kind, FieldErrors& errors);

}  // namespace orilla::api
