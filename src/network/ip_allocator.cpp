#include "ip_allocator.hpp"

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

bool IpAllocator::resting(uint32_t address, int64_t now_ms) const {
    const auto found = released_ms_.find(address);
    return found != released_ms_.end() && now_ms - found->second < rest_ms;
}

std::optional<Ipv4> IpAllocator::allocate(int64_t now_ms) {
    if (used_.size() == capacity()) return std::nullopt;
    std::optional<uint32_t> oldest;
    for (size_t tried = 0; tried < capacity(); ++tried) {
        const uint32_t address = next_;
        next_ = next_ == last_ ? first_ : next_ + 1;
        if (used_.count(address)) continue;
        if (resting(address, now_ms)) {
            if (!oldest || released_ms_[address] < released_ms_[*oldest]) oldest = address;
            continue;
        }
        oldest = address;
        break;
    }
    assert(oldest);
    released_ms_.erase(*oldest);
    used_.insert(*oldest);
    return Ipv4{*oldest};
}

void IpAllocator::release(Ipv4 ip, int64_t now_ms) {
    if (used_.erase(ip.value)) released_ms_[ip.value] = now_ms;
}

}  // namespace orilla::network
