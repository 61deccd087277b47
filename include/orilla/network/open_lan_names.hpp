// Multicast DNS (RFC 6762) on the links of this kernel. It promises that a flood of packets costs a bounded share of the
// processor, that what comes from beyond a link is not heard, and that without a name there is no socket.
#pragma once

#include <memory>
#include <string>

#include "orilla/base/random.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/lan_names.hpp"

namespace orilla::network {

/// `bridge` is the pods', which is no LAN. `executor` runs one job after another.
std::unique_ptr<LanNames> open_lan_names(loop::Loop& loop, loop::Executor& executor, Random& random, std::string bridge);

}  // namespace orilla::network
