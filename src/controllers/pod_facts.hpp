// Small questions about pods and owners that several controllers ask.
#pragma once

#include <string_view>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

/// Not ended, not being deleted.
bool is_active(const api::Pod& pod);
bool is_ready(const api::Pod& pod);
/// Ready for at least `min_ready_s`. When it will be so later, `*again_after_s` (if given) is lowered to that time.
bool is_available(const api::Pod& pod, int32_t min_ready_s, int64_t now_s, int64_t* again_after_s = nullptr);
/// The ownerReference with controller: true, or null.
const api::OwnerReference* find_controller(const api::ObjectMeta& meta);
bool is_controlled_by(const api::ObjectMeta& meta, std::string_view owner_uid);
api::OwnerReference make_controller_reference(std::string_view api_version, std::string_view kind,
                                              const api::ObjectMeta& owner);

/// Whether a LabelSelector selects these labels; a bad or absent one selects nothing.
bool selects(const api::Box<api::LabelSelector>& selector, const api::Map<api::Str>& labels);

}  // namespace orilla::controllers
