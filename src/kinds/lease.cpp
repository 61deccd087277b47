// Leases.
#include "checks.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_lease(const Lease& lease, FieldErrors& errors) {
    const Path spec("spec");
    if (lease.spec.lease_duration_seconds && *lease.spec.lease_duration_seconds <= 0)
        errors.invalid(spec / "leaseDurationSeconds", *lease.spec.lease_duration_seconds, "must be greater than 0");
    if (lease.spec.lease_transitions) check_not_negative(*lease.spec.lease_transitions, spec / "leaseTransitions", errors);
}

Row render_lease(const Lease& lease, int64_t now) {
    return {lease.metadata.name.view(), lease.spec.holder_identity.value_or(""),
            render_age(lease.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules lease_rules = {
    .check = checked<Lease, check_lease>,
    .row = rendered<Lease, render_lease>,
};

}  // namespace orilla::api
