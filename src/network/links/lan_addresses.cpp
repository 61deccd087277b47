#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "links/arp.hpp"
#include "links/listening_ports.hpp"
#include "links/repair_pace.hpp"
#include "netlink/loss_watch.hpp"
#include "netlink/rtnetlink.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/network/node_ip.hpp"
#include "orilla/network/open_lan_addresses.hpp"

namespace orilla::network {
namespace {

// RFC 5227 asks for seven seconds. Hosts of a LAN answer in milliseconds; who sleeps is asked three times.
constexpr int arp_probes = 3;
constexpr int64_t probe_pause_ms = 300, first_probe_ms_max = 100;
constexpr int announcements = 2;
constexpr int64_t announcement_pause_ms = 2'000;
/// Packets of a LAN that are looked at in one turn, and how long they gather for it: a flood is not followed.
constexpr int packets_per_turn_max = 64;
constexpr int64_t gather_ms = 20;
constexpr int64_t defend_pause_ms = 10'000;  ///< RFC 5227's DEFEND_INTERVAL
constexpr int64_t lost_retry_ms = 10'000;    ///< while no network leads to an address that somebody took away
constexpr int receive_buffer_bytes = 64 * 1024;

// ---- one device ------------------------------------------------------------------------------------------------------

/// Speaks ARP on an Ethernet device.
class ArpPort {
  public:
    /// Null for a device without ARP.
    static Result<std::unique_ptr<ArpPort>> open(loop::Loop& loop, int device, const AddressPool& pool) {
        // Without a protocol it hears nothing until it is bound: the filter is there first.
        UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!fd) return Error::from_errno("open a packet socket", errno);
        std::vector<sock_filter> filter = arp_filter(pool);
        const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
        if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
            return Error::from_errno("filter ARP", errno);
        (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
        sockaddr_ll address = address_on(device);
        socklen_t size = sizeof address;
        if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
            return Error::from_errno("listen to ARP", errno);
        if (address.sll_hatype != ARPHRD_ETHER || address.sll_halen != sizeof(HardwareAddress))
            return std::unique_ptr<ArpPort>();
        HardwareAddress own;
        std::copy_n(address.sll_addr, own.size(), own.begin());
        return std::unique_ptr<ArpPort>(new ArpPort(loop, std::move(fd), device, own));
    }

    const HardwareAddress& own() const { return own_; }

    /// To everybody. What does not go out now is said again.
    void ask(Ipv4 sender, Ipv4 target) {
        const std::string bytes = render_arp({false, own_, sender, target});
        sockaddr_ll everybody = address_on(device_);
        everybody.sll_halen = sizeof(HardwareAddress);
        std::fill_n(everybody.sll_addr, sizeof(HardwareAddress), 0xff);
        (void)::sendto(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&everybody),
                       sizeof everybody);
    }

    /// Some packets of others; waits for them. An empty list means that the device is of no use any more. However many come, it
    /// looks a few times a second.
    loop::Task<std::vector<ArpPacket>> next() {
        for (std::vector<ArpPacket> heard;;) {
            if (!has_more_) {
                // Not watched in between: every frame would wake the loop.
                watch_.emplace(loop_, fd_.get());
                co_await watch_->readable();
                watch_.reset();
            }
            auto gather = loop_.sleep_for(gather_ms);
            co_await gather;
            bool usable = true;
            has_more_ = read_some(heard, usable) == packets_per_turn_max;
            if (!heard.empty() || !usable) co_return heard;
        }
    }

  private:
    ArpPort(loop::Loop& loop, UniqueFd fd, int device, const HardwareAddress& own)
        : loop_(loop), fd_(std::move(fd)), device_(device), own_(own) {}

    static sockaddr_ll address_on(int device) {
        sockaddr_ll address{};
        address.sll_family = AF_PACKET;
        address.sll_protocol = htons(ETH_P_ARP);
        address.sll_ifindex = device;
        return address;
    }

    int read_some(std::vector<ArpPacket>& heard, bool& usable) {
        char buffer[64];
        int looked = 0;
        while (looked < packets_per_turn_max) {
            const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
            if (got < 0 && errno == EAGAIN) break;
            ++looked;
            // A device that is set down says so once.
            if (got < 0 && errno != EINTR && errno != ENETDOWN && errno != ENOBUFS) return usable = false, looked;
            const auto packet = got < 0 ? std::nullopt : parse_arp({buffer, static_cast<size_t>(got)});
            if (packet && packet->sender_hardware != own_) heard.push_back(*packet);
        }
        return looked;
    }

    loop::Loop& loop_;
    UniqueFd fd_;
    std::optional<loop::FdWatch> watch_;
    const int device_;
    const HardwareAddress own_;
    bool has_more_ = false;  ///< than a turn looks at
};

// ---- blocking steps --------------------------------------------------------------------------------------------------

/// What jobs on the executor share; one at a time uses it.
struct Lan {
    std::string bridge;
    NetlinkSocket socket;
    std::map<Ipv4, int> there = {};  ///< device of each address that has our label
};

/// The device for an address that is not there yet.
Result<int> find_lan_device(Lan& lan, Ipv4 ip) {
    const auto route = find_route(lan.socket, ip);
    if (!route) return Error(Code::unavailable, fmt::format("no network of the node leads to {}", ip.text()));
    if (route->type == RTN_LOCAL) return Error(Code::invalid, ip.text() + " is an address of the node itself");
    if (route->type != RTN_UNICAST || route->device == 0)
        return Error(Code::invalid, ip.text() + " is no address that a host of the network can have");
    if (find_link(lan.socket, lan.bridge).value_or(0) == route->device)
        return Error(Code::invalid, ip.text() + " is in the network of the pods");
    return route->device;
}

Result<void> add_address(Lan& lan, Ipv4 ip, int device) {
    TRY_VOID(add_labelled_address(lan.socket, device, ip, balancer_label));
    lan.there[ip] = device;
    return ok();
}

Result<void> remove_own_address(Lan& lan, Ipv4 ip) {
    const auto found = lan.there.find(ip);
    if (found == lan.there.end()) return ok();
    auto removed = remove_address(lan.socket, {found->second, ip, 32});
    // It went with its device.
    if (!removed && removed.error().error_number() != ENODEV) return removed;
    lan.there.erase(found);
    return ok();
}

Result<void> keep_only_addresses(Lan& lan, const std::vector<Ipv4>& ips) {
    TRY(const std::vector<AddressInfo> addresses, read_addresses(lan.socket));
    lan.there.clear();
    for (const AddressInfo& address : addresses) {
        if (address.label != balancer_label) continue;
        if (std::ranges::find(ips, address.ip) != ips.end()) lan.there[address.ip] = address.link;
        else TRY_VOID(remove_address(lan.socket, address));
    }
    return ok();
}

/// Those that somebody took off their devices.
Result<std::vector<Ipv4>> find_lost_addresses(Lan& lan) {
    TRY(const std::vector<AddressInfo> addresses, read_addresses(lan.socket));
    std::map<Ipv4, int> wanted = lan.there;
    for (const AddressInfo& address : addresses) wanted.erase(address.ip);
    std::vector<Ipv4> lost;
    for (const auto& [ip, device] : wanted) lost.push_back(ip);
    return lost;
}

// ---- all of them -----------------------------------------------------------------------------------------------------

class LanAddressesImpl final : public LanAddresses {
  public:
    LanAddressesImpl(loop::Loop& loop, loop::Executor& executor, Random& random, LanConfig config, std::shared_ptr<Lan> lan)
        : loop_(loop),
          executor_(executor),
          random_(random),
          pool_(std::move(config.pool)),
          lan_(std::move(lan)),
          scope_(loop) {}

    loop::Task<Result<void>> take(Ipv4 ip) override;
    loop::Task<Result<void>> give_back(Ipv4 ip) override {
        taken_.erase(ip);
        auto task = loop::run_on(executor_, loop_, [lan = lan_, ip] { return remove_own_address(*lan, ip); });
        return task;
    }
    loop::Task<Result<void>> keep_only(std::vector<Ipv4> ips) override {
        return loop::run_on(executor_, loop_, [lan = lan_, ips] { return keep_only_addresses(*lan, ips); });
    }
    loop::Task<Result<std::vector<ListeningPort>>> listening(Ipv4 ip) override {
        return loop::run_on(executor_, loop_, [ip] { return read_listening_ports(ip); });
    }
    void on_conflict(ConflictFn conflict) override { conflict_ = std::move(conflict); }

  private:
    struct Taken {
        int device = 0;
        std::optional<int64_t> defended_ms = {};
    };
    struct Announcement {
        Ipv4 ip;
        int left = announcements;
    };

    Result<ArpPort*> port_of(int device);
    loop::Task<Result<void>> probe(Ipv4 ip, int device);
    loop::Task<void> listen(int device, ArpPort& port);
    void hear(const ArpPacket& packet);
    void defend(Ipv4 ip, Taken& taken, const HardwareAddress& who);
    void announce(Ipv4 ip);
    loop::Task<void> announce_all();
    loop::Task<void> watch_losses();
    loop::Task<bool> put_lost_back();
    loop::Task<Result<int>> put_back(Ipv4 ip);

    loop::Loop& loop_;
    loop::Executor& executor_;
    Random& random_;
    const AddressPool pool_;
    std::shared_ptr<Lan> lan_;
    ConflictFn conflict_;
    std::map<Ipv4, Taken> taken_;
    std::map<Ipv4, std::optional<HardwareAddress>> probed_;  ///< who else wants or has it
    std::map<int, std::unique_ptr<ArpPort>> ports_;          ///< null: a device without ARP
    std::set<int> gone_;                                     ///< of them, those that nobody hears any more
    std::vector<Announcement> announcements_;
    bool announcing_ = false;
    RepairPace pace_;
    std::unique_ptr<LossWatch> losses_;
    loop::Scope scope_;  ///< last: its tasks use all of the above
};

Result<ArpPort*> LanAddressesImpl::port_of(int device) {
    if (gone_.erase(device) > 0) ports_.erase(device);
    const auto found = ports_.find(device);
    if (found != ports_.end()) return found->second.get();
    TRY(auto port, ArpPort::open(loop_, device, pool_));
    ArpPort* const opened = port.get();
    ports_[device] = std::move(port);
    if (opened) scope_.spawn(listen(device, *opened));
    return opened;
}

loop::Task<Result<void>> LanAddressesImpl::take(Ipv4 ip) {
    auto look = loop::run_on(executor_, loop_, [lan = lan_, ip]() -> Result<std::pair<int, bool>> {
        const auto found = lan->there.find(ip);
        if (found != lan->there.end()) return std::pair(found->second, true);
        TRY(const int found_device, find_lan_device(*lan, ip));
        return std::pair(found_device, false);
    });
    CO_TRY(const auto place, std::move(look));
    const int device = place.first;
    if (!losses_) {
        CO_CHECK(losses_, LossWatch::open(loop_));
        scope_.spawn(watch_losses());
    }
    CO_CHECK_VOID(port_of(device));
    if (!place.second) {
        CO_TRY_VOID(probe(ip, device));
        auto add = loop::run_on(executor_, loop_, [lan = lan_, ip, device] { return add_address(*lan, ip, device); });
        CO_TRY_VOID(std::move(add));
    }
    taken_[ip] = {device};
    announce(ip);
    co_return ok();
}

loop::Task<Result<void>> LanAddressesImpl::probe(Ipv4 ip, int device) {
    probed_.insert_or_assign(ip, std::nullopt);
    auto first = loop_.sleep_for(static_cast<int64_t>(random_.below(first_probe_ms_max)));
    co_await first;
    for (int i = 0; i < arp_probes && !probed_[ip]; ++i) {
        const auto port = ports_.find(device);
        if (port != ports_.end() && port->second) port->second->ask(Ipv4{}, ip);
        else break;  // nobody can be asked
        auto pause = loop_.sleep_for(probe_pause_ms);
        co_await pause;
    }
    const auto heard = probed_[ip];
    probed_.erase(ip);
    if (heard) co_return Error(Code::conflict, fmt::format("{} is in use on the LAN by {}", ip.text(), hardware_text(*heard)));
    co_return ok();
}

loop::Task<void> LanAddressesImpl::listen(int device, ArpPort& port) {
    for (;;) {
        AWAIT(const auto packets, port.next());
        if (packets.empty()) break;
        for (const ArpPacket& packet : packets) hear(packet);
    }
    log::warning("load balancer addresses: a device of the LAN has gone");
    gone_.insert(device);
}

void LanAddressesImpl::hear(const ArpPacket& packet) {
    const bool probes_too = !packet.sender;
    const Ipv4 ip = probes_too ? packet.target : packet.sender;
    if (const auto probed = probed_.find(ip); probed != probed_.end()) {
        probed->second = packet.sender_hardware;
        return;
    }
    const auto taken = taken_.find(ip);
    // Who only asks is answered by the kernel.
    if (!probes_too && taken != taken_.end()) defend(ip, taken->second, packet.sender_hardware);
}

void LanAddressesImpl::defend(Ipv4 ip, Taken& taken, const HardwareAddress& who) {
    if (taken.defended_ms && loop_.now_ms() - *taken.defended_ms < defend_pause_ms) return;
    taken.defended_ms = loop_.now_ms();
    const auto port = ports_.find(taken.device);
    if (port != ports_.end() && port->second) port->second->ask(ip, ip);
    if (conflict_) conflict_(ip, hardware_text(who));
}

void LanAddressesImpl::announce(Ipv4 ip) {
    announcements_.push_back({ip});
    if (announcing_) return;
    announcing_ = true;
    scope_.spawn(announce_all());
}

loop::Task<void> LanAddressesImpl::announce_all() {
    // Those that are taken together are announced together.
    auto gather = loop_.sleep_for(1);
    co_await gather;
    while (!announcements_.empty()) {
        for (Announcement& one : announcements_) {
            --one.left;
            const auto taken = taken_.find(one.ip);
            if (taken == taken_.end()) continue;
            const auto port = ports_.find(taken->second.device);
            if (port != ports_.end() && port->second) port->second->ask(one.ip, one.ip);
        }
        std::erase_if(announcements_, [](const Announcement& one) { return one.left <= 0; });
        if (announcements_.empty()) break;
        auto pause = loop_.sleep_for(announcement_pause_ms);
        co_await pause;
    }
    announcing_ = false;
}

loop::Task<void> LanAddressesImpl::watch_losses() {
    for (;;) {
        AWAIT(const auto loss, losses_->next());
        if (!loss) {
            log::warning("load balancer addresses: losses are not noticed any more: " + loss.error().message());
            co_return;
        }
        if (taken_.empty()) continue;
        auto pause = loop_.sleep_for(pace_.pause_ms(loop_.now_ms()));
        co_await pause;
        for (bool all_back = false; !all_back;) {
            AWAIT(all_back, put_lost_back());
            if (all_back) break;
            auto again = loop_.sleep_for(lost_retry_ms);
            co_await again;
        }
    }
}

loop::Task<Result<int>> LanAddressesImpl::put_back(Ipv4 ip) {
    return loop::run_on(executor_, loop_, [lan = lan_, ip]() -> Result<int> {
        if (!lan->there.contains(ip)) return 0;  // given back meanwhile
        TRY(const int device, find_lan_device(*lan, ip));
        TRY_VOID(add_address(*lan, ip, device));
        return device;
    });
}

/// True when none is missing any more.
loop::Task<bool> LanAddressesImpl::put_lost_back() {
    auto look = loop::run_on(executor_, loop_, [lan = lan_] { return find_lost_addresses(*lan); });
    auto lost = co_await std::move(look);
    if (!lost) log::warning("load balancer addresses: " + lost.error().message());
    if (!lost) co_return true;
    size_t missing = 0;
    for (const Ipv4 ip : *lost) {
        AWAIT(const auto device, put_back(ip));
        const bool back = device && (*device == 0 || port_of(*device));
        if (!device) log::debug("load balancer addresses: " + device.error().message());
        if (!back) ++missing;
        if (!back || *device == 0 || !taken_.contains(ip)) continue;
        taken_[ip].device = *device;
        announce(ip);
    }
    if (lost->size() > missing) {
        pace_.repaired(loop_.now_ms());
        log::warning(
            fmt::format("load balancer addresses: {} had been taken off the node and are back", lost->size() - missing));
    }
    co_return missing == 0;
}

}  // namespace

Result<std::unique_ptr<LanAddresses>> open_lan_addresses(loop::Loop& loop, loop::Executor& executor, Random& random,
                                                         LanConfig config) {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    auto lan = std::make_shared<Lan>(Lan{config.bridge, std::move(socket)});
    return std::unique_ptr<LanAddresses>(
        std::make_unique<LanAddressesImpl>(loop, executor, random, std::move(config), std::move(lan)));
}

}  // namespace orilla::network
