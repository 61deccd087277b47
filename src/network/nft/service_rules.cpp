#include "orilla/network/open_service_rules.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
// After netinet/in.h, which it clashes with otherwise.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "links/repair_pace.hpp"
#include "netlink/conntrack.hpp"
#include "netlink/netlink.hpp"
#include "netlink/netlink_listener.hpp"
#include "nft/service_state.hpp"
#include "nft/service_table.hpp"
#include "orilla/base/log.hpp"

namespace orilla::network {

namespace {

constexpr int64_t look_pause_ms = 1'000;  ///< between two looks, however often others change their tables

/// Everything read back from the kernel; `valid` is false when the table is not there or not as we make it.
struct Seen {
    bool valid = false;
    bool rejecting = false;  ///< the rejecting chain's element is there
    ServiceTableContents contents;
};

NetlinkAttributes attributes_of(const NetlinkMessage& message) {
    const std::string_view rest = message.body.substr(std::min(message.body.size(), sizeof(nfgenmsg)));
    return {rest.data(), rest.size()};
}

Result<bool> read_table_is_ours(NetlinkSocket& socket, const ServiceRulesConfig& config) {
    NetlinkWriter request;
    request.begin(nft_message_type(NFT_MSG_GETTABLE), NLM_F_DUMP, nft_header(), "list nftables tables");
    request.end();
    bool ours = false;
    TRY_VOID(socket.dump(request, [&](const NetlinkMessage& message) {
        const NetlinkAttributes found = attributes_of(message);
        if (found.name(NFTA_TABLE_NAME) != config.table) return;
        ours = found.bytes(NFTA_TABLE_USERDATA).find(table_fingerprint(config)) != std::string_view::npos;
    }));
    return ours;
}

/// Chain name -> number of its rules.
Result<std::map<std::string, size_t>> read_chains(NetlinkSocket& socket, const std::string& table) {
    std::map<std::string, size_t> chains;
    NetlinkWriter request;
    request.begin(nft_message_type(NFT_MSG_GETCHAIN), NLM_F_DUMP, nft_header(), "list nftables chains");
    request.end();
    TRY_VOID(socket.dump(request, [&](const NetlinkMessage& message) {
        const NetlinkAttributes found = attributes_of(message);
        if (found.name(NFTA_CHAIN_TABLE) == table) chains.try_emplace(found.name(NFTA_CHAIN_NAME), 0);
    }));
    request.clear();
    request.begin(nft_message_type(NFT_MSG_GETRULE), NLM_F_DUMP, nft_header(), "list nftables rules");
    request.put_name(NFTA_RULE_TABLE, table);
    request.end();
    TRY_VOID(socket.dump(request, [&](const NetlinkMessage& message) {
        const NetlinkAttributes found = attributes_of(message);
        if (found.name(NFTA_RULE_TABLE) == table) ++chains[found.name(NFTA_RULE_CHAIN)];
    }));
    return chains;
}

void collect_element(ServiceMap map, std::string_view bytes, Seen& seen) {
    const NetlinkAttributes element(bytes.data(), bytes.size());
    const NetlinkAttributes key = element.nested(NFTA_SET_ELEM_KEY);
    const NetlinkAttributes data = element.nested(NFTA_SET_ELEM_DATA);
    const std::string chain = data.nested(NFTA_DATA_VERDICT).name(NFTA_VERDICT_CHAIN);
    const auto parsed = parse_element(map, key.bytes(NFTA_DATA_VALUE), data.bytes(NFTA_DATA_VALUE), chain);
    if (!parsed) seen.valid = false;
    else if (map == ServiceMap::chains && parsed->chain.rejects()) seen.rejecting = true;
    else seen.contents.elements.push_back(*parsed);
}

Result<void> read_elements(NetlinkSocket& socket, const std::string& table, ServiceMap map, Seen& seen) {
    NetlinkWriter request;
    request.begin(nft_message_type(NFT_MSG_GETSETELEM), NLM_F_DUMP, nft_header(), "list nftables elements");
    request.put_name(NFTA_SET_ELEM_LIST_TABLE, table);
    request.put_name(NFTA_SET_ELEM_LIST_SET, map_name(map));
    request.end();
    return socket.dump(request, [&](const NetlinkMessage& message) {
        for_each_attribute(attributes_of(message).bytes(NFTA_SET_ELEM_LIST_ELEMENTS),
                           [&](uint16_t, std::string_view bytes) { collect_element(map, bytes, seen); });
    });
}

/// All but the elements. Errors mean "not as we make it" as well: then the table is written anew.
Seen read_structure(NetlinkSocket& socket, const ServiceRulesConfig& config) {
    Seen seen;
    if (!read_table_is_ours(socket, config).value_or(false)) return seen;
    auto chains = read_chains(socket, config.table);
    if (!chains) return seen;
    seen.valid = true;
    size_t fixed = 0;
    for (const auto& [name, rules] : *chains) {
        const auto parsed = parse_service_chain(name);
        const bool picks = parsed && !parsed->rejects();
        if (picks) seen.contents.chains.insert(*parsed);
        else ++fixed;
        const size_t expected = picks ? rules_of(*parsed) : rules_of_fixed_chain(name);
        if (rules != expected) seen.valid = false;
    }
    if (fixed != fixed_chain_count()) seen.valid = false;
    return seen;
}

Seen read_kernel(NetlinkSocket& socket, const ServiceRulesConfig& config) {
    Seen seen = read_structure(socket, config);
    for (const ServiceMap map : service_maps)
        if (seen.valid && !read_elements(socket, config.table, map, seen)) seen.valid = false;
    if (!seen.rejecting) seen.valid = false;
    std::sort(seen.contents.elements.begin(), seen.contents.elements.end());
    return seen;
}

class ServiceRulesImpl final : public ServiceRules {
  public:
    ServiceRulesImpl(ServiceRulesConfig config, NetlinkSocket socket)
        : config_(std::move(config)), socket_(std::move(socket)), state_(config_.pod_cidr) {}

    Result<void> replace_all(Services services) override {
        state_ = ServiceState(config_.pod_cidr);
        for (const auto& [owner, ports] : services) (void)state_.set(owner, ports);
        started_ = true;
        return repair();
    }

    Result<void> update(const std::string& owner, std::vector<ServicePortSpec> ports) override {
        if (!started_) return Error(Code::unavailable, "service rules: not everything that is wanted is known yet");
        const ServiceChange change = state_.set(owner, ports);
        if (dirty_) return repair();
        if (change.empty()) return ok();
        NftBatch batch(config_.table);
        write_change(batch, change);
        auto committed = socket_.commit(batch.finish());
        if (!committed) {
            // Somebody else changed our table, or flushed it.
            log::warning(fmt::format("service rules: {}: writing the table anew", committed.error().message()));
            return repair();
        }
        forget(change.udp_frontends);
        return ok();
    }

    Result<void> repair() override;
    Result<bool> repair_if_missing() override {
        if (!started_) return false;
        const Seen seen = read_structure(socket_, config_);
        if (seen.valid && seen.contents.chains == state_.chains() && !dirty_) return false;
        log::warning("service rules: the nftables table was removed or changed: writing it anew");
        TRY_VOID(repair());
        return true;
    }
    Result<void> follow(loop::Loop& loop) override;

    std::optional<std::string> find_conflict(const std::string& owner) const override { return state_.find_conflict(owner); }
    std::optional<std::string> find_node_port_owner(Protocol protocol, uint16_t port) const override {
        return state_.find_owner({true, {}, protocol, port});
    }

  private:
    loop::Task<void> hear_of_changes(loop::Loop& loop);
    static void forget(const std::vector<UdpFrontend>& frontends) {
        auto forgotten = forget_stale_flows(frontends);
        if (!forgotten) log::warning("service rules: stale UDP flows: " + forgotten.error().message());
    }

    ServiceRulesConfig config_;
    NetlinkSocket socket_;
    ServiceState state_;
    bool started_ = false;  ///< state_ is everything; before, the table of an earlier daemon must stay
    bool dirty_ = true;     ///< the kernel may differ from state_
    RepairPace pace_;
    std::unique_ptr<NetlinkListener> listener_;
    std::unique_ptr<loop::Scope> scope_;  ///< last: its task uses all of the above
};

Result<void> ServiceRulesImpl::repair() {
    dirty_ = true;
    Seen seen = read_kernel(socket_, config_);
    NftBatch batch(config_.table);
    if (!seen.valid) {
        // Deleting what may not be there is an error, so it is added first. One transaction: no packet sees it missing.
        batch.add_table({});
        batch.delete_table();
        write_table(batch, config_);
        seen.contents = {};
    }
    const ServiceChange change = plan_service_change(state_.contents(), seen.contents);
    write_change(batch, change);
    if (!batch.empty()) {
        auto committed = socket_.commit(batch.finish());
        if (!committed) return std::move(committed).error().with_context("service rules");
    }
    dirty_ = false;
    forget(change.udp_frontends);
    return ok();
}

/// A reload of the node's firewall flushes every table.
loop::Task<void> ServiceRulesImpl::hear_of_changes(loop::Loop& loop) {
    for (int64_t looked_ms = loop.now_ms() - look_pause_ms;;) {
        AWAIT(auto heard, listener_->next());
        if (!heard) {
            log::warning("service rules: changes by others are not noticed any more: " + heard.error().message());
            co_return;
        }
        const int64_t now_ms = loop.now_ms();
        auto pause = loop.sleep_for(std::max(pace_.pause_ms(now_ms), looked_ms + look_pause_ms - now_ms));
        co_await pause;
        listener_->drain();
        looked_ms = loop.now_ms();
        auto repaired = repair_if_missing();
        if (!repaired) log::warning("service rules: " + repaired.error().message());
        if (!repaired || *repaired) pace_.repaired(looked_ms);
    }
}

Result<void> ServiceRulesImpl::follow(loop::Loop& loop) {
    NetlinkListenSpec spec;
    spec.protocol = NETLINK_NETFILTER;
    spec.groups = {NFNLGRP_NFTABLES};
    // One message ends each transaction; ours are no news.
    spec.filter = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(nft_message_type(NFT_MSG_NEWGEN)), 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(socket_.port_id()), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    spec.what = "nftables";
    TRY(listener_, NetlinkListener::open(loop, std::move(spec)));
    scope_ = std::make_unique<loop::Scope>(loop);
    scope_->spawn(hear_of_changes(loop));
    return ok();
}

}  // namespace

Result<std::unique_ptr<ServiceRules>> open_service_rules(ServiceRulesConfig config) {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER));
    return std::unique_ptr<ServiceRules>(std::make_unique<ServiceRulesImpl>(std::move(config), std::move(socket)));
}

Result<void> remove_service_rules(const ServiceRulesConfig& config) {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER));
    NftBatch batch(config.table);
    batch.add_table({});
    batch.delete_table();
    return socket.commit(batch.finish());
}

}  // namespace orilla::network
