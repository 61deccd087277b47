// Texts that the rows of several kinds share.
#pragma once

#include "orilla/kinds/table.hpp"
#include "orilla/schema/age.hpp"

namespace orilla::api {

/// What kubectl shows where there is nothing.
inline constexpr std::string_view nothing_text = "<none>";
/// ... where nothing was said.
inline constexpr std::string_view unset_text = "<unset>";

std::string or_none(std::string_view text);
/// `k=v,k2=v2`, or <none>.
std::string labels_text(const Map<Str>& labels);
std::string selector_text(const Box<LabelSelector>& selector);
std::string container_names_text(const PodSpec& spec);
std::string container_images_text(const PodSpec& spec);
/// At most three, then how many more there are; `nothing` when there are none.
std::string first_three_text(const std::vector<std::string>& items, std::string_view nothing);
std::string join_text(const std::vector<std::string>& items);

}  // namespace orilla::api
