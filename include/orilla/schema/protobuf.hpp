// Request bodies of type application/vnd.kubernetes.protobuf: kubectl 1.32 and later send them and do not fall back.
// Decoding is driven by the tables' field numbers and gives what the JSON form of the same request would give. Bytes
// are hostile: lengths, nesting and numbers of elements are bounded, and unknown fields are skipped. Nothing is ever
// encoded as protobuf here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/schema/type_info.hpp"

namespace orilla::api {

inline constexpr std::string_view protobuf_content_type = "application/vnd.kubernetes.protobuf";
inline constexpr size_t protobuf_bytes_max = size_t{3} << 20;
inline constexpr int protobuf_depth_max = 64;
/// Elements that the lists of one message may have together; an element of a struct list can be one byte on the wire.
inline constexpr size_t protobuf_elements_max = 20'000;

/// The envelope: `k8s\0`, then TypeMeta and the raw object.
struct ProtobufDocument {
    std::string_view api_version;
    std::string_view kind;
    std::string_view raw;  ///< points into the request
};
Result<ProtobufDocument> read_protobuf_document(std::string_view body);

/// Decodes a bare message into the zeroed value at `target`; on error its content is valid but meaningless.
Result<void> decode_protobuf_into(const TypeInfo& type, void* target, std::string_view raw);
/// A request body of a known type: its kind is not checked.
template <class T>
Result<T> decode_protobuf(std::string_view body) {
    TRY(ProtobufDocument document, read_protobuf_document(body));
    T value{};
    TRY_VOID(decode_protobuf_into(type_info<T>(), &value, document.raw));
    return value;
}

}  // namespace orilla::api
