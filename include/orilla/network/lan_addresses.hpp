// Addresses that the node takes on its LAN beside its own. An interface without a kernel behind it: open_lan_addresses.hpp has
// the real one, tests and simulations have their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/loop/task.hpp"
#include "orilla/network/service_rules.hpp"

namespace orilla::network {

/// A port on which somebody on the node listens.
struct ListeningPort {
    Protocol protocol = Protocol::tcp;
    uint16_t port = 0;
    auto operator<=>(const ListeningPort&) const = default;
};

class LanAddresses {
  public:
    /// Somebody on the LAN says that he has an address that the node has taken; `who` is his hardware address.
    using ConflictFn = std::function<void(Ipv4 ip, const std::string& who)>;

    virtual ~LanAddresses() = default;
    /// Gives `ip` to the device whose network it is in, once nobody on the LAN has said that he has it, and announces it. One
    /// that an earlier daemon took is only announced. Code::conflict says who has it; Code::invalid that it can be nobody's.
    virtual loop::Task<Result<void>> take(Ipv4 ip) = 0;
    /// Fine when it is not there.
    virtual loop::Task<Result<void>> give_back(Ipv4 ip) = 0;
    /// For the start: gives back what an earlier daemon took besides. Call it before the first `take`.
    virtual loop::Task<Result<void>> keep_only(std::vector<Ipv4> ips) = 0;
    /// On `ip` or on every address of the node; sorted, each once.
    virtual loop::Task<Result<std::vector<ListeningPort>>> listening(Ipv4 ip) = 0;
    virtual void on_conflict(ConflictFn conflict) = 0;
};

}  // namespace orilla::network
