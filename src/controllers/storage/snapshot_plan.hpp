// What is next for a VolumeSnapshot and for the content behind it, as pure decisions. The content comes first, then its data,
// which is named by it, then what both say: a crash between two of them is overcome by doing the same again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "storage/claim_plan.hpp"

namespace orilla::controllers {

using SnapshotPtr = std::shared_ptr<const api::VolumeSnapshot>;
using ContentPtr = std::shared_ptr<const api::VolumeSnapshotContent>;
using SnapshotClassPtr = std::shared_ptr<const api::VolumeSnapshotClass>;

/// What stands around a VolumeSnapshot.
struct SnapshotSeen {
    ContentPtr content;  ///< that it names, or that would be made for it
    ClaimPtr claim;      ///< that it is taken of
    VolumePtr volume;    ///< of the claim
    SnapshotClassPtr snapshot_class;
    std::vector<std::string> defaults;  ///< the default classes of orilla.dev/local
    bool is_restored = false;           ///< a claim that has no volume yet begins with it
    bool claim_is_copied = false;       ///< by another one, which is not ready
};

struct SetSnapshotClass {
    std::string name;
    bool operator==(const SetSnapshotClass&) const = default;
};
/// The claim is protected before.
struct MakeContent {
    bool operator==(const MakeContent&) const = default;
};
/// A content that was there before learns whose it is.
struct BindContent {
    bool operator==(const BindContent&) const = default;
};
/// It says what its content says.
struct FollowContent {
    bool operator==(const FollowContent&) const = default;
};
/// An event and a status; tried again.
struct FailSnapshot {
    std::string reason, message;
    bool operator==(const FailSnapshot&) const = default;
};
struct TellSnapshot {
    std::string reason, message;
    bool operator==(const TellSnapshot&) const = default;
};
struct DropContent {
    bool operator==(const DropContent&) const = default;
};
/// Nobody copies it any more.
struct ReleaseClaim {
    bool operator==(const ReleaseClaim&) const = default;
};
struct UnprotectSnapshot {
    bool operator==(const UnprotectSnapshot&) const = default;
};
using SnapshotAction = std::variant<SetSnapshotClass, MakeContent, BindContent, FollowContent, FailSnapshot, TellSnapshot,
                                    DropContent, ReleaseClaim, UnprotectSnapshot>;

std::vector<SnapshotAction> plan_snapshot(const api::VolumeSnapshot& snapshot, const SnapshotSeen& seen);

/// What is to be done with the data of a content.
enum class ContentStep {
    nothing,
    take,       ///< copied from its volume
    find,       ///< it is said to be there
    remove,     ///< with the object
    unprotect,  ///< the object goes, the data stays
    go,         ///< its VolumeSnapshot has gone
};
/// `snapshot` is the one that it names, whatever uid that has; null when there is none.
ContentStep plan_content(const api::VolumeSnapshotContent& content, const api::VolumeSnapshot* snapshot);

/// snapcontent-UID, as every snapshot controller calls it.
std::string content_name(const api::VolumeSnapshot& snapshot);
api::VolumeSnapshotContent make_content(const api::VolumeSnapshot& snapshot, const SnapshotSeen& seen);
/// The name of its data on the node's disk, before it is there too.
std::string snapshot_handle(const api::VolumeSnapshotContent& content);
/// Bound to this one, and to no earlier one of its name.
bool belongs_to(const api::VolumeSnapshotContent& content, const api::VolumeSnapshot& snapshot);
bool is_default_snapshot_class(const api::VolumeSnapshotClass& snapshot_class);

api::VolumeSnapshotStatus summarise_snapshot(const api::VolumeSnapshot& snapshot, const api::VolumeSnapshotContent& content);
/// False when it is said already.
bool write_snapshot_error(api::Box<api::VolumeSnapshotError>& error, std::string_view message, int64_t now_s);

}  // namespace orilla::controllers
