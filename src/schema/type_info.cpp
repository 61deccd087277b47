#include "orilla/schema/type_info.hpp"

#include "orilla/schema/values.hpp"

namespace orilla::api {
namespace {
template <class T>
T& ref(void* place) {
    return *static_cast<T*>(place);
}
template <class T>
const T& ref(const void* place) {
    return *static_cast<const T*>(place);
}

template <class T>
bool same(const void* a, const void* b) {
    return ref<T>(a) == ref<T>(b);
}

// Opt<T> of the leaves that may be one: T, then the flag.
bool opt_present(const TypeInfo& type, const void* place) {
    if (type.kind == Kind::string) return ref<Opt<Str>>(place).has_value();
    return static_cast<const bool*>(place)[type.size];
}
static_assert(sizeof(Opt<int32_t>) == 8 && sizeof(Opt<int64_t>) == 16 && sizeof(Opt<bool>) == 2);
static_assert(sizeof(Opt<IntOrString>) == sizeof(IntOrString) + alignof(IntOrString));

size_t field_size(const FieldInfo& field) {
    switch (field.shape) {
        case Shape::plain: return field.type->size;
        case Shape::opt: return field.type->kind == Kind::string ? sizeof(Str) : field.type->size + field.type->align;
        default: return sizeof(void*);
    }
}

detail::Block* block_at(const void* place) { return ref<detail::Block*>(place); }

bool is_zero_object(const TypeInfo& type, const void* value) {
    for (const FieldInfo& field : type.fields)
        if (!is_zero_field(field, field.in(value))) return false;
    return true;
}

bool equal_objects(const TypeInfo& type, const void* a, const void* b) {
    for (const FieldInfo& field : type.fields)
        if (!equal_fields(field, field.in(a), field.in(b))) return false;
    return true;
}

bool equal_boxes(const TypeInfo& type, const void* a, const void* b) {
    const void* left = ref<void*>(a);
    const void* right = ref<void*>(b);
    if (left == nullptr || right == nullptr) return left == right;
    return equal_values(type, left, right);
}
}  // namespace

const FieldInfo* TypeInfo::find_field(std::string_view field_name) const {
    for (const FieldInfo& field : fields)
        if (field.name == field_name) return &field;
    return nullptr;
}

void destroy_value(const TypeInfo& type, void* value) {
    if (!type.owns_memory) return;
    switch (type.kind) {
        case Kind::object:
            for (const FieldInfo& field : type.fields) destroy_field(field, field.in(value));
            return;
        case Kind::int_or_string: ref<IntOrString>(value).~IntOrString(); return;
        default: ref<Str>(value).~Str(); return;  // string, bytes, quantity and raw are a Str in memory
    }
}

void copy_value(const TypeInfo& type, void* to, const void* from) {
    if (!type.owns_memory) {
        std::memcpy(to, from, type.size);
        return;
    }
    switch (type.kind) {
        case Kind::object:
            for (const FieldInfo& field : type.fields) copy_field(field, field.in(to), field.in(from));
            return;
        case Kind::int_or_string: new (to) IntOrString(ref<IntOrString>(from)); return;
        default: new (to) Str(ref<Str>(from)); return;
    }
}

bool equal_values(const TypeInfo& type, const void* a, const void* b) {
    switch (type.kind) {
        case Kind::boolean: return same<bool>(a, b);
        case Kind::int32: return same<int32_t>(a, b);
        case Kind::int64: return same<int64_t>(a, b);
        case Kind::number: return same<double>(a, b);
        case Kind::int_or_string: return same<IntOrString>(a, b);
        case Kind::time: return same<Time>(a, b);
        case Kind::micro_time: return same<MicroTime>(a, b);
        case Kind::object: return equal_objects(type, a, b);
        default: return same<Str>(a, b);
    }
}

bool is_zero_value(const TypeInfo& type, const void* value) {
    switch (type.kind) {
        case Kind::boolean: return !ref<bool>(value);
        case Kind::int32: return ref<int32_t>(value) == 0;
        case Kind::int64: return ref<int64_t>(value) == 0;
        case Kind::number: return ref<double>(value) == 0;
        case Kind::int_or_string: return !ref<IntOrString>(value).is_string && ref<IntOrString>(value).number == 0;
        case Kind::time: return !ref<Time>(value).set;
        case Kind::micro_time: return !ref<MicroTime>(value).set;
        case Kind::object: return is_zero_object(type, value);
        default: return ref<Str>(value).empty();
    }
}

void destroy_field(const FieldInfo& field, void* place) {
    switch (field.shape) {
        case Shape::plain: destroy_value(*field.type, place); return;
        case Shape::opt: destroy_value(*field.type, place); return;  // absent values are valid zero values
        case Shape::box:
            if (void* value = ref<void*>(place)) detail::box_free(value, *field.type);
            return;
        case Shape::list:
            if (detail::Block* block = block_at(place)) detail::list_free(block, *field.type);
            return;
        case Shape::map:
            if (detail::Block* block = block_at(place)) detail::map_free(block, *field.type);
            return;
    }
}

void copy_field(const FieldInfo& field, void* to, const void* from) {
    switch (field.shape) {
        case Shape::plain: copy_value(*field.type, to, from); return;
        case Shape::opt:
            std::memcpy(to, from, field_size(field));  // the flag, and scalars
            if (field.type->owns_memory) copy_value(*field.type, to, from);
            return;
        case Shape::box: {
            const void* value = ref<void*>(from);
            ref<void*>(to) = value == nullptr ? nullptr : detail::box_copy(value, *field.type);
            return;
        }
        case Shape::list: {
            const detail::Block* block = block_at(from);
            ref<void*>(to) = block == nullptr ? nullptr : detail::list_copy(block, *field.type);
            return;
        }
        case Shape::map: {
            const detail::Block* block = block_at(from);
            ref<void*>(to) = block == nullptr ? nullptr : detail::map_copy(block, *field.type);
            return;
        }
    }
}

bool equal_fields(const FieldInfo& field, const void* a, const void* b) {
    switch (field.shape) {
        case Shape::plain: return equal_values(*field.type, a, b);
        case Shape::opt: return opt_present(*field.type, a) == opt_present(*field.type, b) && equal_values(*field.type, a, b);
        case Shape::box: return equal_boxes(*field.type, a, b);
        case Shape::list: return detail::list_equal(block_at(a), block_at(b), *field.type);
        case Shape::map: return detail::map_equal(block_at(a), block_at(b), *field.type);
    }
    return false;
}

bool is_zero_field(const FieldInfo& field, const void* place) {
    switch (field.shape) {
        case Shape::plain: return is_zero_value(*field.type, place);
        case Shape::opt: return !opt_present(*field.type, place);
        case Shape::box: return ref<void*>(place) == nullptr;
        case Shape::list:
        case Shape::map: return detail::block_size(block_at(place)) == 0;
    }
    return true;
}

void clear_field(const FieldInfo& field, void* place) {
    destroy_field(field, place);
    std::memset(place, 0, field_size(field));
}

const void* field_value(const FieldInfo& field, const void* object) {
    const void* place = field.in(object);
    if (field.shape == Shape::box) return ref<void*>(place);
    if (field.shape == Shape::opt) return opt_present(*field.type, place) ? place : nullptr;
    if (field.shape == Shape::plain) return is_zero_value(*field.type, place) ? nullptr : place;
    return nullptr;
}

void* ensure_field_value(const FieldInfo& field, void* object) {
    void* place = field.in(object);
    if (field.shape == Shape::box) {
        void*& value = ref<void*>(place);
        if (value == nullptr) value = detail::box_make(*field.type);
        return value;
    }
    if (field.shape == Shape::opt) {
        if (field.type->kind != Kind::string) static_cast<bool*>(place)[field.type->size] = true;
        else if (!ref<Opt<Str>>(place).has_value()) ref<Opt<Str>>(place) = Opt<Str>(Str());
    }
    return place;
}

FieldPlace find_place(const TypeInfo& type, void* object, std::string_view path) {
    const TypeInfo* at = &type;
    for (;;) {
        const size_t dot = path.find('.');
        const FieldInfo* field = at->find_field(path.substr(0, dot));
        if (field == nullptr || dot == path.npos) return {field, object};
        if (field->type->kind != Kind::object || (field->shape != Shape::plain && field->shape != Shape::box)) return {};
        object = field->shape == Shape::plain ? field->in(object) : *static_cast<void**>(field->in(object));
        if (object == nullptr) return {};
        at = field->type;
        path.remove_prefix(dot + 1);
    }
}

}  // namespace orilla::api
