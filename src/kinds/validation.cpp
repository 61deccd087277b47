#include "checks.hpp"

#include "orilla/kinds/validation.hpp"

namespace orilla::api {
namespace {

Result<void> conclude(const Object& object, FieldErrors& errors) {
    if (errors.empty()) return ok();
    const KindInfo& kind = object.kind();
    const ObjectMeta& meta = object.meta();
    return make_invalid_error(kind.group, kind.kind, meta.name.empty() ? meta.generate_name : meta.name, errors.take());
}

void check_object(const Object& object, FieldErrors& errors) {
    check_meta(object.kind(), object.meta(), errors);
    check_schema(object.type_info(), object.data(), Path(""), errors);
    if (const auto check = object.kind().rules->check) check(object, errors);
}

}  // namespace

Result<void> validate_create(const Object& object) {
    FieldErrors errors;
    check_object(object, errors);
    if (const auto check_new = object.kind().rules->check_new) check_new(object, errors);
    return conclude(object, errors);
}

Result<void> validate_update(const Object& updated, const Object& old) {
    FieldErrors errors;
    check_meta_update(updated.meta(), old.meta(), errors);
    check_object(updated, errors);
    if (const auto check_update = updated.kind().rules->check_update) check_update(updated, old, errors);
    return conclude(updated, errors);
}

Result<void> validate_resize(const Object& updated, const Object& old) {
    FieldErrors errors;
    check_meta_update(updated.meta(), old.meta(), errors);
    check_object(updated, errors);
    if (const auto check_resize = updated.kind().rules->check_resize) check_resize(updated, old, errors);
    return conclude(updated, errors);
}

Result<void> validate_status_update(const Object& updated, const Object& old) {
    FieldErrors errors;
    check_meta_update(updated.meta(), old.meta(), errors);
    check_meta(updated.kind(), updated.meta(), errors);
    for (const FieldInfo& field : updated.type_info().fields) {
        if (field.name != "status" || field.type->kind != Kind::object) continue;
        const void* status = field_value(field, updated.data());
        if (status != nullptr) check_status_schema(*field.type, status, Path("status"), errors);
    }
    return conclude(updated, errors);
}

}  // namespace orilla::api
