#include "orilla/base/base64.hpp"

#include <array>

namespace orilla {
namespace {
constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> base64_values = [] {
    std::array<int8_t, 256> table{};
    table.fill(-1);
    for (size_t i = 0; i < base64_alphabet.size(); ++i)
        table[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<int8_t>(i);
    return table;
}();

int value_of(char c) { return base64_values[static_cast<unsigned char>(c)]; }

size_t padding_of(std::string_view text) { return text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0; }
}  // namespace

bool is_base64(std::string_view text) {
    if (text.size() % 4 != 0) return false;
    for (char c : text.substr(0, text.size() - padding_of(text)))
        if (value_of(c) < 0) return false;
    return true;
}

Result<std::string> decode_base64(std::string_view text) {
    if (!is_base64(text)) return Error(Code::invalid, "illegal base64 data");
    std::string out;
    out.reserve(text.size() / 4 * 3);
    uint32_t bits = 0;
    int count = 0;
    for (char c : text.substr(0, text.size() - padding_of(text))) {
        bits = bits << 6 | static_cast<uint32_t>(value_of(c));
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xff);
    }
    return out;
}

size_t decoded_base64_bytes(std::string_view text) { return text.size() / 4 * 3 - (text.size() < 4 ? 0 : padding_of(text)); }

std::string encode_base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k)
            group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : base64_alphabet[group >> (18 - 6 * k) & 63];
    }
    return out;
}

}  // namespace orilla
