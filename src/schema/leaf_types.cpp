
#include "orilla/schema/values.hpp"

namespace orilla::api {
namespace {
template <class T>
constexpr TypeInfo leaf(std::string_view name, Kind kind, bool owns_memory) {
    return {name, "", "", {}, sizeof(T), alignof(T), kind, owns_memory, -1};
}
}  // namespace

namespace tables {
constinit const TypeInfo leaf_boolean = leaf<bool>("bool", Kind::boolean, false);
constinit const TypeInfo leaf_int32 = leaf<int32_t>("int32", Kind::int32, false);
constinit const TypeInfo leaf_int64 = leaf<int64_t>("int64", Kind::int64, false);
constinit const TypeInfo leaf_number = leaf<double>("number", Kind::number, false);
constinit const TypeInfo leaf_string = leaf<Str>("string", Kind::string, true);
constinit const TypeInfo leaf_bytes = leaf<Str>("base64 string", Kind::bytes, true);
constinit const TypeInfo leaf_quantity = leaf<Quantity>("quantity", Kind::quantity, true);
constinit const TypeInfo leaf_int_or_string = leaf<IntOrString>("int32 or string", Kind::int_or_string, true);
constinit const TypeInfo leaf_time = leaf<Time>("time", Kind::time, false);
constinit const TypeInfo leaf_micro_time = leaf<MicroTime>("time", Kind::micro_time, false);
constinit const TypeInfo leaf_raw = leaf<RawJson>("JSON", Kind::raw, true);
}  // namespace tables

template <>
const TypeInfo& type_info<bool>() {
    return tables::leaf_boolean;
}
template <>
const TypeInfo& type_info<int32_t>() {
    return tables::leaf_int32;
}
template <>
const TypeInfo& type_info<int64_t>() {
    return tables::leaf_int64;
}
template <>
const TypeInfo& type_info<double>() {
    return tables::leaf_number;
}
template <>
const TypeInfo& type_info<Str>() {
    return tables::leaf_string;
}
template <>
const TypeInfo& type_info<Quantity>() {
    return tables::leaf_quantity;
}
template <>
const TypeInfo& type_info<IntOrString>() {
    return tables::leaf_int_or_string;
}
template <>
const TypeInfo& type_info<Time>() {
    return tables::leaf_time;
}
template <>
const TypeInfo& type_info<MicroTime>() {
    return tables::leaf_micro_time;
}
template <>
const TypeInfo& type_info<RawJson>() {
    return tables::leaf_raw;
}
const TypeInfo& bytes_type_info() { return tables::leaf_bytes; }

// The codec and the copy functions treat these as Str in memory.
static_assert(sizeof(Quantity) == sizeof(Str) && sizeof(RawJson) == sizeof(Str) && sizeof(Opt<Str>) == sizeof(Str));
static_assert(sizeof(List<Str>) == sizeof(void*) && sizeof(Map<Str>) == sizeof(void*));

}  // namespace orilla::api
