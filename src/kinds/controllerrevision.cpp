// ControllerRevisions.
#include "checks.hpp"
#include "orilla/base/text.hpp"
#include "orilla/kinds/owners.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_revision(const ControllerRevision& revision, FieldErrors& errors) {
    const Path data("data"), number("revision");
    if (revision.data.empty()) errors.required(data, "data is mandatory");
    else if (!revision.data.text.view().starts_with('{')) errors.invalid_json(data, revision.data.text, "must be an object");
    check_not_negative(revision.revision, number, errors);
}

void check_revision_update(const ControllerRevision& updated, const ControllerRevision& old, FieldErrors& errors) {
    const Path data("data");
    if (!(updated.data == old.data)) errors.invalid_json(data, updated.data.text, "field is immutable");
}

/// "statefulset.apps/web"
std::string controller_text(const ObjectMeta& meta) {
    const OwnerReference* owner = find_controller(meta);
    if (!owner) return std::string(nothing_text);
    const std::string_view version = owner->api_version;
    const size_t slash = version.find('/');
    const std::string group = slash == std::string_view::npos ? "" : "." + std::string(version.substr(0, slash));
    return lowered(owner->kind) + group + "/" + owner->name.str();
}

Row render_revision(const ControllerRevision& revision, int64_t now) {
    return {revision.metadata.name.view(), controller_text(revision.metadata), revision.revision,
            render_age(revision.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules controller_revision_rules = {
    .check = checked<ControllerRevision, check_revision>,
    .check_update = checked_update<ControllerRevision, check_revision_update>,
    .row = rendered<ControllerRevision, render_revision>,
};

}  // namespace orilla::api
