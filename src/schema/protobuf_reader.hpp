// One protobuf message, read field by field. Every length is checked against what is left; a message that lies ends the
// reading with an error. It knows no schema.
#pragma once

#include <cstdint>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::api {

enum class WireType : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct ProtobufField {
    uint32_t number = 0;
    WireType wire = WireType::varint;
    uint64_t value = 0;      ///< of varint, fixed64 and fixed32
    std::string_view bytes;  ///< of bytes
};

class ProtobufReader {
  public:
    explicit ProtobufReader(std::string_view message) : left_(message) {}
    bool at_end() const { return left_.empty(); }
    Result<ProtobufField> next();
    /// Also for packed lists.
    Result<uint64_t> varint();

  private:
    Result<uint64_t> fixed(size_t bytes);
    std::string_view left_;
};

}  // namespace orilla::api
