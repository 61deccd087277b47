// How a gateway that has outlived its daemon is found by the next one: a unix socket that the daemon bound and the gateway
// listens on once it is alone. Who connects, and is root, is sent the listening sockets (Sockets), and says Retire once
// somebody else serves them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "messages.hpp"
#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"
#include "packet_socket.hpp"

namespace orilla::gateway {

using PortSockets = std::map<uint16_t, UniqueFd>;

/// Under a name of its own until `show_meeting_place`, so that the gateway before is found until then.
Result<UniqueFd> make_meeting_place(const std::string& path);
Result<void> show_meeting_place(const std::string& path);

struct Predecessor {
    std::unique_ptr<PacketSocket> channel;  ///< null: there is none
    PortSockets sockets;
};
/// Waits for a moment at most.
loop::Task<Predecessor> meet_predecessor(loop::Loop& loop, std::string path);

/// The sockets of a message that is a Sockets, each checked to listen on the port that it is for.
Result<PortSockets> take_sockets(const Sockets& message, std::vector<UniqueFd> fds);
/// The message for all of these and what goes beside it; at most sockets_per_message_max.
std::pair<std::string, std::vector<int>> render_sockets(const PortSockets& sockets);

}  // namespace orilla::gateway
