#include "orilla/kinds/defaults.hpp"

#include <charconv>

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {
namespace {
template <class T>
T number_from(std::string_view json) {
    T number = 0;
    [[maybe_unused]] auto [end, ec] = std::from_chars(json.data(), json.data() + json.size(), number);
    assert(ec == std::errc() && end == json.data() + json.size());
    return number;
}

// The schema's defaults are strings without escapes, whole numbers, booleans and {}.
void set_default(const FieldInfo& field, void* object) {
    std::string_view json = field.rules().default_json;
    void* value = ensure_field_value(field, object);
    switch (field.type->kind) {
        case Kind::string:
            if (json.size() > 2) *static_cast<Str*>(value) = Str::intern(json.substr(1, json.size() - 2));
            return;
        case Kind::int32: *static_cast<int32_t*>(value) = number_from<int32_t>(json); return;
        case Kind::int64: *static_cast<int64_t*>(value) = number_from<int64_t>(json); return;
        case Kind::boolean: *static_cast<bool*>(value) = json == "true"; return;
        default: assert(field.type->kind == Kind::object && json == "{}");
    }
}

void descend(const FieldInfo& field, void* place) {
    const TypeInfo& type = *field.type;
    switch (field.shape) {
        case Shape::plain: return apply_declared_defaults(type, place);
        case Shape::opt: return;
        case Shape::box:
            if (void* value = *static_cast<void**>(place)) apply_declared_defaults(type, value);
            return;
        case Shape::list:
        case Shape::map: break;
    }
    auto* block = *static_cast<detail::Block**>(place);
    bool map = field.shape == Shape::map;
    size_t stride = map ? detail::map_stride(type) : type.size;
    for (uint32_t i = 0; i < detail::block_size(block); ++i)
        apply_declared_defaults(type, block->elements() + i * stride + (map ? detail::map_value_offset(type) : 0));
}
}  // namespace

void apply_declared_defaults(const TypeInfo& type, void* value) {
    for (const FieldInfo& field : type.fields) {
        if (!field.rules().default_json.empty() && is_zero_field(field, field.in(value))) set_default(field, value);
        if (field.type->kind == Kind::object) descend(field, field.in(value));
    }
}

void apply_defaults(Object& object) {
    apply_declared_defaults(object.type_info(), object.data());
    if (const auto complete = object.kind().rules->complete) complete(object);
}

}  // namespace orilla::api
