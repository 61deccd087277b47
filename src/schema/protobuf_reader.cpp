#include "protobuf_reader.hpp"

namespace orilla::api {
namespace {

Error malformed(const char* what) { return Error(Code::bad_request, std::string("malformed protobuf: ") + what); }

}  // namespace

Result<uint64_t> ProtobufReader::varint() {
    constexpr unsigned bits_max = 64;
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits_max; shift += 7) {
        if (left_.empty()) return malformed("a number is cut off");
        auto byte = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    return malformed("a number is too long");
}

Result<uint64_t> ProtobufReader::fixed(size_t bytes) {
    if (left_.size() < bytes) return malformed("a number is cut off");
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(static_cast<unsigned char>(left_[i])) << (8 * i);
    left_.remove_prefix(bytes);
    return value;
}

Result<ProtobufField> ProtobufReader::next() {
    TRY(uint64_t tag, varint());
    constexpr uint64_t field_number_max = (uint64_t{1} << 29) - 1;
    if (tag >> 3 == 0 || tag >> 3 > field_number_max) return malformed("a field number is out of range");
    ProtobufField field;
    field.number = static_cast<uint32_t>(tag >> 3);
    field.wire = static_cast<WireType>(tag & 7);
    switch (field.wire) {
        case WireType::varint: {
            TRY(field.value, varint());
            return field;
        }
        case WireType::fixed64: {
            TRY(field.value, fixed(8));
            return field;
        }
        case WireType::fixed32: {
            TRY(field.value, fixed(4));
            return field;
        }
        case WireType::bytes: {
            TRY(uint64_t length, varint());
            if (length > left_.size()) return malformed("a field is longer than its message");
            field.bytes = left_.substr(0, static_cast<size_t>(length));
            left_.remove_prefix(static_cast<size_t>(length));
            return field;
        }
    }
    return malformed("unknown wire type");
}

}  // namespace orilla::api
