// All that is peculiar to a kind and no data, in one place a kind: src/kinds/KIND.cpp. The generator of the table of kinds
// refers to each kind's rules by name, so that a kind without them does not link. Functions are pure; all may be missing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "orilla/kinds/object.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::api {

using Row = std::vector<Cell>;

/// Holds a namespace, in spec.finalizers, as long as something is in it.
inline constexpr std::string_view namespace_finalizer = "kubernetes";

/// Makes of an object of one version the same in another.
struct Conversion {
    const TypeInfo& (*stored_type)();  ///< of the version in which all of them are stored
    void (*to_stored)(const Object& shown, Object& stored);
    void (*from_stored)(const Object& stored, Object& shown);
};

struct KindRules {
    /// Of a version in which nothing is stored; it needs no other rules but those of rows.
    const Conversion* conversion = nullptr;
    /// Defaults that have a condition; after those that the schema declares. Twice changes nothing more.
    void (*complete)(Object& object) = nullptr;
    /// Beyond what the tables check, of every object that is to be stored.
    void (*check)(const Object& object, FieldErrors& errors) = nullptr;
    void (*check_update)(const Object& updated, const Object& old, FieldErrors& errors) = nullptr;
    /// Of new ones only.
    void (*check_new)(const Object& object, FieldErrors& errors) = nullptr;
    /// A new one gets its first status, and what it has to have; after defaulting.
    void (*prepare_create)(Object& object) = nullptr;
    /// An updated one gets back what clients do not change.
    void (*prepare_update)(Object& updated, const Object& old) = nullptr;
    /// A write to the subresource finalize changes this alone.
    void (*finalize)(Object& stored, const Object& written) = nullptr;
    /// A write to the subresource resize changes this alone, and only so; checked instead of `check_update`.
    void (*resize)(Object& stored, const Object& written) = nullptr;
    void (*check_resize)(const Object& updated, const Object& old, FieldErrors& errors) = nullptr;
    /// Who creates it writes its status as well.
    bool has_status_when_new = false;
    /// A write to the subresource status leaves labels alone.
    bool status_keeps_labels = false;
    /// Of a status: nothing is new but what is found out again all the time, so that a restart needs none of it.
    bool (*only_heartbeat_differs)(const Object& updated, const Object& old) = nullptr;
    /// Of a status: what is new is written down nowhere else, and has to outlive a daemon that is killed.
    bool (*status_is_record)(const Object& updated, const Object& old) = nullptr;
    /// It has done its work, which is written down nowhere else.
    bool (*has_ended)(const Object& object) = nullptr;
    /// Seconds that it may take to end; nothing: it goes at once.
    std::optional<int64_t> (*grace_s)(const Object& object) = nullptr;
    /// Its status once it is being deleted. Such a kind has no grace period.
    void (*mark_deleted)(Object& object) = nullptr;
    /// Something beside metadata.finalizers still holds it.
    bool (*is_held)(const Object& object) = nullptr;
    /// Who deletes it is answered with the object, also when it has gone: kubectl watches these going.
    bool shows_deleted = false;
    /// A cell for each of the kind's columns.
    Row (*row)(const Object& object, int64_t now_unix_s) = nullptr;
    /// The row's conditions, as JSON: clients may hide a finished object by them. Empty: none.
    std::string_view (*row_conditions)(const Object& object) = nullptr;
};

// A kind's functions take its type; these adapt them.

template <class T, void (*complete)(T&)>
void completed(Object& object) {
    complete(object.as<T>());
}
template <class T, void (*check)(const T&, FieldErrors&)>
void checked(const Object& object, FieldErrors& errors) {
    check(object.as<T>(), errors);
}
template <class T, void (*check)(const T&, const T&, FieldErrors&)>
void checked_update(const Object& updated, const Object& old, FieldErrors& errors) {
    check(updated.as<T>(), old.as<T>(), errors);
}
template <class T, Row (*render)(const T&, int64_t)>
Row rendered(const Object& object, int64_t now_unix_s) {
    return render(object.as<T>(), now_unix_s);
}

}  // namespace orilla::api
