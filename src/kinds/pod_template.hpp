// What kinds share that make pods from a template.
#pragma once

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {

std::string labels_json(const Map<Str>& labels);
std::string selector_json(const Box<LabelSelector>& selector);
/// The selector must select what the template makes, or replicas would be made for ever.
void check_selector(const Box<LabelSelector>& selector, const Map<Str>& labels, std::string_view kind, FieldErrors& errors);
void check_selector_update(const Box<LabelSelector>& updated, const Box<LabelSelector>& old, FieldErrors& errors);
/// The template of what runs for ever; the kind's name is for the message.
void check_template(const PodTemplateSpec& pods, std::string_view kind, FieldErrors& errors);
/// Labels, annotations and the pod, whatever its restart policy.
void check_template_parts(const PodTemplateSpec& pods, const Path& path, FieldErrors& errors);
/// A number of pods or a percentage of the replicas.
void check_share(const IntOrString& share, bool at_most_all, const Path& path, FieldErrors& errors);
std::string share_json(const IntOrString& share);
/// 0 or 0%.
bool is_nothing(const IntOrString& share);

}  // namespace orilla::api
