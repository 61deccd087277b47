#pragma once

namespace orilla::apiserver {

/// Whose members may use the unix socket.
inline constexpr const char* admin_group = "orilla";

}  // namespace orilla::apiserver
