#include "orilla/kinds/protobuf.hpp"

#include <fmt/core.h>

#include "orilla/schema/codec.hpp"

namespace orilla::api {
namespace {

/// Bodies that are not objects of a served kind; a group of none: of any.
struct OtherBody {
    std::string_view api_version;
    const TypeInfo& type;
};
const OtherBody other_bodies[] = {
    {"", type_info<DeleteOptions>()},
    {"autoscaling/v1", type_info<Scale>()},
    {"policy/v1", type_info<Eviction>()},
};

const TypeInfo* find_type(const KindRegistry& kinds, std::string_view api_version, std::string_view kind) {
    if (const KindInfo* served = kinds.find(api_version, kind)) return served->type;
    for (const OtherBody& body : other_bodies)
        if (body.type.name == kind && (body.api_version.empty() || body.api_version == api_version)) return &body.type;
    return nullptr;
}

Error unknown_kind(const ProtobufDocument& document) {
    return Error(Code::bad_request, fmt::format("no kind \"{}\" is registered for version \"{}\"", document.kind.substr(0, 256),
                                                document.api_version.substr(0, 256)));
}

struct Owned {
    const TypeInfo& type;
    std::string bytes;
    explicit Owned(const TypeInfo& of) : type(of), bytes(of.size, '\0') {}
    ~Owned() { destroy_value(type, bytes.data()); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
};

}  // namespace

Result<Object> decode_protobuf_object(const KindRegistry& kinds, std::string_view body) {
    TRY(ProtobufDocument document, read_protobuf_document(body));
    const KindInfo* kind = kinds.find(document.api_version, document.kind);
    if (kind == nullptr) return unknown_kind(document);
    Object object(*kind);
    TRY_VOID(decode_protobuf_into(*kind->type, object.data(), document.raw));
    return object;
}

Result<std::string> protobuf_to_json(const KindRegistry& kinds, std::string_view body, const TypeInfo* otherwise) {
    TRY(ProtobufDocument document, read_protobuf_document(body));
    const bool names_none = document.kind.empty() && document.api_version.empty();
    const TypeInfo* type = names_none ? otherwise : find_type(kinds, document.api_version, document.kind);
    if (type == nullptr) return unknown_kind(document);
    Owned value(*type);
    TRY_VOID(decode_protobuf_into(*type, value.bytes.data(), document.raw));
    std::string json;
    encode_to(json, *type, value.bytes.data());
    return json;
}

}  // namespace orilla::api
