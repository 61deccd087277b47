// Namespaces.
#include <algorithm>

#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void complete_namespace(Namespace& ns) {
    if (!ns.metadata.name.empty()) ns.metadata.labels[namespace_name_label] = ns.metadata.name;
}

void check_namespace(const Namespace& ns, FieldErrors& errors) {
    const Path spec("spec");
    const Path finalizers = spec / "finalizers";
    for (size_t i = 0; i < ns.spec.finalizers.size(); ++i)
        errors.complain(finalizers[i], ns.spec.finalizers[i], check_qualified_name(ns.spec.finalizers[i]));
}

Row render_namespace(const Namespace& ns, int64_t now) {
    return {ns.metadata.name.view(), ns.status.phase.view(), render_age(ns.metadata.creation_timestamp, now)};
}

void hold_namespace(Object& object) {
    Namespace& ns = object.as<Namespace>();
    complete_namespace(ns);
    ns.status.phase = "Active";
    auto& held = ns.spec.finalizers;
    if (std::find(held.begin(), held.end(), namespace_finalizer) == held.end()) held.push_back(Str(namespace_finalizer));
}

void keep_namespace(Object& updated, const Object& old) {
    Namespace& ns = updated.as<Namespace>();
    complete_namespace(ns);
    ns.spec.finalizers = old.as<Namespace>().spec.finalizers;
}

void finalize_namespace(Object& stored, const Object& written) {
    stored.as<Namespace>().spec.finalizers = written.as<Namespace>().spec.finalizers;
}

void mark_namespace(Object& object) { object.as<Namespace>().status.phase = "Terminating"; }

bool is_namespace_held(const Object& object) { return !object.as<Namespace>().spec.finalizers.empty(); }

}  // namespace

const KindRules namespace_rules = {
    .complete = completed<Namespace, complete_namespace>,
    .check = checked<Namespace, check_namespace>,
    .prepare_create = hold_namespace,
    .prepare_update = keep_namespace,
    .finalize = finalize_namespace,
    .mark_deleted = mark_namespace,
    .is_held = is_namespace_held,
    .shows_deleted = true,
    .row = rendered<Namespace, render_namespace>,
};

}  // namespace orilla::api
