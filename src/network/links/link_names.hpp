// Names that carry what Orilla must know again after a restart: the namespace file is UID_ADDRESS, the node's side of a
// pod's veth is "pod" and the address in hexadecimal. There is no other record of them.
#pragma once

#include <optional>
#include <string>

#include "orilla/base/ipv4.hpp"

namespace orilla::network {

struct NetnsName {
    std::string pod;
    Ipv4 ip;
};

Result<void> check_pod_name(const std::string& pod);
std::string netns_name(const std::string& pod, Ipv4 ip);
std::optional<NetnsName> parse_netns_name(const std::string& file);
std::string veth_name(Ipv4 ip);
std::optional<Ipv4> parse_veth_name(const std::string& name);

}  // namespace orilla::network
