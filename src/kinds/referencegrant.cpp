// ReferenceGrants, which are the same in both of their versions.
#include "gateway_checks.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_reference_grant(const ReferenceGrant& one, FieldErrors& errors) {
    const Path spec("spec");
    const Path from = spec / "from", to = spec / "to";
    if (one.spec.from.empty() && one.spec.to.empty()) errors.required(from), errors.required(to);
    check_items_max(one.spec.from.size(), route_list_items_max, from, errors);
    check_items_max(one.spec.to.size(), route_list_items_max, to, errors);
    for (size_t i = 0; i < one.spec.from.size() && !errors.full(); ++i) {
        const Path at = from[i];
        check_group(one.spec.from[i].group, at / "group", errors);
        check_kind_name(one.spec.from[i].kind, at / "kind", errors);
        check_namespace_ref(one.spec.from[i].namespace_, at / "namespace", errors);
    }
    for (size_t i = 0; i < one.spec.to.size() && !errors.full(); ++i) {
        const Path at = to[i];
        check_group(one.spec.to[i].group, at / "group", errors);
        check_kind_name(one.spec.to[i].kind, at / "kind", errors);
    }
}

template <class Grant>
Row render_grant(const Grant& one, int64_t now) {
    return {one.metadata.name.view(), render_age(one.metadata.creation_timestamp, now)};
}

template <class From, class To>
void copy_grant(const Object& from, Object& to) {
    to.as<To>().metadata = from.as<From>().metadata;
    to.as<To>().spec = from.as<From>().spec;
}

constexpr Conversion grant_conversion = {
    .stored_type = type_info<ReferenceGrant>,
    .to_stored = copy_grant<ReferenceGrantV1beta1, ReferenceGrant>,
    .from_stored = copy_grant<ReferenceGrant, ReferenceGrantV1beta1>,
};

}  // namespace

const KindRules reference_grant_rules = {
    .check = checked<ReferenceGrant, check_reference_grant>,
    .row = rendered<ReferenceGrant, render_grant<ReferenceGrant>>,
};

const KindRules reference_grant_v1beta1_rules = {
    .conversion = &grant_conversion,
    .row = rendered<ReferenceGrantV1beta1, render_grant<ReferenceGrantV1beta1>>,
};

}  // namespace orilla::api
