// Addresses to give away: ranges and CIDRs, as the configuration names them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"

namespace orilla::network {

struct AddressRange {
    Ipv4 first, last;
    auto operator<=>(const AddressRange&) const = default;
    bool contains(Ipv4 ip) const { return first <= ip && ip <= last; }
};

class AddressPool {
  public:
    static constexpr size_t ranges_max = 32;
    static constexpr uint64_t addresses_max = 65'536;

    /// Empty: there is none.
    bool empty() const { return ranges_.empty(); }
    bool contains(Ipv4 ip) const;
    bool overlaps(const Cidr& network) const;
    /// Sorted, none overlaps another.
    const std::vector<AddressRange>& ranges() const { return ranges_; }
    /// "192.168.1.240-192.168.1.250,192.168.2.0/28"; empty gives an empty one. Refuses ranges that overlap, and addresses that
    /// no host may have.
    static Result<AddressPool> parse(std::string_view text);

  private:
    std::vector<AddressRange> ranges_;
};

}  // namespace orilla::network
