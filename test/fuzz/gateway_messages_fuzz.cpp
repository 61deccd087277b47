// A packet between the daemon and the gateway, either of which may have been captured: what is read is written in the same
// bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "messages.hpp"

using namespace orilla;
using namespace orilla::gateway;

namespace {

void look_at_change(std::string_view bytes) {
    ChangePieces pieces;
    const auto whole = pieces.take({1, true, std::string(bytes)});
    if (!whole) return;
    const auto packets = encode_change((*whole)->change, 1);
    ChangePieces again;
    for (const auto& packet : *packets) {
        auto message = decode_to_gateway(packet);
        auto same = again.take(std::get<ChangePiece>(*message));
        if (*same && (*same)->change != (*whole)->change) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::string_view packet(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (*data == 0) {
        const auto message = decode_to_gateway(packet);
        if (message && encode(*message) != packet) std::abort();
    } else if (*data == 1) {
        const auto message = decode_to_daemon(packet);
        if (message && encode(*message) != packet) std::abort();
    } else {
        look_at_change(packet);
    }
    return 0;
}
