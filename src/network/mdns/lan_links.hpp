// The links of the node that lead to a LAN, with what it is called there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "mdns/mdns_responder.hpp"

namespace orilla::network {

/// More addresses of one link are not told.
constexpr size_t link_addresses_max = 4;

struct LanLink {
    LinkAddresses addresses;
    std::vector<Cidr> networks;     ///< of its IPv4 addresses
    std::vector<Ipv6Bytes> own_v6;  ///< with the link-local ones, which packets come from
    bool operator==(const LanLink&) const = default;
};

/// By interface index: those that are up, can do multicast and have an address; not loopback, not `bridge`. Blocks for a
/// moment.
std::map<int, LanLink> read_lan_links(const std::string& bridge);

}  // namespace orilla::network
