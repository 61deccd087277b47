// Small questions about the kinds of the Gateway API that controllers and the proxy ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "orilla/kinds/types.hpp"

namespace orilla::api {

inline constexpr std::string_view gateway_group = "gateway.networking.k8s.io";

/// The gateway that is built in serves it.
bool is_ours(const GatewayClass& gateway_class);
/// "1h", "1m30s", "500ms": as GEP-2257 has it. Nothing for other texts.
std::optional<int64_t> gateway_duration_ms(std::string_view text);

}  // namespace orilla::api
