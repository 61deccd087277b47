#include "nft/service_table.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
// After netinet/in.h, which it clashes with otherwise.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include <linux/rtnetlink.h>

#include <functional>

namespace orilla::network {

namespace {
constexpr int layout_version = 5;  // one more whenever a rule or a map changes
constexpr uint32_t affinity_clients_max = 65'536;

// nft's numbers of its types; a concatenation holds six bits for each part.
constexpr uint32_t type_ip = 7, type_protocol = 12, type_port = 13, type_mark = 19, type_bits = 6;
constexpr uint32_t concat(std::initializer_list<uint32_t> types) {
    uint32_t all = 0;
    for (const uint32_t type : types) all = all << type_bits | type;
    return all;
}

constexpr uint32_t ip_source_offset = 12, ip_destination_offset = 16, port_destination_offset = 2, tcp_flags_offset = 13;
constexpr char affinity_map[] = "affinity";

// Priorities: before connection tracking; where destinations are translated; where sources are.
constexpr int before_conntrack = -300, dstnat = -100, at_filter = 0, srcnat = 100;

// ---- bytes -----------------------------------------------------------------------------------------------------------

template <class T>
void append_value(NftBytes& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
    out.resize((out.size() + 3) & ~size_t{3}, '\0');
}
void append_ip(NftBytes& out, Ipv4 ip) { append_value(out, htonl(ip.value)); }
void append_protocol(NftBytes& out, Protocol protocol) { append_value(out, static_cast<uint8_t>(protocol)); }
void append_port(NftBytes& out, uint16_t port) { append_value(out, htons(port)); }
void append_endpoint(NftBytes& out, Endpoint endpoint) {
    append_ip(out, endpoint.ip);
    append_port(out, endpoint.port);
}

NftBytes ip_bytes(Ipv4 ip) {
    NftBytes out;
    append_ip(out, ip);
    return out;
}

/// An interface's name as `meta iifname` loads it.
NftBytes set_name_bytes(const std::string& name) {
    NftBytes out = name;
    out.resize(16, '\0');
    return out;
}

/// A chain as one number: number of endpoints, above it the affinity timeout, above it what else is peculiar to it.
constexpr int timeout_shift = 11, flags_shift = 28;
constexpr uint32_t count_mask = (1 << timeout_shift) - 1, timeout_mask = (1 << (flags_shift - timeout_shift)) - 1;
enum ChainFlag : uint32_t { for_node_port = 1u << 28, for_inside = 1u << 29, is_restricted = 1u << 30, is_dropping = 1u << 31 };
static_assert(endpoints_per_service_port_max <= count_mask && affinity_timeout_s_max <= timeout_mask);

uint32_t chain_number(const ServiceChain& chain) {
    return uint32_t{chain.endpoints} | chain.affinity_timeout_s << timeout_shift | (chain.node_port ? for_node_port : 0u) |
           (chain.inside ? for_inside : 0u) | (chain.restricted ? is_restricted : 0u) | (chain.drops ? is_dropping : 0u);
}

ServiceChain chain_of(uint32_t number) {
    ServiceChain chain;
    chain.node_port = (number & for_node_port) != 0;
    chain.endpoints = static_cast<uint16_t>(number & count_mask);
    chain.affinity_timeout_s = number >> timeout_shift & timeout_mask;
    chain.inside = (number & for_inside) != 0;
    chain.restricted = (number & is_restricted) != 0;
    chain.drops = (number & is_dropping) != 0;
    return chain;
}

NftBytes key_of(const ServiceElement& element) {
    NftBytes key;
    if (element.map == ServiceMap::chains) {
        append_value(key, chain_number(element.chain));
        return key;
    }
    if (element.map != ServiceMap::node_ports) append_ip(key, element.ip);
    if (element.map == ServiceMap::hairpin) {
        append_ip(key, element.ip);
        return key;
    }
    if (element.map == ServiceMap::owned) return key;
    append_protocol(key, element.protocol);
    append_port(key, element.port);
    if (element.map == ServiceMap::endpoints) append_value(key, element.slot);
    if (element.map == ServiceMap::affinity_slots) append_value(key, element.slot);
    if (element.map == ServiceMap::affinity_endpoints) append_value(key, element.affinity_id);
    if (element.map == ServiceMap::sources) {
        append_value(key, static_cast<uint32_t>(element.source.prefix));
        append_ip(key, element.source.base);
    }
    return key;
}

/// Reads what append_* wrote; bytes that are missing are zero.
class KeyReader {
  public:
    explicit KeyReader(std::string_view bytes) : rest_(bytes) {}
    Ipv4 ip() { return {ntohl(take<uint32_t>())}; }
    Protocol protocol() { return static_cast<Protocol>(take<uint8_t>()); }
    uint16_t port() { return ntohs(take<uint16_t>()); }
    uint32_t number() { return take<uint32_t>(); }
    Endpoint endpoint() {
        const Ipv4 address = ip();
        return {address, port()};
    }

  private:
    template <class T>
    T take() {
        T value{};
        if (rest_.size() >= 4) std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(std::min<size_t>(rest_.size(), 4));
        return value;
    }
    std::string_view rest_;
};

// ---- pieces of rules -------------------------------------------------------------------------------------------------

void load_source(NftBatch& batch, int reg) { batch.load_payload(NFT_PAYLOAD_NETWORK_HEADER, ip_source_offset, 4, reg); }
void load_destination(NftBatch& batch, int reg) {
    batch.load_payload(NFT_PAYLOAD_NETWORK_HEADER, ip_destination_offset, 4, reg);
}
/// Two registers: protocol, destination port.
void load_protocol_port(NftBatch& batch, int reg) {
    batch.load_meta(NFT_META_L4PROTO, reg);
    batch.load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, port_destination_offset, 2, reg + 1);
}
/// Three registers: the frontend; node ports have the address 0 in the maps.
void load_frontend(NftBatch& batch, bool node_port, int reg) {
    if (node_port) batch.load_value(ip_bytes({}), reg);
    else load_destination(batch, reg);
    load_protocol_port(batch, reg + 1);
}

/// Goes on only when the address in `reg` is, or is not, in the range.
void match_range(NftBatch& batch, bool inside, int reg, const Cidr& range) {
    batch.mask(reg, ip_bytes({range.mask()}));
    batch.compare(inside, reg, ip_bytes(range.base));
}

void match_interface(NftBatch& batch, bool equal, uint32_t meta_key, const std::string& name) {
    batch.load_meta(meta_key, 0);
    batch.compare(equal, 0, set_name_bytes(name));
}

void match_translated(NftBatch& batch) {
    NftBytes bit, none;
    append_value(bit, uint32_t{IPS_DST_NAT});
    append_value(none, uint32_t{0});
    batch.load_ct(NFT_CT_STATUS, 0);
    batch.mask(0, bit);
    batch.compare(false, 0, none);
}

const Cidr loopback_range{Ipv4{0x7f000000}, 8};

// ---- the fixed chains ------------------------------------------------------------------------------------------------

using Rule = std::function<void(NftBatch&, const ServiceRulesConfig&)>;
struct FixedChain {
    const char* name;
    std::optional<NftBaseChain> base;
    std::vector<Rule> rules;
};

/// What pods may not send: the bridge routes loopback addresses (for 127.0.0.1:NodePort), so the node's own services on
/// loopback would be open to them; and nobody is another pod.
void guard_destination(NftBatch& batch, const ServiceRulesConfig& config) {
    match_interface(batch, true, NFT_META_IIFNAME, config.bridge);
    load_destination(batch, 0);
    match_range(batch, true, 0, loopback_range);
    batch.verdict(NF_DROP);
}
void guard_source(NftBatch& batch, const ServiceRulesConfig& config) {
    match_interface(batch, true, NFT_META_IIFNAME, config.bridge);
    load_source(batch, 0);
    match_range(batch, false, 0, config.pod_cidr);
    batch.verdict(NF_DROP);
}

/// A number passes from one register to another through the packet's mark, which is put back: nft (1.0) cannot print a
/// lookup whose key came straight out of another.
void pass_number(NftBatch& batch, int from, int to, int spare) {
    batch.load_meta(NFT_META_MARK, spare);
    batch.store_meta(NFT_META_MARK, from);
    batch.load_meta(NFT_META_MARK, to);
    batch.store_meta(NFT_META_MARK, spare);
}

/// A map of services gives a number, and a small map the chain for it: the kernel checks a map of verdicts as a whole
/// whenever it changes.
void go_to_chain(NftBatch& batch, ServiceMap map) {
    batch.lookup(map_name(map), 0, 4);
    pass_number(batch, 4, 6, 5);
    batch.lookup_verdict(map_name(ServiceMap::chains), 6);
}

void match_pod(NftBatch& batch, const ServiceRulesConfig& config) {
    load_source(batch, 0);
    match_range(batch, true, 0, config.cluster_cidr.value_or(config.pod_cidr));
}
void match_local_destination(NftBatch& batch) {
    NftBytes local;
    append_value(local, uint32_t{RTN_LOCAL});
    batch.load_local_type(0);
    batch.compare(true, 0, local);
}

void look_service_up(NftBatch& batch, const ServiceRulesConfig&) {
    load_frontend(batch, false, 0);
    go_to_chain(batch, ServiceMap::services);
}
void look_inside_up(NftBatch& batch, const ServiceRulesConfig&) {
    load_frontend(batch, false, 0);
    go_to_chain(batch, ServiceMap::inside);
}
void look_inside_up_for_pods(NftBatch& batch, const ServiceRulesConfig& config) {
    match_pod(batch, config);
    look_inside_up(batch, config);
}
void reject_unknown_service(NftBatch& batch, const ServiceRulesConfig& config) {
    load_destination(batch, 0);
    match_range(batch, true, 0, config.service_cidr);
    batch.verdict(NFT_GOTO, ServiceChain{}.name());
}
void look_node_port_up(NftBatch& batch, const ServiceRulesConfig&) {
    match_local_destination(batch);
    load_protocol_port(batch, 0);
    go_to_chain(batch, ServiceMap::node_ports);
}
void look_inside_node_port_up(NftBatch& batch, const ServiceRulesConfig&) {
    match_local_destination(batch);
    load_frontend(batch, true, 0);
    go_to_chain(batch, ServiceMap::inside);
}
void look_inside_node_port_up_for_pods(NftBatch& batch, const ServiceRulesConfig& config) {
    match_pod(batch, config);
    look_inside_node_port_up(batch, config);
}
/// An address of a load balancer is one of the node's, too: what listens on the node is not for whoever comes there.
void reject_unknown_owned(NftBatch& batch, const ServiceRulesConfig&) {
    batch.load_meta(NFT_META_L4PROTO, 0);
    batch.compare(false, 0, NftBytes(1, static_cast<char>(IPPROTO_ICMP)));
    load_destination(batch, 0);
    batch.lookup(map_name(ServiceMap::owned), 0);
    batch.verdict(NFT_GOTO, ServiceChain{}.name());
}

void masquerade_hairpin(NftBatch& batch, const ServiceRulesConfig& config) {
    // Not on loopback, where the node reaches itself as it is.
    match_interface(batch, true, NFT_META_OIFNAME, config.bridge);
    load_source(batch, 0);
    load_destination(batch, 1);
    batch.lookup(map_name(ServiceMap::hairpin), 0);
    batch.masquerade(false);
}
void masquerade_pods(NftBatch& batch, const ServiceRulesConfig& config) {
    load_source(batch, 0);
    match_range(batch, true, 0, config.pod_cidr);
    load_destination(batch, 0);
    match_range(batch, false, 0, config.cluster_cidr.value_or(config.pod_cidr));
    match_interface(batch, false, NFT_META_OIFNAME, config.bridge);
    match_interface(batch, false, NFT_META_OIFNAME, "lo");
    batch.masquerade(true);
}
void masquerade_loopback(NftBatch& batch, const ServiceRulesConfig&) {
    match_translated(batch);
    load_source(batch, 0);
    match_range(batch, true, 0, loopback_range);
    match_interface(batch, false, NFT_META_OIFNAME, "lo");
    batch.masquerade(false);
}
void masquerade_remote_endpoints(NftBatch& batch, const ServiceRulesConfig&) {
    match_translated(batch);
    match_interface(batch, false, NFT_META_OIFNAME, "lo");
    load_frontend(batch, false, 0);
    batch.lookup(map_name(ServiceMap::remote_endpoints), 0);
    batch.masquerade(false);
}

void match_tcp(NftBatch& batch, bool is_tcp) {
    batch.load_meta(NFT_META_L4PROTO, 0);
    batch.compare(is_tcp, 0, NftBytes(1, static_cast<char>(IPPROTO_TCP)));
}
void reject_tcp(NftBatch& batch, const ServiceRulesConfig&) {
    match_tcp(batch, true);
    batch.reject_with_reset();
}
void reject_others(NftBatch& batch, const ServiceRulesConfig&) { batch.reject_with_port_unreachable(); }

// The gateway's process connects to pods; it has no business with what listens on the node for itself, the API above all.

void match_gateway(NftBatch& batch, const ServiceRulesConfig& config) {
    NftBytes uid;
    append_value(uid, config.gateway_uid);
    batch.load_meta(NFT_META_SKUID, 0);
    batch.compare(true, 0, uid);
}
/// Its answers to clients are let through: only what opens a connection has SYN without ACK.
void match_opening_of_gateway(NftBatch& batch, const ServiceRulesConfig& config) {
    constexpr char syn = 0x02, ack = 0x10;
    match_gateway(batch, config);
    match_tcp(batch, true);
    batch.load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, tcp_flags_offset, 1, 0);
    batch.mask(0, NftBytes(1, static_cast<char>(syn | ack)));
    batch.compare(true, 0, NftBytes(1, syn));
}
void drop_other_protocols_of_gateway(NftBatch& batch, const ServiceRulesConfig& config) {
    match_gateway(batch, config);
    match_tcp(batch, false);
    batch.verdict(NF_DROP);
}
void keep_gateway_off_loopback(NftBatch& batch, const ServiceRulesConfig& config) {
    match_opening_of_gateway(batch, config);
    load_destination(batch, 0);
    match_range(batch, true, 0, loopback_range);
    batch.reject_with_reset();
}
void keep_gateway_off_api(NftBatch& batch, const ServiceRulesConfig& config) {
    NftBytes port;
    append_port(port, config.api_port);
    match_opening_of_gateway(batch, config);
    match_local_destination(batch);
    batch.load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, port_destination_offset, 2, 0);
    batch.compare(true, 0, NftBytes(port.data(), 2));
    batch.reject_with_reset();
}

/// A client in one of the frontend's ranges of this length comes back from here.
void admit_source(NftBatch& batch, int prefix) {
    NftBytes length;
    append_value(length, static_cast<uint32_t>(prefix));
    load_frontend(batch, false, 0);
    batch.load_value(length, 3);
    load_source(batch, 4);
    batch.mask(4, ip_bytes({Cidr{{}, prefix}.mask()}));
    batch.lookup(map_name(ServiceMap::sources), 0);
    batch.verdict(NFT_RETURN);
}
void drop_source(NftBatch& batch, const ServiceRulesConfig&) { batch.verdict(NF_DROP); }

std::vector<Rule> source_rules() {
    std::vector<Rule> rules;
    for (int prefix = 32; prefix >= 0; --prefix)
        rules.emplace_back([prefix](NftBatch& batch, const ServiceRulesConfig&) { admit_source(batch, prefix); });
    rules.emplace_back(drop_source);
    return rules;
}

constexpr char sources_chain[] = "admit";

const std::vector<FixedChain>& fixed_chains() {
    static const std::vector<FixedChain> chains = {
        {"reject", std::nullopt, {reject_tcp, reject_others}},
        {sources_chain, std::nullopt, source_rules()},
        {"guard", NftBaseChain{"filter", NF_INET_PRE_ROUTING, before_conntrack}, {guard_destination, guard_source}},
        {"prerouting",
         NftBaseChain{"nat", NF_INET_PRE_ROUTING, dstnat},
         {look_inside_up_for_pods, look_service_up, reject_unknown_service, look_inside_node_port_up_for_pods,
          look_node_port_up, reject_unknown_owned}},
        {"output",
         NftBaseChain{"nat", NF_INET_LOCAL_OUT, dstnat},
         {look_inside_up, look_service_up, reject_unknown_service, look_inside_node_port_up, look_node_port_up,
          reject_unknown_owned}},
        {"gateway",
         NftBaseChain{"filter", NF_INET_LOCAL_OUT, at_filter},
         {drop_other_protocols_of_gateway, keep_gateway_off_loopback, keep_gateway_off_api}},
        {"postrouting",
         NftBaseChain{"nat", NF_INET_POST_ROUTING, srcnat},
         {masquerade_hairpin, masquerade_pods, masquerade_loopback, masquerade_remote_endpoints}},
    };
    return chains;
}

// ---- the chains that pick an endpoint --------------------------------------------------------------------------------

uint32_t slots_of(const ServiceChain& chain) { return chain.inside ? inside_slots : 0; }

/// dnat to FRONTEND . numgen random mod N map @endpoints
void write_random_rule(NftBatch& batch, const ServiceChain& chain) {
    batch.begin_rule(chain.name());
    load_frontend(batch, chain.node_port, 0);
    batch.load_random(chain.endpoints, slots_of(chain), 3);
    batch.lookup(map_name(ServiceMap::endpoints), 0, 4);
    batch.dnat(4, 5);
    batch.end_rule();
}

/// A client that has an endpoint which is still there gets it, for another timeout.
void write_recall_rule(NftBatch& batch, const ServiceChain& chain) {
    batch.begin_rule(chain.name());
    load_source(batch, 0);
    load_frontend(batch, chain.node_port, 1);
    batch.lookup(affinity_map, 0, 8);
    load_frontend(batch, chain.node_port, 4);
    pass_number(batch, 8, 7, 9);
    batch.lookup(map_name(ServiceMap::affinity_endpoints), 4, 10);
    batch.change_dynamic(affinity_map, NftBatch::DynamicOp::update, 0, 7, static_cast<int>(chain.affinity_timeout_s));
    batch.dnat(10, 11);
    batch.end_rule();
}

/// Others get one at random, and it is remembered in the place of one that has gone. When too many clients are remembered
/// the update ends this rule, and the next one serves the client unremembered.
void write_remember_rule(NftBatch& batch, const ServiceChain& chain) {
    batch.begin_rule(chain.name());
    load_source(batch, 0);
    load_frontend(batch, chain.node_port, 1);
    load_frontend(batch, chain.node_port, 4);
    batch.load_random(chain.endpoints, slots_of(chain), 7);
    batch.lookup(map_name(ServiceMap::affinity_slots), 4, 8);
    pass_number(batch, 8, 7, 9);
    batch.lookup(map_name(ServiceMap::affinity_endpoints), 4, 10);
    batch.change_dynamic(affinity_map, NftBatch::DynamicOp::remove, 0, 7, 0);
    batch.change_dynamic(affinity_map, NftBatch::DynamicOp::update, 0, 7, static_cast<int>(chain.affinity_timeout_s));
    batch.dnat(10, 11);
    batch.end_rule();
}

void write_jump(NftBatch& batch, const ServiceChain& chain, int verdict, const std::string& to) {
    batch.begin_rule(chain.name());
    batch.verdict(verdict, to);
    batch.end_rule();
}

void write_chain(NftBatch& batch, const ServiceChain& chain) {
    batch.add_chain(chain.name());
    if (chain.restricted) write_jump(batch, chain, NFT_JUMP, sources_chain);
    if (chain.endpoints == 0) {
        if (chain.drops) return write_jump(batch, chain, NF_DROP, {});
        return write_jump(batch, chain, NFT_GOTO, ServiceChain{}.name());
    }
    if (chain.affinity_timeout_s > 0) {
        write_recall_rule(batch, chain);
        write_remember_rule(batch, chain);
    }
    write_random_rule(batch, chain);
}

void write_maps(NftBatch& batch) {
    constexpr uint32_t frontend = concat({type_ip, type_protocol, type_port});
    constexpr uint32_t endpoint = concat({type_ip, type_port});
    using Data = NftMapSpec::Data;
    batch.add_map({map_name(ServiceMap::chains), type_mark, 4, Data::verdict});
    batch.add_map({map_name(ServiceMap::services), frontend, 12, Data::value, type_mark, 4});
    batch.add_map({map_name(ServiceMap::node_ports), concat({type_protocol, type_port}), 8, Data::value, type_mark, 4});
    constexpr uint32_t numbered = concat({type_ip, type_protocol, type_port, type_mark});
    batch.add_map({map_name(ServiceMap::endpoints), numbered, 16, Data::value, endpoint, 8});
    batch.add_map({map_name(ServiceMap::affinity_slots), numbered, 16, Data::value, type_mark, 4});
    batch.add_map({map_name(ServiceMap::affinity_endpoints), numbered, 16, Data::value, endpoint, 8});
    batch.add_map({map_name(ServiceMap::hairpin), concat({type_ip, type_ip}), 8});
    batch.add_map({map_name(ServiceMap::remote_endpoints), frontend, 12});
    batch.add_map({map_name(ServiceMap::inside), frontend, 12, Data::value, type_mark, 4});
    batch.add_map({map_name(ServiceMap::sources), concat({type_ip, type_protocol, type_port, type_mark, type_ip}), 20});
    batch.add_map({map_name(ServiceMap::owned), type_ip, 4});
    batch.add_map({affinity_map, concat({type_ip, type_ip, type_protocol, type_port}), 16, Data::value, type_mark, 4, true,
                   affinity_clients_max});
}

void write_element(NftBatch& batch, const ServiceElement& element) {
    const char* map = map_name(element.map);
    NftBytes value;
    switch (element.map) {
        case ServiceMap::chains: return batch.add_verdict_element(map, key_of(element), element.chain.name());
        case ServiceMap::services:
        case ServiceMap::inside:
        case ServiceMap::node_ports: append_value(value, chain_number(element.chain)); break;
        case ServiceMap::affinity_slots: append_value(value, element.affinity_id); break;
        case ServiceMap::endpoints:
        case ServiceMap::affinity_endpoints: append_endpoint(value, element.endpoint); break;
        default: break;
    }
    batch.add_element(map, key_of(element), value);
}
}  // namespace

// ---- the table -------------------------------------------------------------------------------------------------------

std::string table_fingerprint(const ServiceRulesConfig& config) {
    const std::string cluster =
        config.cluster_cidr.value_or(config.pod_cidr) == config.pod_cidr ? "" : " " + config.cluster_cidr->text();
    return fmt::format("orilla {} {} {} {}{} {}/{}", layout_version, config.bridge, config.pod_cidr.text(),
                       config.service_cidr.text(), cluster, config.gateway_uid, config.api_port);
}

void write_table(NftBatch& batch, const ServiceRulesConfig& config) {
    batch.add_table(table_fingerprint(config));
    write_maps(batch);
    for (const FixedChain& chain : fixed_chains()) {
        batch.add_chain(chain.name, chain.base);
        for (const Rule& rule : chain.rules) {
            batch.begin_rule(chain.name);
            rule(batch, config);
            batch.end_rule();
        }
    }
    ServiceElement rejecting;
    rejecting.map = ServiceMap::chains;
    write_element(batch, rejecting);
}

void write_change(NftBatch& batch, const ServiceChange& change) {
    for (const ServiceChain& chain : change.chains_added) write_chain(batch, chain);
    // Removed before added: an element whose value changes is both.
    for (const ServiceElement& element : change.elements_removed) batch.delete_element(map_name(element.map), key_of(element));
    for (const ServiceElement& element : change.elements_added) write_element(batch, element);
    for (const ServiceChain& chain : change.chains_removed) batch.delete_chain(chain.name());
}

size_t fixed_chain_count() { return fixed_chains().size(); }

size_t rules_of_fixed_chain(const std::string& chain) {
    for (const FixedChain& fixed : fixed_chains())
        if (chain == fixed.name) return fixed.rules.size();
    return 0;
}

size_t rules_of(const ServiceChain& chain) {
    return (chain.restricted ? 1 : 0) + (chain.affinity_timeout_s > 0 && chain.endpoints > 0 ? 3 : 1);
}

std::optional<ServiceElement> parse_element(ServiceMap map, std::string_view key, std::string_view value,
                                            const std::string& chain) {
    ServiceElement element;
    KeyReader reader(key), values(value);
    element.map = map;
    switch (map) {
        case ServiceMap::chains: element.chain = chain_of(reader.number()); break;
        case ServiceMap::hairpin: element.ip = reader.ip(); break;
        case ServiceMap::node_ports: break;
        default: element.ip = reader.ip(); break;
    }
    if (map != ServiceMap::hairpin && map != ServiceMap::chains && map != ServiceMap::owned) {
        element.protocol = reader.protocol();
        element.port = reader.port();
    }
    if (map == ServiceMap::endpoints || map == ServiceMap::affinity_slots) element.slot = reader.number();
    if (map == ServiceMap::affinity_slots) element.affinity_id = values.number();
    if (map == ServiceMap::affinity_endpoints) element.affinity_id = reader.number();
    if (map == ServiceMap::endpoints || map == ServiceMap::affinity_endpoints) element.endpoint = values.endpoint();
    if (map == ServiceMap::services || map == ServiceMap::node_ports || map == ServiceMap::inside)
        element.chain = chain_of(values.number());
    if (map == ServiceMap::sources) {
        element.source.prefix = static_cast<int>(std::min<uint32_t>(reader.number(), 32));
        element.source.base = reader.ip();
    }
    if (map == ServiceMap::chains && chain != element.chain.name()) return std::nullopt;
    // Bytes that say something else than we would write are not ours.
    if (key_of(element) != key) return std::nullopt;
    return element;
}

}  // namespace orilla::network
