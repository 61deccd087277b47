#include "links/ip_allocator.hpp"

#include <algorithm>
#include <cassert>

namespace orilla::network {

IpAllocator::IpAllocator(Cidr range, uint32_t reserved_low)
    : first_(range.base.value + 1 + reserved_low),
      last_(range.base.value + static_cast<uint32_t>(range.size() - 2)),
      next_(first_) {
    assert(range.prefix <= 29 && range.prefix >= 8);
}

bool IpAllocator::reserve(Ipv4 ip) {
    if (ip.value < first_ || ip.value > last_) return false;
    // Go on behind the addresses that are in use at start: those before them were given up last.
    next_ = std::max(next_, ip.value == last_ ? first_ : ip.value + 1);
    return used_.insert(ip.value).second;
}

const IpAllocator::Released* IpAllocator::find_resting(uint32_t address, int64_t now_ms) const {
    const auto found = std::ranges::find(released_, address, &Released::address);
    return found != released_.end() && now_ms - found->at_ms < rest_ms ? &*found : nullptr;
}

std::optional<Ipv4> IpAllocator::allocate(int64_t now_ms) {
    if (used_.size() == capacity()) return std::nullopt;
    std::optional<uint32_t> chosen;
    int64_t oldest_ms = INT64_MAX;
    for (size_t tried = 0; tried < capacity(); ++tried) {
        const uint32_t address = next_;
        next_ = next_ == last_ ? first_ : next_ + 1;
        if (used_.count(address)) continue;
        const Released* resting = find_resting(address, now_ms);
        if (resting && resting->at_ms >= oldest_ms) continue;
        chosen = address;
        if (!resting) break;
        oldest_ms = resting->at_ms;
    }
    assert(chosen);
    std::erase_if(released_, [address = *chosen](const Released& released) { return released.address == address; });
    used_.insert(*chosen);
    return Ipv4{*chosen};
}

void IpAllocator::release(Ipv4 ip, int64_t now_ms) {
    if (!used_.erase(ip.value)) return;
    std::erase_if(released_, [now_ms](const Released& released) { return now_ms - released.at_ms >= rest_ms; });
    released_.push_back({ip.value, now_ms});
}

}  // namespace orilla::network
