// What the rules of several kinds ask for.
#pragma once

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {

/// Required fields, closed enums and refused fields, by the tables. `status` of documents is left out: it is not the
/// client's.
void check_schema(const TypeInfo& type, const void* value, const Path& path, FieldErrors& errors);
/// Of a status: required fields may be empty there, such as the imageID of a container that waits.
void check_status_schema(const TypeInfo& type, const void* status, const Path& path, FieldErrors& errors);

void check_meta(const KindInfo& kind, const ObjectMeta& meta, FieldErrors& errors);
void check_meta_update(const ObjectMeta& updated, const ObjectMeta& old, FieldErrors& errors);
void check_labels(const Map<Str>& labels, const Path& path, FieldErrors& errors);
void check_annotations(const Map<Str>& annotations, const Path& path, FieldErrors& errors);
void check_label_selector(const LabelSelector& selector, const Path& path, FieldErrors& errors);
void check_node_selector(const NodeSelector& selector, const Path& path, FieldErrors& errors);

/// "field is immutable" unless both are equal.
template <class T>
void check_immutable(const T& updated, const T& old, const Path& path, std::string_view value, FieldErrors& errors) {
    if (!(updated == old)) errors.invalid(path, value, "field is immutable");
}
/// Unless it has it.
void add_finalizer(ObjectMeta& meta, std::string_view finalizer);
void check_not_negative(int64_t value, const Path& path, FieldErrors& errors);

}  // namespace orilla::api
