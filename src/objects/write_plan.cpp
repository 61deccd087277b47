#include "write_plan.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>

#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/validation.hpp"

namespace orilla::objects {

namespace {

const api::KindRules& rules_of(const api::Object& object) { return *object.kind().rules; }

void copy_whole_field(const api::FieldInfo& field, api::Object& to, const api::Object& from) {
    void* place = field.in(to.data());
    api::destroy_field(field, place);
    api::copy_field(field, place, field.in(from.data()));
}

bool same_but(const api::Object& a, const api::Object& b, std::string_view except) {
    for (const api::FieldInfo& field : a.type_info().fields) {
        if (field.name == except || field.name == "metadata") continue;
        if (!api::equal_fields(field, field.in(a.data()), field.in(b.data()))) return false;
    }
    return true;
}

bool same_metadata(const api::Object& a, const api::Object& b) {
    api::ObjectMeta meta = a.meta();
    meta.resource_version = b.meta().resource_version;
    return meta == b.meta();
}

void keep_status(api::Object& updated, const api::Object& old) {
    if (const auto* field = old.type_info().find_field("status")) copy_whole_field(*field, updated, old);
}

void keep_all_but_status(api::Object& updated, const api::Object& old) {
    for (const api::FieldInfo& field : old.type_info().fields)
        if (field.name != "metadata" && field.name != "status") copy_whole_field(field, updated, old);
    updated.meta().owner_references = old.meta().owner_references;
    if (rules_of(old).status_keeps_labels) updated.meta().labels = old.meta().labels;
}

void keep_all_but_finalizers(api::Object& updated, const api::Object& old) {
    api::Object next = old.clone();
    if (const auto finalize = rules_of(old).finalize) finalize(next, updated);
    updated = std::move(next);
}

void keep_all_but_resources(api::Object& updated, const api::Object& old) {
    api::Object next = old.clone();
    if (const auto resize = rules_of(old).resize) resize(next, updated);
    updated = std::move(next);
}

void keep_metadata(api::ObjectMeta& meta, const api::ObjectMeta& old) {
    meta.name = old.name;
    meta.namespace_ = old.namespace_;
    meta.uid = old.uid;
    meta.creation_timestamp = old.creation_timestamp;
    meta.deletion_timestamp = old.deletion_timestamp;
    meta.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    meta.generation = old.generation;
    meta.resource_version = old.resource_version;
    if (meta.generate_name.empty()) meta.generate_name = old.generate_name;
    meta.self_link = api::Str();
    meta.managed_fields.clear();
}

}  // namespace

// ---- creation --------------------------------------------------------------------------------------------------------

void initialise(api::Object& object, std::string uid, int64_t now_s) {
    api::ObjectMeta& meta = object.meta();
    meta.uid = api::Str(uid);
    meta.creation_timestamp = api::Time(now_s);
    meta.deletion_timestamp = api::Time();
    meta.deletion_grace_period_seconds.reset();
    meta.generation = object.kind().generation == api::Generation::none ? 0 : 1;
    meta.self_link = api::Str();
    meta.managed_fields.clear();
    if (rules_of(object).has_status_when_new) return;
    if (const auto* status = object.type_info().find_field("status")) api::clear_field(*status, status->in(object.data()));
}

void initialise_after_defaults(api::Object& object) {
    if (const auto prepare = rules_of(object).prepare_create) prepare(object);
}

// ---- updates ---------------------------------------------------------------------------------------------------------

void keep_stored_fields(api::Object& updated, const api::Object& old, Part part) {
    if (part == Part::finalize) return keep_all_but_finalizers(updated, old);
    if (part == Part::resize) return keep_all_but_resources(updated, old);
    keep_metadata(updated.meta(), old.meta());
    if (part == Part::main) keep_status(updated, old);
    else keep_all_but_status(updated, old);
    if (const auto prepare = rules_of(old).prepare_update) prepare(updated, old);
}

void count_generation(api::Object& updated, const api::Object& old) {
    const api::Generation counted = old.kind().generation;
    if (counted == api::Generation::none) return;
    bool changed = !same_but(updated, old, "status");
    if (counted == api::Generation::annotations) changed = changed || !(updated.meta().annotations == old.meta().annotations);
    if (changed) updated.meta().generation = old.meta().generation + 1;
}

bool same_content(const api::Object& a, const api::Object& b) { return same_metadata(a, b) && same_but(a, b, ""); }

bool only_status_differs(const api::Object& a, const api::Object& b) { return same_metadata(a, b) && same_but(a, b, "status"); }

bool only_heartbeat_differs(const api::Object& a, const api::Object& b) {
    const auto differs = rules_of(a).only_heartbeat_differs;
    return differs && differs(a, b);
}

store::Durability durability_of(const api::KindInfo& kind) {
    switch (kind.durability) {
        case api::Durability::durable: return store::Durability::durable;
        case api::Durability::soft: return store::Durability::soft;
        case api::Durability::memory: return store::Durability::memory;
    }
    return store::Durability::durable;
}

namespace {
bool has_ended(const api::Object& object) {
    const auto ended = rules_of(object).has_ended;
    return ended && ended(object);
}

bool is_record(const api::Object& updated, const api::Object& old) {
    const auto is_one = rules_of(updated).status_is_record;
    return is_one && is_one(updated, old);
}
}  // namespace

store::Durability plan_durability(const api::Object& updated, const api::Object& old, Part part) {
    // That a pod has ended is written nowhere else: its sandbox goes next, and the exit codes with it. Lost, it ran again.
    if (has_ended(updated) && !has_ended(old)) return store::Durability::urgent;
    const store::Durability durability = durability_of(updated.kind());
    const bool soft = part == Part::status && only_status_differs(updated, old);
    if (soft && only_heartbeat_differs(updated, old)) return store::Durability::memory;
    if (soft && is_record(updated, old)) return store::Durability::durable;
    if (durability != store::Durability::durable) return durability;
    if (soft) return store::Durability::soft;
    // What is on its way out must get there also when the disk is full.
    return updated.meta().deletion_timestamp ? store::Durability::urgent : store::Durability::durable;
}

Result<void> check_finalizers(const api::Object& updated, const api::Object& old) {
    if (!old.meta().deletion_timestamp) return ok();
    std::string added;
    const auto& before = old.meta().finalizers;
    for (const api::Str& finalizer : updated.meta().finalizers) {
        if (std::find(before.begin(), before.end(), finalizer) != before.end()) continue;
        added += fmt::format("{}{}\"", added.empty() ? "\"" : ", \"", finalizer);
    }
    if (added.empty()) return ok();
    Cause cause{"FieldValueForbidden",
                "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{" +
                    added + "}",
                "metadata.finalizers"};
    return api::make_invalid_error(old.kind().group, old.kind().kind, old.meta().name, {std::move(cause)});
}

namespace {
Error name_mismatch(std::string_view what, std::string_view body, std::string_view where, std::string_view stored) {
    return Error(Code::bad_request, fmt::format("the {} of the object ({}) does not match the {} on the {} ({})", what, body,
                                                what, where, stored));
}

Result<void> check_uid(std::string_view wanted, const Stored& old) {
    const api::Str& uid = old.object->meta().uid;
    if (wanted.empty() || uid == wanted) return ok();
    return store::conflict_error(
        old.entry->key, fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}", wanted, uid));
}
}  // namespace

namespace {
bool is_number(std::string_view text) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

/// Kubernetes names the resource here, not the kind.
Error invalid_revision(const api::Object& object, const std::string& why) {
    Cause cause{"FieldValueInvalid", "Invalid value: " + why, "metadata.resourceVersion"};
    return api::make_invalid_error(object.kind().group, object.kind().plural, object.meta().name, {std::move(cause)});
}
}  // namespace

Result<void> take_revision(api::Object& updated) {
    api::Str& revision = updated.meta().resource_version;
    if (!revision.empty() && !is_number(revision))
        return invalid_revision(updated, fmt::format("\"{}\": must be a number, as the server gave it", revision));
    if (revision.view().find_first_not_of('0') == std::string_view::npos) revision = api::Str();
    return ok();
}

Result<void> check_preconditions(const api::Object& body, const Stored& old) {
    const api::ObjectMeta& meta = body.meta();
    const store::Key& key = old.entry->key;
    if (!meta.name.empty() && meta.name != key.name) return name_mismatch("name", meta.name, "URL", key.name);
    if (!meta.namespace_.empty() && meta.namespace_ != key.ns)
        return name_mismatch("namespace", meta.namespace_, "request", key.ns);
    TRY_VOID(check_uid(meta.uid, old));
    if (meta.resource_version.empty() && body.kind().put_needs_revision)
        return invalid_revision(body, "0: must be specified for an update");
    if (!meta.resource_version.empty() && meta.resource_version != std::to_string(old.entry->revision))
        return store::conflict_error(key);
    return ok();
}

Result<void> check_delete_preconditions(const DeleteOptions& options, const Stored& old) {
    TRY_VOID(check_uid(options.uid, old));
    const std::string revision = std::to_string(old.entry->revision);
    if (options.resource_version.empty() || options.resource_version == revision) return ok();
    return store::conflict_error(
        old.entry->key,
        fmt::format("Precondition failed: ResourceVersion in precondition: {}, ResourceVersion in object meta: {}",
                    options.resource_version, revision));
}

Result<void> plan_bind(api::Pod& pod, std::string_view node, int64_t now_s) {
    const store::Key key{"pods/binding", pod.metadata.namespace_.str(), pod.metadata.name.str()};
    if (pod.metadata.deletion_timestamp)
        return store::conflict_error(key, fmt::format("pod {} is being deleted, cannot be assigned to a host", key.name));
    if (!pod.spec.node_name.empty())
        return store::conflict_error(key,
                                     fmt::format("pod {} is already assigned to node \"{}\"", key.name, pod.spec.node_name));
    if (!pod.spec.scheduling_gates.empty())
        return store::conflict_error(key, fmt::format("pod {} has non-empty .spec.schedulingGates", key.name));
    pod.spec.node_name = api::Str(node);
    pod.status.nominated_node_name = {};
    api::PodCondition& condition = api::ensure_pod_condition(pod, "PodScheduled");
    condition = api::PodCondition{};
    condition.type = "PodScheduled";
    condition.status = "True";
    condition.last_transition_time = api::Time(now_s);
    return ok();
}

bool deletion_complete(const api::Object& object) {
    const api::ObjectMeta& meta = object.meta();
    if (!meta.deletion_timestamp || !meta.finalizers.empty()) return false;
    if (meta.deletion_grace_period_seconds.value_or(0) != 0) return false;
    const auto is_held = rules_of(object).is_held;
    return !is_held || !is_held(object);
}

}  // namespace orilla::objects
