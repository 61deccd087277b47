#include <algorithm>

#include "checks.hpp"
#include "refused_fields.hpp"

namespace orilla::api {
namespace {

using detail::Block;

class SchemaWalk {
  public:
    SchemaWalk(FieldErrors& errors, bool status) : errors_(errors), status_(status) {}

    void walk_object(const TypeInfo& type, const void* object, const Path& path, bool document) {
        for (const FieldInfo& field : type.fields) {
            if (document && (field.name == "status" || field.name == "metadata")) continue;
            walk_field(type, field, object, path / field.name);
        }
    }

  private:
    void walk_field(const TypeInfo& parent, const FieldInfo& field, const void* object, const Path& path) {
        const void* place = field.in(object);
        if (is_zero_field(field, place)) {
            if (field.required && !status_ && needs_value(parent, field)) errors_.required(path);
            return;
        }
        if (auto reason = find_refusal(parent, field, object)) return errors_.forbidden(path, *reason);
        if (field.shape == Shape::list || field.shape == Shape::map) return walk_elements(field, place, path);
        walk_value(field, field_value(field, object), path);
    }

    /// A zero number or an empty struct may be meant; an empty text, list or reference may not.
    static bool needs_value(const TypeInfo& parent, const FieldInfo& field) {
        if (parent.name == "HTTPHeader" || parent.name == "Sysctl") return field.name == "name";
        if (field.shape == Shape::list || field.shape == Shape::box) return true;
        return field.shape == Shape::plain && field.type->kind == Kind::string;
    }

    void walk_elements(const FieldInfo& field, const void* place, const Path& path) {
        const Block* block = *static_cast<const Block* const*>(place);
        if (block == nullptr || (field.type->kind != Kind::object && field.rules().enum_values.empty())) return;
        bool map = field.shape == Shape::map;
        size_t stride = map ? detail::map_stride(*field.type) : field.type->size;
        for (size_t i = 0; i < block->size; ++i) {
            const std::byte* element = block->elements() + i * stride;
            if (map) {
                const Str& key = *reinterpret_cast<const Str*>(element);
                walk_value(field, element + detail::map_value_offset(*field.type), path.key(key));
            } else {
                walk_value(field, element, path[i]);
            }
        }
    }

    void walk_value(const FieldInfo& field, const void* value, const Path& path) {
        if (value == nullptr) return;
        if (field.type->kind == Kind::object) return walk_object(*field.type, value, path, false);
        if (field.type->kind == Kind::string) check_enum(field, *static_cast<const Str*>(value), path);
    }

    void check_enum(const FieldInfo& field, std::string_view value, const Path& path) {
        const FieldRules& rules = field.rules();
        if (rules.enum_values.empty() || rules.open_enum || value.empty()) return;
        if (std::find(rules.enum_values.begin(), rules.enum_values.end(), value) != rules.enum_values.end()) return;
        std::vector<std::string_view> supported(rules.enum_values.begin(), rules.enum_values.end());
        // The reference server lists all but these two in alphabetical order.
        if (field.name != "restartPolicy" && field.name != "dnsPolicy") std::sort(supported.begin(), supported.end());
        errors_.not_supported(path, value, supported);
    }

    FieldErrors& errors_;
    bool status_;
};

}  // namespace

void check_schema(const TypeInfo& type, const void* value, const Path& path, FieldErrors& errors) {
    SchemaWalk(errors, false).walk_object(type, value, path, type.is_document());
}

void check_status_schema(const TypeInfo& type, const void* status, const Path& path, FieldErrors& errors) {
    SchemaWalk(errors, true).walk_object(type, status, path, false);
}

}  // namespace orilla::api
