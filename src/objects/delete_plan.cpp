#include <algorithm>

#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/well_known.hpp"
#include "write_plan.hpp"

namespace orilla::objects {

namespace {

void put_finalizer(api::ObjectMeta& meta, std::string_view name, bool wanted) {
    auto& finalizers = meta.finalizers;
    auto found = std::find(finalizers.begin(), finalizers.end(), name);
    if (wanted && found == finalizers.end()) finalizers.push_back(api::Str(name));
    else if (!wanted && found != finalizers.end()) finalizers.erase(found);
}

/// An explicit policy beats the finalizers that are there.
void apply_propagation(api::ObjectMeta& meta, Propagation propagation) {
    if (propagation == Propagation::unset) return;
    put_finalizer(meta, api::orphan_finalizer, propagation == Propagation::orphan);
    put_finalizer(meta, api::foreground_finalizer, propagation == Propagation::foreground);
}

/// 68 years: more is a mistake, and times past it do not add up.
constexpr int64_t grace_s_max = 0x7fffffff;
/// Negative means one second.
int64_t clamp_grace(int64_t grace_s) { return grace_s < 0 ? 1 : std::min(grace_s, grace_s_max); }

/// How long this object may take to end.
int64_t first_grace_s(const api::Object& object, const DeleteOptions& options) {
    const auto own_s = object.kind().rules->grace_s ? object.kind().rules->grace_s(object) : std::nullopt;
    return own_s ? clamp_grace(options.grace_period_seconds.value_or(*own_s)) : 0;
}

void mark_deleted(api::Object& object, int64_t grace_s, int64_t now_s) {
    api::ObjectMeta& meta = object.meta();
    meta.deletion_timestamp = api::Time(now_s + grace_s);
    if (const auto mark = object.kind().rules->mark_deleted) return mark(object);
    meta.deletion_grace_period_seconds = grace_s;
    if (meta.generation > 0) ++meta.generation;
}

/// A later DELETE may only shorten the grace period.
void shorten_grace(api::ObjectMeta& meta, const DeleteOptions& options) {
    const int64_t grace_s = meta.deletion_grace_period_seconds.value_or(0);
    if (grace_s == 0 || !options.grace_period_seconds) return;
    const int64_t wanted_s = clamp_grace(*options.grace_period_seconds);
    if (wanted_s >= grace_s) return;
    meta.deletion_timestamp = api::Time(meta.deletion_timestamp.unix_s - grace_s + wanted_s);
    meta.deletion_grace_period_seconds = wanted_s;
}

}  // namespace

DeletePlan plan_delete(const api::Object& old, const DeleteOptions& options, int64_t now_s) {
    api::Object next = old.clone();
    apply_propagation(next.meta(), options.propagation);
    if (next.meta().deletion_timestamp) shorten_grace(next.meta(), options);
    else mark_deleted(next, first_grace_s(next, options), now_s);
    // Nothing saw it being deleted, so its last state is the one before.
    if (deletion_complete(next)) return {DeletePlan::Action::remove, old.clone()};
    const auto action = next == old ? DeletePlan::Action::keep : DeletePlan::Action::update;
    return {action, std::move(next)};
}

}  // namespace orilla::objects
