// The end of a Namespace: its workloads and pods go first, then everything else that is in it, then its finalizer, and with
// that the Namespace. Decides only.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/kinds.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

/// What there still is of one kind.
struct Content {
    api::KindRef kind;
    size_t count = 0;                                        ///< all
    size_t not_deleted = 0;                                  ///< without deletionTimestamp
    std::vector<std::pair<std::string, size_t>> finalizers;  ///< that are waited for, and on how many objects
};

/// Deletes everything of one kind.
struct DeleteContent {
    api::KindRef kind;
    bool operator==(const DeleteContent&) const = default;
};
struct Finalize {
    bool operator==(const Finalize&) const = default;
};
using NamespaceAction = std::variant<DeleteContent, Finalize>;

std::vector<NamespaceAction> plan_namespace(const api::Namespace& desired, const std::vector<Content>& seen);
api::NamespaceStatus summarise_namespace(const api::Namespace& desired, const std::vector<Content>& seen,
                                         const std::string& failure, int64_t now_s);

}  // namespace orilla::controllers
