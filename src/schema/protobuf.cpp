#include "orilla/schema/protobuf.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "map_order.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/utf8.hpp"
#include "orilla/schema/values.hpp"
#include "protobuf_reader.hpp"

namespace orilla::api {
namespace {

using detail::Block;

Error wrong_wire(std::string_view what) {
    return Error(Code::bad_request, "malformed protobuf: wrong wire type for " + std::string(what));
}

class MessageDecoder {
  public:
    Result<void> decode_object(const TypeInfo& type, void* object, std::string_view message, int depth) {
        if (depth > protobuf_depth_max)
            return Error(Code::bad_request, "protobuf nested deeper than " + std::to_string(protobuf_depth_max));
        ProtobufReader reader(message);
        const size_t unsorted_before = unsorted_.size();
        while (!reader.at_end()) {
            TRY(ProtobufField wire, reader.next());
            TRY_VOID(decode_wire(type, object, 0, wire, depth));
        }
        for (; unsorted_.size() > unsorted_before; unsorted_.pop_back()) {
            const FieldInfo& field = *unsorted_.back().field;
            detail::map_sort(*static_cast<Block**>(field.in(object)), *field.type);
        }
        return ok();
    }

  private:
    /// `outer` is the number of the nested message that holds the fields of a struct inlined in JSON, 0 outside.
    Result<void> decode_wire(const TypeInfo& type, void* object, uint32_t outer, const ProtobufField& wire, int depth) {
        bool inlined = false;
        for (const FieldInfo& field : type.fields) {
            if (field.proto_field == wire.number && field.proto_outer == outer)
                return add_context(field, decode_field(field, object, wire, depth));
            inlined |= outer == 0 && field.proto_outer == wire.number;
        }
        if (!inlined) return ok();  // a newer client's field
        if (wire.wire != WireType::bytes) return wrong_wire(type.name);
        ProtobufReader reader(wire.bytes);
        while (!reader.at_end()) {
            TRY(ProtobufField inner, reader.next());
            TRY_VOID(decode_wire(type, object, wire.number, inner, depth));
        }
        return ok();
    }

    static Result<void> add_context(const FieldInfo& field, Result<void> result) {
        if (result) return result;
        return std::move(result).error().with_context(field.name);
    }

    Result<void> decode_field(const FieldInfo& field, void* object, const ProtobufField& wire, int depth) {
        if (field.shape == Shape::list) return decode_element(field, object, wire, depth);
        if (field.shape == Shape::map) return decode_entry(field, object, wire, depth);
        return decode_value(*field.type, ensure_field_value(field, object), wire, depth);
    }

    Result<void> count_element() {
        if (++elements_ > protobuf_elements_max)
            return Error(Code::too_large, fmt::format("protobuf with more than {} list elements", protobuf_elements_max));
        return ok();
    }

    Result<void> decode_element(const FieldInfo& field, void* object, const ProtobufField& wire, int depth) {
        Block*& block = *static_cast<Block**>(field.in(object));
        const TypeInfo& type = *field.type;
        bool number = type.kind == Kind::int32 || type.kind == Kind::int64 || type.kind == Kind::boolean;
        if (!number || wire.wire != WireType::bytes) {
            TRY_VOID(count_element());
            return decode_value(type, detail::block_insert(block, type.size, detail::block_size(block)), wire, depth);
        }
        ProtobufReader packed(wire.bytes);
        while (!packed.at_end()) {
            ProtobufField one{wire.number, WireType::varint, 0, {}};
            TRY(one.value, packed.varint());
            TRY_VOID(count_element());
            TRY_VOID(decode_value(type, detail::block_insert(block, type.size, detail::block_size(block)), one, depth));
        }
        return ok();
    }

    /// A map entry is a message {1: key, 2: value}; the last one of a key counts.
    Result<void> decode_entry(const FieldInfo& field, void* object, const ProtobufField& wire, int depth) {
        if (wire.wire != WireType::bytes) return wrong_wire(field.name);
        TRY_VOID(count_element());
        std::string_view key;
        ProtobufField value{2, WireType::bytes, 0, {}};
        ProtobufReader reader(wire.bytes);
        while (!reader.at_end()) {
            TRY(ProtobufField one, reader.next());
            if (one.number == 1) key = one.bytes;
            if (one.number == 2) value = one;
        }
        if (!is_utf8(key)) return Error(Code::bad_request, "a map key is not UTF-8");
        const TypeInfo& type = *field.type;
        Block*& block = *static_cast<Block**>(field.in(object));
        size_t stride = detail::map_stride(type);
        if (is_unsorted(field, object) || detail::map_wants_append(block, stride, key)) {
            if (!is_unsorted(field, object)) unsorted_.push_back({&field, object});
            return decode_value(type, detail::map_append(block, stride, Str(key)) + detail::map_value_offset(type), value,
                                depth);
        }
        uint32_t index = detail::map_lower_bound(block, stride, key);
        std::byte* entry = index < detail::block_size(block) ? block->elements() + index * stride : nullptr;
        if (entry == nullptr || !(*reinterpret_cast<Str*>(entry) == key)) {
            entry = static_cast<std::byte*>(detail::block_insert(block, stride, index));
            *reinterpret_cast<Str*>(entry) = Str(key);
        } else {
            destroy_value(type, entry + detail::map_value_offset(type));
            std::fill_n(entry + detail::map_value_offset(type), type.size, std::byte{});
        }
        return decode_value(type, entry + detail::map_value_offset(type), value, depth);
    }

    bool is_unsorted(const FieldInfo& field, const void* object) const {
        return std::ranges::any_of(unsorted_, [&](const auto& one) { return one.field == &field && one.object == object; });
    }

    Result<void> decode_value(const TypeInfo& type, void* place, const ProtobufField& wire, int depth) {
        switch (type.kind) {
            case Kind::boolean:
            case Kind::int32:
            case Kind::int64: return decode_number(type, place, wire);
            case Kind::number: {
                if (wire.wire != WireType::fixed64) return wrong_wire(type.name);
                *static_cast<double*>(place) = std::bit_cast<double>(wire.value);
                return ok();
            }
            default: break;
        }
        if (wire.wire != WireType::bytes) return wrong_wire(type.name);
        switch (type.kind) {
            case Kind::object: return decode_object(type, place, wire.bytes, depth + 1);
            case Kind::string: return decode_text(*static_cast<Str*>(place), wire.bytes);
            case Kind::bytes: return *static_cast<Str*>(place) = Str(encode_base64(wire.bytes)), ok();
            case Kind::quantity: return decode_quantity(*static_cast<Quantity*>(place), wire.bytes);
            case Kind::int_or_string: return decode_int_or_string(*static_cast<IntOrString*>(place), wire.bytes);
            case Kind::time:
            case Kind::micro_time: return decode_time(type, place, wire.bytes);
            default: return decode_raw(*static_cast<RawJson*>(place), wire.bytes);
        }
    }

    static Result<void> decode_number(const TypeInfo& type, void* place, const ProtobufField& wire) {
        if (wire.wire != WireType::varint) return wrong_wire(type.name);
        auto value = static_cast<int64_t>(wire.value);
        if (type.kind == Kind::boolean) *static_cast<bool*>(place) = value != 0;
        else if (type.kind == Kind::int32) *static_cast<int32_t*>(place) = static_cast<int32_t>(value);
        else *static_cast<int64_t*>(place) = value;
        return ok();
    }

    static Result<void> decode_text(Str& place, std::string_view bytes) {
        if (!is_utf8(bytes)) return Error(Code::bad_request, "text is not UTF-8");
        if (!bytes.empty()) place = Str(bytes);  // an optional text was made present, though empty, by now
        return ok();
    }

    /// The first field with this number, or nothing.
    static Result<ProtobufField> find(std::string_view message, uint32_t number) {
        ProtobufField found;
        ProtobufReader reader(message);
        while (!reader.at_end()) {
            TRY(ProtobufField one, reader.next());
            if (one.number == number) found = one;
        }
        return found;
    }

    static Result<void> decode_quantity(Quantity& place, std::string_view message) {
        TRY(ProtobufField text, find(message, 1));
        if (text.bytes.empty()) return ok();
        TRY(place, Quantity::parse(text.bytes));
        return ok();
    }

    static Result<void> decode_int_or_string(IntOrString& place, std::string_view message) {
        TRY(ProtobufField type, find(message, 1));
        TRY(ProtobufField number, find(message, 2));
        TRY(ProtobufField text, find(message, 3));
        if (!is_utf8(text.bytes)) return Error(Code::bad_request, "text is not UTF-8");
        place = type.value == 1 ? IntOrString(Str(text.bytes)) : IntOrString(static_cast<int32_t>(number.value));
        return ok();
    }

    static Result<void> decode_time(const TypeInfo& type, void* place, std::string_view message) {
        if (message.empty()) return ok();  // Go's zero time
        TRY(ProtobufField seconds, find(message, 1));
        TRY(ProtobufField nanos, find(message, 2));
        auto unix_s = static_cast<int64_t>(seconds.value);
        // Years 1 to 9999: what RFC 3339 can print.
        constexpr int64_t least_s = -62'135'596'800, most_s = 253'402'300'799;
        if (unix_s < least_s || unix_s > most_s) return Error(Code::bad_request, "a time is out of range");
        if (unix_s == least_s && nanos.value == 0) return ok();
        constexpr uint64_t nanos_per_s = 1'000'000'000;
        int64_t micros = static_cast<int64_t>(nanos.value % nanos_per_s / 1000);
        if (type.kind == Kind::time) *static_cast<Time*>(place) = Time(unix_s);
        else *static_cast<MicroTime*>(place) = MicroTime(unix_s * 1'000'000 + micros);
        return ok();
    }

    static Result<void> decode_raw(RawJson& place, std::string_view message) {
        TRY(ProtobufField raw, find(message, 1));
        if (raw.bytes.empty()) return ok();
        // The codec checks that it is JSON at all and makes it compact.
        return decode_into(type_info<RawJson>(), &place, raw.bytes);
    }

    /// Maps whose entries came out of order, of the messages that are being read: sorted at the end of each.
    struct Unsorted {
        const FieldInfo* field;
        const void* object;
    };
    std::vector<Unsorted> unsorted_;
    size_t elements_ = 0;
};
}  // namespace

Result<ProtobufDocument> read_protobuf_document(std::string_view body) {
    constexpr std::string_view magic("k8s\0", 4);
    if (body.size() > protobuf_bytes_max)
        return Error(Code::too_large, "Request entity too large: limit is " + std::to_string(protobuf_bytes_max));
    if (!body.starts_with(magic))
        return Error(Code::bad_request, "the body is not Kubernetes protobuf: it lacks the prefix \"k8s\\x00\"");
    ProtobufReader reader(body.substr(magic.size()));
    ProtobufDocument document;
    std::string_view type_meta;
    while (!reader.at_end()) {
        TRY(ProtobufField field, reader.next());
        if (field.number == 1) type_meta = field.bytes;
        if (field.number == 2) document.raw = field.bytes;
        if (field.number == 3 && !field.bytes.empty())
            return Error(Code::unsupported_media_type, "protobuf with a content encoding");
    }
    ProtobufReader names(type_meta);
    while (!names.at_end()) {
        TRY(ProtobufField field, names.next());
        if (field.number == 1) document.api_version = field.bytes;
        if (field.number == 2) document.kind = field.bytes;
    }
    return document;
}

Result<void> decode_protobuf_into(const TypeInfo& type, void* target, std::string_view raw) {
    if (raw.size() > protobuf_bytes_max) return Error(Code::too_large, "Request entity too large");
    return MessageDecoder().decode_object(type, target, raw, 0);
}

}  // namespace orilla::api
