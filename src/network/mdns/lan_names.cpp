#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "mdns/lan_links.hpp"
#include "mdns/mdns_responder.hpp"
#include "mdns/mdns_socket.hpp"
#include "netlink/netlink_listener.hpp"
#include "orilla/base/log.hpp"
#include "orilla/network/open_lan_names.hpp"

namespace orilla::network {
namespace {

constexpr int mdns_packets_per_turn_max = 64;
constexpr int64_t mdns_gather_ms = 20;     ///< after a turn that was full: a flood is not followed
constexpr int64_t settle_ms = 100;         ///< addresses that come together are looked at together
constexpr int64_t read_again_ms = 60'000;  ///< when changes cannot be heard of

/// One family's socket, and whether somebody waits for it.
struct Ear {
    Ear(loop::Loop& loop, std::unique_ptr<MdnsSocket> the_socket) : socket(std::move(the_socket)), watch(loop, socket->fd()) {}
    std::unique_ptr<MdnsSocket> socket;
    loop::FdWatch watch;
};

class LanNamesImpl final : public LanNames {
  public:
    LanNamesImpl(loop::Loop& loop, loop::Executor& executor, Random& random, std::string bridge)
        : loop_(loop), executor_(executor), random_(random), bridge_(std::move(bridge)), timer_(loop) {}

    void serve(std::set<std::string> names) override;
    void on_conflict(ConflictFn conflict) override { conflict_ = std::move(conflict); }

  private:
    struct Link {
        explicit Link(Random& random) : responder(random) {}
        LanLink facts;
        MdnsResponder responder;
    };

    void open();
    void close();
    loop::Task<void> hear(Ear* ear);
    loop::Task<void> follow_links();
    loop::Task<void> wait_for_change(NetlinkListener* changes);
    void take_links(std::map<int, LanLink> links);
    void take(Ear& ear, const MdnsPacket& packet);
    bool is_own(const MdnsPacket& packet) const;
    void speak();

    loop::Loop& loop_;
    loop::Executor& executor_;
    Random& random_;
    const std::string bridge_;
    ConflictFn conflict_;
    std::set<std::string> names_;
    std::map<int, Link> links_;
    std::vector<std::unique_ptr<Ear>> ears_;
    loop::Timer timer_;
    std::optional<loop::Scope> scope_;  ///< last: its tasks use all of the above
};

void LanNamesImpl::serve(std::set<std::string> names) {
    while (names.size() > lan_names_max) {
        log::warning("multicast DNS: too many names, this one is not announced: " + *names.rbegin());
        names.erase(std::prev(names.end()));
    }
    if (names == names_) return;
    names_ = std::move(names);
    for (auto& [index, link] : links_) link.responder.set_names(names_, loop_.now_ms());
    if (!names_.empty() && !scope_) open();
    speak();
    if (names_.empty()) close();
}

void LanNamesImpl::open() {
    scope_.emplace(loop_);
    for (const int family : {AF_INET, AF_INET6}) {
        auto socket = MdnsSocket::open(family);
        if (!socket && family == AF_INET6) continue;  // a kernel without it
        if (!socket) {
            log::warning(socket.error().message() + ": names ending in .local are not answered for");
            continue;
        }
        ears_.push_back(std::make_unique<Ear>(loop_, std::move(*socket)));
        scope_->spawn(hear(ears_.back().get()));
    }
    scope_->spawn(follow_links());
}

void LanNamesImpl::close() {
    scope_.reset();
    timer_.disarm();
    links_.clear();
    ears_.clear();
}

// ---- links
// -------------------------------------------------------------------------------------------------------------------

loop::Task<void> LanNamesImpl::wait_for_change(NetlinkListener* changes) {
    if (changes == nullptr) {
        auto pause = loop_.sleep_for(read_again_ms);
        co_await pause;
        co_return;
    }
    AWAIT(const auto heard, changes->next());
    if (!heard) log::warning("multicast DNS: " + heard.error().message());
    auto settle = loop_.sleep_for(heard ? settle_ms : read_again_ms);
    co_await settle;
    changes->drain();
}

loop::Task<void> LanNamesImpl::follow_links() {
    NetlinkListenSpec spec;
    spec.protocol = NETLINK_ROUTE;
    spec.groups = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
    spec.filter = {BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};  // pods have addresses in their own namespaces: these are few
    spec.what = "addresses";
    auto changes = NetlinkListener::open(loop_, std::move(spec));
    if (!changes) log::warning("multicast DNS: " + changes.error().message());
    for (;;) {
        auto read = loop::run_on(executor_, loop_, [bridge = bridge_] { return read_lan_links(bridge); });
        auto links = co_await std::move(read);
        take_links(std::move(links));
        AWAIT_VOID(wait_for_change(changes ? changes->get() : nullptr));
    }
}

void LanNamesImpl::take_links(std::map<int, LanLink> links) {
    for (auto it = links_.begin(); it != links_.end();) {
        if (links.contains(it->first)) {
            ++it;
            continue;
        }
        for (const auto& ear : ears_) ear->socket->leave(it->first);
        it = links_.erase(it);
    }
    for (auto& [index, facts] : links) {
        const auto [at, is_new] = links_.try_emplace(index, random_);
        if (is_new) {
            for (const auto& ear : ears_) ear->socket->join(index);
            at->second.responder.set_names(names_, loop_.now_ms());
        }
        at->second.responder.set_addresses(facts.addresses, loop_.now_ms());
        at->second.facts = std::move(facts);
    }
    speak();
}

// ---- packets
// -----------------------------------------------------------------------------------------------------------------

loop::Task<void> LanNamesImpl::hear(Ear* ear) {
    const auto buffer = std::make_unique_for_overwrite<char[]>(MdnsSocket::packet_bytes_max);
    for (;;) {
        int looked = 0;
        while (looked < mdns_packets_per_turn_max) {
            const auto packet = ear->socket->try_read(buffer.get());
            if (!packet) break;
            ++looked;
            take(*ear, *packet);
        }
        speak();
        if (looked == mdns_packets_per_turn_max) {
            auto gather = loop_.sleep_for(mdns_gather_ms);
            co_await gather;
        } else {
            co_await ear->watch.readable();
        }
    }
}

/// Of whichever link: two of them may lead to one LAN.
bool LanNamesImpl::is_own(const MdnsPacket& packet) const {
    return std::ranges::any_of(links_, [&packet](const auto& link) {
        const LanLink& facts = link.second.facts;
        if (packet.v4) return std::ranges::find(facts.addresses.v4, packet.v4) != facts.addresses.v4.end();
        return std::ranges::find(facts.own_v6, packet.v6) != facts.own_v6.end();
    });
}

void LanNamesImpl::take(Ear& ear, const MdnsPacket& packet) {
    const auto found = links_.find(packet.link);
    if (found == links_.end()) return;
    Link& link = found->second;
    // Section 11: what was sent to us alone has to come from our own network.
    const auto has = [&](const Cidr& network) { return network.contains(packet.v4); };
    if (!packet.is_multicast && packet.v4 && std::ranges::none_of(link.facts.networks, has)) return;
    MdnsSource from;
    // The port is not part of it: two packets of one cut query may come from two sockets.
    from.key = packet.v4 ? packet.v4.value : std::hash<std::string_view>()({packet.v6.data(), packet.v6.size()});
    from.is_legacy = packet.port != mdns_port;
    from.is_self = is_own(packet);
    const std::string answer = link.responder.hear(packet.bytes, from, loop_.now_ms());
    if (!answer.empty()) ear.socket->answer(packet, answer);
}

void LanNamesImpl::speak() {
    int64_t next_ms = INT64_MAX;
    std::map<std::string, bool> conflicts;
    for (auto& [index, link] : links_) {
        for (const std::string& bytes : link.responder.take_due(loop_.now_ms()))
            for (const auto& ear : ears_) ear->socket->say(index, bytes);
        for (const auto& conflict : link.responder.take_conflicts()) conflicts[conflict.name] |= conflict.is_anothers;
        next_ms = std::min(next_ms, link.responder.next_due_ms());
    }
    if (next_ms == INT64_MAX) timer_.disarm();
    else if (!timer_.armed() || timer_.deadline_ms() != next_ms) timer_.arm_at(next_ms, [this] { speak(); });
    for (const auto& [name, is_anothers] : conflicts) {
        log::warning("multicast DNS: " +
                     (is_anothers ? "another host of the LAN has the name " + name : name + " is ours now"));
        if (conflict_) conflict_(name, is_anothers);
    }
}

}  // namespace

std::unique_ptr<LanNames> open_lan_names(loop::Loop& loop, loop::Executor& executor, Random& random, std::string bridge) {
    return std::make_unique<LanNamesImpl>(loop, executor, random, std::move(bridge));
}

}  // namespace orilla::network
