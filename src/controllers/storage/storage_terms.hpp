// What volumes and claims are found by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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
/// Claims that have no volume yet and begin with a copy of this claim or VolumeSnapshot, by its kind.
objects::Term beginning_with(std::string_view kind, std::string_view ns, std::string_view name);

void snapshot_terms(const api::Object& snapshot, std::vector<std::string>& terms);
/// VolumeSnapshots that are to be taken of this claim, and are not ready.
objects::Term taken_of(std::string_view ns, std::string_view claim);

void content_terms(const api::Object& content, std::vector<std::string>& terms);
/// The VolumeSnapshotContent whose data has this name on the node's disk.
objects::Term with_snapshot(std::string_view handle);

}  // namespace orilla::controllers
