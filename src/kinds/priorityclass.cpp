// PriorityClasses.
#include <fmt/core.h>

#include "checks.hpp"
#include "orilla/kinds/priorities.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_system_class(const PriorityClass& one, const Path& name, FieldErrors& errors) {
    constexpr const char* reserved = "priority class names with 'system-' prefix are reserved for system use only. error: {}";
    const SystemPriority* known = find_system_priority(one.metadata.name);
    std::string why;
    if (!known) why = fmt::format("\"{}\" isn't a known system priority class name", one.metadata.name.view());
    else if (one.value != known->value) why = fmt::format("value of {} PriorityClass must be {}", known->name, known->value);
    else if (one.global_default) why = fmt::format("globalDefault of {} PriorityClass must be false", known->name);
    if (!why.empty()) errors.forbidden(name, fmt::format(reserved, why));
}

void check_priority_class(const PriorityClass& one, FieldErrors& errors) {
    const Path metadata("metadata");
    if (one.metadata.name.view().starts_with("system-")) check_system_class(one, metadata / "name", errors);
    else if (one.value > user_priority_max)
        errors.forbidden(Path("value"),
                         fmt::format("maximum allowed value of a user defined priority is {}", user_priority_max));
}

void check_priority_class_update(const PriorityClass& updated, const PriorityClass& old, FieldErrors& errors) {
    if (updated.value != old.value) errors.forbidden(Path("value"), "may not be changed in an update.");
    check_immutable(updated.preemption_policy, old.preemption_policy, Path("preemptionPolicy"),
                    updated.preemption_policy.value_or(""), errors);
}

Row render_priority_class(const PriorityClass& one, int64_t now) {
    return {one.metadata.name.view(), static_cast<int64_t>(one.value), one.global_default,
            render_age(one.metadata.creation_timestamp, now), one.preemption_policy.value_or("")};
}

}  // namespace

const SystemPriority* find_system_priority(std::string_view name) {
    for (const SystemPriority& one : system_priorities)
        if (one.name == name) return &one;
    return nullptr;
}

const KindRules priority_class_rules = {
    .check = checked<PriorityClass, check_priority_class>,
    .check_update = checked_update<PriorityClass, check_priority_class_update>,
    .row = rendered<PriorityClass, render_priority_class>,
};

}  // namespace orilla::api
