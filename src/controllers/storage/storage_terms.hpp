// What volumes and claims are found by.
#pragma once

#include <string_view>

#include "orilla/objects/feed.hpp"

namespace orilla::controllers {

void volume_terms(const api::Object& volume, std::vector<std::string>& terms);
/// Volumes of this class that no claim has and that are kept for none.
objects::Term free_of_class(std::string_view storage_class);
/// Volumes whose claimRef names this claim, whatever uid it says.
objects::Term kept_for(std::string_view ns, std::string_view claim);
/// The volume whose data has this name on the node's disk.
objects::Term with_handle(std::string_view handle);

void claim_terms(const api::Object& claim, std::vector<std::string>& terms);
/// Claims of this class that have no volume; "" for those without a class.
objects::Term waiting_of_class(std::string_view storage_class);

}  // namespace orilla::controllers
