#include "patch_schema.hpp"

namespace orilla::api {

PatchField find_patch_field(const TypeInfo* parent, std::string_view name) {
    PatchField out;
    if (parent == nullptr || parent->kind != Kind::object) return out;
    const FieldInfo* field = parent->find_field(name);
    if (field == nullptr) return out;
    // The values of a map of structs are reached by arbitrary names; no list in the API hangs directly below one.
    if (field->shape == Shape::map) return out;
    out.type = field->type->kind == Kind::object ? field->type : nullptr;
    std::string_view strategy = field->rules().patch_strategy;
    out.merge_key = field->rules().merge_key;
    out.merge = strategy.starts_with("merge");
    out.retain_keys = strategy.ends_with("retainKeys");
    out.replace = strategy == "replace";
    return out;
}

}  // namespace orilla::api
