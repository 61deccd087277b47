// The history of a template, as StatefulSets and DaemonSets keep it: a ControllerRevision for each state, of which the one
// with the highest number is the newest. Pure.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

using RevisionPtr = std::shared_ptr<const api::ControllerRevision>;

struct AdoptRevision {
    std::string name;
    bool operator==(const AdoptRevision&) const = default;
};
struct CreateRevision {
    api::ControllerRevision object;
    bool operator==(const CreateRevision&) const = default;
};
/// A state of old is the newest again.
struct RenumberRevision {
    std::string name;
    int64_t revision = 0;
    bool operator==(const RenumberRevision&) const = default;
};
struct DeleteRevision {
    std::string name;
    bool operator==(const DeleteRevision&) const = default;
};

/// What a revision says of a template: a strategic merge patch that puts it back.
api::RawJson revision_data(const api::PodTemplateSpec& pod_template);
/// The template that a revision stands for.
Result<api::PodTemplateSpec> template_of(const api::ControllerRevision& revision);
/// The newest of those that say this, or null.
const api::ControllerRevision* find_revision(const std::vector<RevisionPtr>& revisions, const api::RawJson& data);
const api::ControllerRevision* find_revision(const std::vector<RevisionPtr>& revisions, std::string_view name);
/// One more than the highest; the first is 1.
int64_t next_number(const std::vector<RevisionPtr>& revisions);
/// Beyond `limit`, those that nobody needs: the oldest first.
std::vector<DeleteRevision> plan_old_revisions(const std::vector<RevisionPtr>& revisions, const std::set<std::string>& needed,
                                               int32_t limit);

/// The object; `hash_label` is the label that says the hash of its name.
api::ControllerRevision make_revision(const api::ObjectMeta& owner, const api::OwnerReference& reference,
                                      const api::PodTemplateSpec& pod_template, std::string_view hash_label,
                                      const std::string& hash);

}  // namespace orilla::controllers
