// Who gets which address: the pool's, each for one service, or the node's own for all as long as their ports differ. Decides
// only; pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/network/address_pool.hpp"
#include "orilla/network/lan_addresses.hpp"

namespace orilla::proxy {

using PortUse = network::ListeningPort;
/// "87/TCP"
std::string port_text(const PortUse& port);

/// What a service asks for.
struct Wish {
    std::string owner;  ///< "NS/NAME"
    std::string asked;  ///< an address, as the user wrote it; empty: any
    std::vector<PortUse> ports;
};
Wish wish_of(const api::Service& service);

class AddressBook {
  public:
    static constexpr int64_t avoid_ms = 60'000;

    /// An empty pool: `node_ip` is shared.
    AddressBook(network::AddressPool pool, Ipv4 node_ip) : pool_(std::move(pool)), node_ip_(node_ip) {}

    bool is_shared() const { return pool_.empty(); }
    const Ipv4* find(const std::string& owner) const;
    /// Of an address of the pool; null: nobody's.
    const std::string* owner_of(Ipv4 ip) const;
    /// Some addresses may be free later, without anybody giving one back.
    bool avoids_some() const { return !avoided_.empty(); }
    /// Gives `wish.owner` an address and its ports. The error says why not, as an event goes on after "Failed to allocate IP".
    Result<Ipv4> choose(const Wish& wish, int64_t now_ms);
    /// Of an earlier daemon: false when it cannot have that one any more.
    bool adopt(const Wish& wish, Ipv4 ip);
    /// Whether what the owner holds is still what it wishes; its ports may have changed. Else it is to choose again.
    bool keeps(const Wish& wish);
    bool has_same_ports(const Wish& wish) const;
    void release(const std::string& owner);
    /// Somebody on the LAN has it: nobody is given it for a while, who has not asked for it.
    void avoid(Ipv4 ip, int64_t now_ms);

  private:
    struct Held {
        Ipv4 ip;
        std::vector<PortUse> ports;
    };
    Result<void> check(const Wish& wish, Ipv4 ip) const;
    std::optional<Ipv4> next_free(int64_t now_ms);
    void hold(const Wish& wish, Ipv4 ip);

    const network::AddressPool pool_;
    const Ipv4 node_ip_;
    std::map<std::string, Held> held_;
    std::map<Ipv4, std::string> owners_;          ///< of the pool's addresses
    std::map<PortUse, std::string> port_owners_;  ///< of the node's
    std::set<Ipv4> returned_;                     ///< may be free; before those that were never given
    size_t range_ = 0;                            ///< of the pool: where those begin
    uint32_t offset_ = 0;
    std::deque<std::pair<int64_t, Ipv4>> avoided_;  ///< until when
};

}  // namespace orilla::proxy
