// The run-time description of an API type: what the codec, defaulting, patches, tables and OpenAPI walk instead of
// having code per type. It promises that a type's default state is all zero bytes and that values may be moved with
// memcpy; so construction, copying and destruction are generic functions over these tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace orilla::api {

/// What one value is. `object` has fields; the rest are leaves.
enum class Kind : uint8_t {
    boolean,        ///< bool
    int32,          ///< int32_t
    int64,          ///< int64_t
    number,         ///< double
    string,         ///< Str
    bytes,          ///< Str, base64 text that was checked
    quantity,       ///< Quantity; empty text means absent
    int_or_string,  ///< IntOrString
    time,           ///< Time
    micro_time,     ///< MicroTime
    raw,            ///< RawJson: any JSON value, kept as compact text
    object,         ///< a generated struct
};

/// How a field holds its value. Time, MicroTime, Quantity and RawJson know absence themselves: they are always plain.
enum class Shape : uint8_t {
    plain,  ///< T
    opt,    ///< Opt<T>: a scalar that is a pointer in Go
    box,    ///< Box<T>: a struct that is a pointer in Go
    list,   ///< List<T>
    map,    ///< Map<T>
};

struct TypeInfo;

/// The rarer facts about a field.
struct FieldRules {
    std::string_view patch_strategy;  ///< "merge", "retainKeys", "merge,retainKeys", "replace" or ""
    std::string_view merge_key;
    std::string_view list_type;                       ///< "atomic", "set", "map" or ""
    std::string_view map_type;                        ///< "atomic", "granular" or ""
    std::string_view struct_type;                     ///< "atomic", "granular" or ""
    std::string_view default_json;                    ///< JSON text of the declared default, "" when there is none
    std::span<const std::string_view> list_map_keys;  ///< keys of list_type "map"
    std::span<const std::string_view> enum_values;    ///< the values the API documents, closed unless open_enum
    bool open_enum = false;                           ///< enum_values are only the well known ones
    bool deprecated = false;
};
inline constexpr FieldRules no_rules{};

struct FieldInfo {
    std::string_view name;  ///< as in JSON
    const TypeInfo* type;   ///< of the value, or of the element for list and map
    const FieldRules* rules_or_null;
    uint16_t offset;
    Shape shape;
    bool required;
    bool omit_empty;      ///< left out when zero; never set for a struct that is not a pointer in Go
    bool pointer;         ///< is a pointer in Go: zero is not absent
    uint8_t proto_outer;  ///< number of the enclosing nested message for inlined structs, else 0
    uint8_t proto_field;  ///< field number, 0 when the type has no protobuf form

    const FieldRules& rules() const { return rules_or_null != nullptr ? *rules_or_null : no_rules; }
    void* in(void* object) const { return static_cast<std::byte*>(object) + offset; }
    const void* in(const void* object) const { return static_cast<const std::byte*>(object) + offset; }
};

struct TypeInfo {
    std::string_view name;         ///< "PodSpec"; for leaves "string", "int32", ...
    std::string_view package;      ///< "v1", "apps/v1", "meta/v1"; "" for leaves
    std::string_view api_version;  ///< what to print as apiVersion when this type is a document of its own, else ""
    std::span<const FieldInfo> fields;
    uint32_t size;
    uint8_t align;
    Kind kind;
    bool owns_memory;     ///< false: destroying is a no-op and copying is memcpy
    int16_t meta_offset;  ///< of ObjectMeta metadata, -1 when the type has none

    /// Documents print kind and apiVersion first; the values are not stored.
    bool is_document() const { return !api_version.empty(); }
    const FieldInfo* find_field(std::string_view field_name) const;
};

/// The leaves; the generated tables of structs stand beside them.
namespace tables {
extern const TypeInfo leaf_boolean, leaf_int32, leaf_int64, leaf_number, leaf_string, leaf_bytes, leaf_quantity,
    leaf_int_or_string, leaf_time, leaf_micro_time, leaf_raw;
}  // namespace tables

/// The description of a C++ type: generated structs and the leaves. `type_info<Pod>().name` is "Pod".
template <class T>
const TypeInfo& type_info();

/// Releases what the value at `value` owns; the bytes themselves stay and are then meaningless.
void destroy_value(const TypeInfo& type, void* value);
/// Copies `from` into the uninitialised bytes at `to`.
void copy_value(const TypeInfo& type, void* to, const void* from);
/// Deep equality. Opt and Box distinguish absent from zero.
bool equal_values(const TypeInfo& type, const void* a, const void* b);
/// True when every byte of meaning is zero: absent strings, empty lists, null boxes.
bool is_zero_value(const TypeInfo& type, const void* value);
/// The same four for the field as a whole (its shape included), at its place inside an object.
void destroy_field(const FieldInfo& field, void* place);
void copy_field(const FieldInfo& field, void* to, const void* from);
bool equal_fields(const FieldInfo& field, const void* a, const void* b);
bool is_zero_field(const FieldInfo& field, const void* place);
/// Gives the field its zero value again.
void clear_field(const FieldInfo& field, void* place);

/// A field, and the object that it is in.
struct FieldPlace {
    const FieldInfo* field = nullptr;  ///< null: there is no such one, or an object on the way is absent
    void* object = nullptr;
};
/// Follows "spec.replicas" through structs.
FieldPlace find_place(const TypeInfo& type, void* object, std::string_view path);

/// The value of a plain, opt or box field, or nullptr when it is absent. Lists and maps: containers.hpp.
const void* field_value(const FieldInfo& field, const void* object);
/// The same for writing: an absent opt or box is made present first.
void* ensure_field_value(const FieldInfo& field, void* object);

}  // namespace orilla::api
