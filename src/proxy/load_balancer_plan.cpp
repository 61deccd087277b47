#include "load_balancer_plan.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/objects/queue_key.hpp"

namespace orilla::proxy {
namespace {

/// MetalLB's, for manifests that were written for it.
constexpr std::string_view asked_annotation = "metallb.io/loadBalancerIPs";

const char* protocol_text(network::Protocol protocol) {
    if (protocol == network::Protocol::udp) return "UDP";
    return protocol == network::Protocol::sctp ? "SCTP" : "TCP";
}

}  // namespace

std::string port_text(const PortUse& port) { return fmt::format("{}/{}", port.port, protocol_text(port.protocol)); }

Wish wish_of(const api::Service& service) {
    Wish wish;
    wish.owner = objects::key_of(service.metadata);
    wish.asked = service.spec.load_balancer_ip.str();
    const auto* annotation = service.metadata.annotations.get(asked_annotation);
    if (wish.asked.empty() && annotation) wish.asked = annotation->str();
    for (const auto& port : service.spec.ports)
        wish.ports.push_back({network::to_protocol(port.protocol.view()), static_cast<uint16_t>(port.port)});
    return wish;
}

const Ipv4* AddressBook::find(const std::string& owner) const {
    const auto found = held_.find(owner);
    return found == held_.end() ? nullptr : &found->second.ip;
}

const std::string* AddressBook::owner_of(Ipv4 ip) const {
    const auto found = owners_.find(ip);
    return found == owners_.end() ? nullptr : &found->second;
}

/// Whether the owner may have this one, whatever it has now.
Result<void> AddressBook::check(const Wish& wish, Ipv4 ip) const {
    if (is_shared() ? ip != node_ip_ : !pool_.contains(ip))
        return Error(Code::invalid, fmt::format("\"{}\" is not allowed in config", ip.text()));
    if (!is_shared()) {
        const auto owner = owners_.find(ip);
        if (owner == owners_.end() || owner->second == wish.owner) return ok();
        return Error(Code::conflict, fmt::format("{} is already in use by service {}", ip.text(), owner->second));
    }
    for (const PortUse& port : wish.ports) {
        const auto owner = port_owners_.find(port);
        if (owner != port_owners_.end() && owner->second != wish.owner)
            return Error(Code::conflict, fmt::format("port {} of the node's address {} is already in use by service {}",
                                                     port_text(port), ip.text(), owner->second));
    }
    return ok();
}

Result<Ipv4> AddressBook::choose(const Wish& wish, int64_t now_ms) {
    release(wish.owner);
    std::optional<Ipv4> ip;
    if (!wish.asked.empty()) {
        const auto asked = parse_ipv4(wish.asked);
        if (!asked) return Error(Code::invalid, fmt::format("\"{}\" is not an IPv4 address", wish.asked));
        ip = *asked;
    } else {
        ip = is_shared() ? std::optional(node_ip_) : next_free(now_ms);
    }
    if (!ip || !*ip) return Error(Code::conflict, "no available IPs");
    TRY_VOID(check(wish, *ip));
    hold(wish, *ip);
    return *ip;
}

bool AddressBook::adopt(const Wish& wish, Ipv4 ip) {
    if (!wish.asked.empty() && parse_ipv4(wish.asked).value_or(Ipv4{}) != ip) return false;
    if (!check(wish, ip)) return false;
    hold(wish, ip);
    return true;
}

bool AddressBook::keeps(const Wish& wish) {
    const Ipv4* ip = find(wish.owner);
    return ip && adopt(wish, Ipv4(*ip));
}

bool AddressBook::has_same_ports(const Wish& wish) const {
    const auto held = held_.find(wish.owner);
    return held != held_.end() && held->second.ports == wish.ports;
}

void AddressBook::hold(const Wish& wish, Ipv4 ip) {
    release(wish.owner);
    held_[wish.owner] = {ip, wish.ports};
    if (!is_shared()) owners_[ip] = wish.owner;
    else
        for (const PortUse& port : wish.ports) port_owners_[port] = wish.owner;
}

void AddressBook::release(const std::string& owner) {
    const auto found = held_.find(owner);
    if (found == held_.end()) return;
    if (!is_shared()) {
        owners_.erase(found->second.ip);
        returned_.insert(found->second.ip);
    }
    for (const PortUse& port : found->second.ports) {
        const auto mine = port_owners_.find(port);
        if (mine != port_owners_.end() && mine->second == owner) port_owners_.erase(mine);
    }
    held_.erase(found);
}

void AddressBook::avoid(Ipv4 ip, int64_t now_ms) {
    returned_.erase(ip);
    avoided_.emplace_back(now_ms + avoid_ms, ip);
}

std::optional<Ipv4> AddressBook::next_free(int64_t now_ms) {
    for (; !avoided_.empty() && avoided_.front().first <= now_ms; avoided_.pop_front())
        returned_.insert(avoided_.front().second);
    while (!returned_.empty()) {
        const Ipv4 ip = *returned_.begin();
        returned_.erase(returned_.begin());
        if (!owners_.contains(ip)) return ip;
    }
    while (range_ < pool_.ranges().size()) {
        const network::AddressRange& range = pool_.ranges()[range_];
        const Ipv4 ip{range.first.value + offset_};
        if (ip == range.last) ++range_, offset_ = 0;
        else ++offset_;
        if (!owners_.contains(ip)) return ip;
    }
    return std::nullopt;
}

}  // namespace orilla::proxy
