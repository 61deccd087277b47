// The LAN addresses of this kernel. It promises that an address is asked for on the LAN before it is taken (as RFC 5227 says,
// in less time), that it outlives the daemon, that what somebody takes off the device is back at once, and that a LAN that
// floods it costs a bounded share of the processor. Without an address it listens to nothing.
#pragma once

#include <memory>
#include <string>

#include "orilla/base/random.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/address_pool.hpp"
#include "orilla/network/lan_addresses.hpp"

namespace orilla::network {

struct LanConfig {
    std::string bridge = "orilla0";  ///< of the pods: no LAN
    AddressPool pool;                ///< which addresses may be asked for
};

/// `executor` runs one job after another.
Result<std::unique_ptr<LanAddresses>> open_lan_addresses(loop::Loop& loop, loop::Executor& executor, Random& random,
                                                         LanConfig config);

}  // namespace orilla::network
