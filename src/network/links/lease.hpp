// A pod address that is somebody's.
#pragma once

#include <utility>

#include "links/ip_allocator.hpp"
#include "orilla/base/clock.hpp"

namespace orilla::network {

/// An address is the allocator's again when its holder is gone, also when a start was cancelled halfway.
class Lease {
  public:
    Lease(IpAllocator& allocator, const Clock& clock, Ipv4 ip) : allocator_(&allocator), clock_(&clock), ip_(ip) {}
    Lease(Lease&& other) noexcept
        : allocator_(std::exchange(other.allocator_, nullptr)), clock_(other.clock_), ip_(other.ip_) {}
    Lease& operator=(Lease&& other) noexcept {
        std::swap(allocator_, other.allocator_);
        std::swap(clock_, other.clock_);
        std::swap(ip_, other.ip_);
        return *this;
    }
    ~Lease() {
        if (allocator_) allocator_->release(ip_, clock_->monotonic_ms());
    }
    Ipv4 ip() const { return ip_; }

  private:
    IpAllocator* allocator_;
    const Clock* clock_;
    Ipv4 ip_;
};

}  // namespace orilla::network
