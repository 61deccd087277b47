// Hears of what this network namespace loses: devices that are removed, leave their bridge or are set down, addresses,
// routes, and the forwarding of packets. The kernel filters: what is added wakes nobody.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "netlink/netlink_listener.hpp"

namespace orilla::network {

/// Whose loss it is: a device by its name or by its index.
struct NetworkLoss {
    std::string device;
    int index = 0;
    bool everybody = false;  ///< of the whole node; also when there were too many to tell all
    bool operator==(const NetworkLoss&) const = default;
};
/// Of a notification, which is one message; nobody's (all empty) when nothing is lost by it.
NetworkLoss parse_network_loss(std::string_view datagram);

class LossWatch {
  public:
    /// Of the calling thread's network namespace, from now on.
    static Result<std::unique_ptr<LossWatch>> open(loop::Loop& loop);
    loop::Task<Result<NetworkLoss>> next();

  private:
    explicit LossWatch(std::unique_ptr<NetlinkListener> listener) : listener_(std::move(listener)) {}
    std::unique_ptr<NetlinkListener> listener_;
};

}  // namespace orilla::network
