#include "orilla/network/address_pool.hpp"

#include <fmt/core.h>
#include <algorithm>

namespace orilla::network {
namespace {

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

Result<AddressRange> parse_range(std::string_view text) {
    const size_t dash = text.find('-');
    AddressRange range;
    if (dash != std::string_view::npos) {
        TRY(range.first, parse_ipv4(trimmed(text.substr(0, dash))));
        TRY(range.last, parse_ipv4(trimmed(text.substr(dash + 1))));
    } else if (text.find('/') != std::string_view::npos) {
        TRY(const Cidr cidr, parse_cidr(text));
        range = {cidr.base, Ipv4{cidr.base.value | ~cidr.mask()}};
    } else {
        TRY(range.first, parse_ipv4(text));
        range.last = range.first;
    }
    if (range.last < range.first) return Error(Code::invalid, fmt::format("{}: the last address is before the first", text));
    // Where all that is refused begins and ends: who has both ends outside of it and spans it is too long anyway.
    if (!range.first.is_ordinary() || !range.last.is_ordinary())
        return Error(Code::invalid, fmt::format("{}: not addresses that hosts of a network can have", text));
    return range;
}

}  // namespace

bool AddressPool::contains(Ipv4 ip) const {
    return std::ranges::any_of(ranges_, [ip](const AddressRange& range) { return range.contains(ip); });
}

bool AddressPool::overlaps(const Cidr& network) const {
    return std::ranges::any_of(ranges_, [&network](const AddressRange& range) {
        return network.contains(range.first) || network.contains(range.last) || range.contains(network.base);
    });
}

Result<AddressPool> AddressPool::parse(std::string_view text) {
    AddressPool pool;
    uint64_t size = 0;
    for (std::string_view rest = trimmed(text); !rest.empty();) {
        const size_t comma = std::min(rest.find(','), rest.size());
        TRY(const AddressRange range, parse_range(trimmed(rest.substr(0, comma))));
        size += uint64_t{range.last.value} - range.first.value + 1;
        pool.ranges_.push_back(range);
        if (pool.ranges_.size() > ranges_max || size > addresses_max)
            return Error(Code::invalid, fmt::format("at most {} ranges with {} addresses", ranges_max, addresses_max));
        if (comma == rest.size()) break;
        rest = trimmed(rest.substr(comma + 1));
        if (rest.empty()) return Error(Code::invalid, "a range is missing after the last comma");
    }
    std::ranges::sort(pool.ranges_);
    for (size_t i = 1; i < pool.ranges_.size(); ++i)
        if (pool.ranges_[i].first <= pool.ranges_[i - 1].last)
            return Error(Code::invalid, fmt::format("{} is there twice", pool.ranges_[i].first.text()));
    return pool;
}

}  // namespace orilla::network
