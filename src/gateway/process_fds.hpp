// The fds that the gateway's process finds at its start. Nothing else is open but /dev/null as 0 and 1, and the daemon's log
// as 2.
#pragma once

namespace orilla::gateway {

inline constexpr int control_fd = 3;  ///< the daemon: SOCK_SEQPACKET, messages.hpp
inline constexpr int meeting_fd = 4;  ///< where the next daemon comes (handover.hpp)

}  // namespace orilla::gateway
