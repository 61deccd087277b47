#include "nft/nft_writer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
// After netinet/in.h, which it clashes with otherwise.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#include <cassert>

namespace orilla::network {

namespace {
constexpr size_t elements_per_message_max = 400;  // an attribute holds 64 KB
constexpr uint32_t dynamic_gc_ms = 60'000;        // expired elements do not match; only their memory waits
constexpr uint8_t comment_userdata = 0;           // nft's tag for a table's comment

uint32_t register_number(int reg) {
    assert(reg >= 0 && reg < 16);
    return static_cast<uint32_t>(NFT_REG32_00 + reg);
}
}  // namespace

nfgenmsg nft_header(uint16_t resource) {
    nfgenmsg header{};
    header.nfgen_family = resource ? AF_UNSPEC : NFPROTO_IPV4;
    header.version = NFNETLINK_V0;
    header.res_id = htons(resource);
    return header;
}

uint16_t nft_message_type(int message) { return static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message); }

// ---- messages --------------------------------------------------------------------------------------------------------

NftBatch::NftBatch(std::string table) : table_(std::move(table)) {
    out_.begin(NFNL_MSG_BATCH_BEGIN, 0, nft_header(NFNL_SUBSYS_NFTABLES), "begin an nftables transaction");
    out_.end();
}

NetlinkWriter& NftBatch::finish() {
    end_elements();
    out_.begin(NFNL_MSG_BATCH_END, 0, nft_header(NFNL_SUBSYS_NFTABLES), "end an nftables transaction");
    out_.end();
    return out_;
}

void NftBatch::begin(int message, uint16_t flags, const char* what) {
    end_elements();
    out_.begin(nft_message_type(message), flags, nft_header(), what);
    ++messages_;
}

void NftBatch::end() { out_.end(); }

void NftBatch::add_table(const std::string& comment) {
    begin(NFT_MSG_NEWTABLE, NLM_F_CREATE, "add the nftables table");
    out_.put_name(NFTA_TABLE_NAME, table_);
    if (!comment.empty()) {
        std::string userdata{static_cast<char>(comment_userdata), static_cast<char>(comment.size() + 1)};
        userdata += comment;
        userdata += '\0';
        out_.put(NFTA_TABLE_USERDATA, userdata);
    }
    end();
}

void NftBatch::delete_table() {
    begin(NFT_MSG_DELTABLE, 0, "delete the nftables table");
    out_.put_name(NFTA_TABLE_NAME, table_);
    end();
}

void NftBatch::add_chain(const std::string& chain, const std::optional<NftBaseChain>& base) {
    begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add a chain");
    out_.put_name(NFTA_CHAIN_TABLE, table_);
    out_.put_name(NFTA_CHAIN_NAME, chain);
    if (base) {
        const size_t hook = out_.nest(NFTA_CHAIN_HOOK);
        out_.put_be32(NFTA_HOOK_HOOKNUM, static_cast<uint32_t>(base->hook));
        out_.put_be32(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(base->priority));
        out_.unnest(hook);
        out_.put_name(NFTA_CHAIN_TYPE, base->type);
        out_.put_be32(NFTA_CHAIN_POLICY, NF_ACCEPT);
    }
    end();
}

void NftBatch::delete_chain(const std::string& chain) {
    begin(NFT_MSG_DELCHAIN, 0, "delete a chain");
    out_.put_name(NFTA_CHAIN_TABLE, table_);
    out_.put_name(NFTA_CHAIN_NAME, chain);
    end();
}

void NftBatch::add_map(const NftMapSpec& map) {
    begin(NFT_MSG_NEWSET, NLM_F_CREATE, "add a map");
    uint32_t flags = 0;
    if (map.data != NftMapSpec::Data::none) flags |= NFT_SET_MAP;
    if (map.dynamic) flags |= NFT_SET_EVAL | NFT_SET_TIMEOUT;
    out_.put_name(NFTA_SET_TABLE, table_);
    out_.put_name(NFTA_SET_NAME, map.name);
    out_.put_be32(NFTA_SET_ID, next_map_id_++);
    out_.put_be32(NFTA_SET_FLAGS, flags);
    out_.put_be32(NFTA_SET_KEY_TYPE, map.key_type);
    out_.put_be32(NFTA_SET_KEY_LEN, map.key_bytes);
    if (map.data == NftMapSpec::Data::verdict) out_.put_be32(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
    if (map.data == NftMapSpec::Data::value) {
        out_.put_be32(NFTA_SET_DATA_TYPE, map.data_type);
        out_.put_be32(NFTA_SET_DATA_LEN, map.data_bytes);
    }
    if (map.dynamic) out_.put_be32(NFTA_SET_GC_INTERVAL, dynamic_gc_ms);
    if (map.size_max > 0) {
        const size_t desc = out_.nest(NFTA_SET_DESC);
        out_.put_be32(NFTA_SET_DESC_SIZE, map.size_max);
        out_.unnest(desc);
    }
    end();
}

// ---- elements --------------------------------------------------------------------------------------------------------

void NftBatch::begin_element(int message, const char* map) {
    if (open_message_ != message || open_map_ != map || open_elements_ >= elements_per_message_max) {
        const bool adds = message == NFT_MSG_NEWSETELEM;
        begin(message, adds ? NLM_F_CREATE : 0, adds ? "add elements" : "delete elements");
        open_message_ = message;
        open_map_ = map;
        open_elements_ = 0;
        out_.put_name(NFTA_SET_ELEM_LIST_TABLE, table_);
        out_.put_name(NFTA_SET_ELEM_LIST_SET, open_map_);
        open_list_ = out_.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
    }
    ++open_elements_;
}

void NftBatch::end_elements() {
    if (open_message_ < 0) return;
    out_.unnest(open_list_);
    open_message_ = -1;
    end();
}

void NftBatch::put_key(const NftBytes& key) {
    const size_t nest = out_.nest(NFTA_SET_ELEM_KEY);
    out_.put(NFTA_DATA_VALUE, key);
    out_.unnest(nest);
}

void NftBatch::add_element(const char* map, const NftBytes& key, const NftBytes& value) {
    begin_element(NFT_MSG_NEWSETELEM, map);
    const size_t element = out_.nest(NFTA_LIST_ELEM);
    put_key(key);
    if (!value.empty()) {
        const size_t data = out_.nest(NFTA_SET_ELEM_DATA);
        out_.put(NFTA_DATA_VALUE, value);
        out_.unnest(data);
    }
    out_.unnest(element);
}

void NftBatch::add_verdict_element(const char* map, const NftBytes& key, const std::string& chain) {
    begin_element(NFT_MSG_NEWSETELEM, map);
    const size_t element = out_.nest(NFTA_LIST_ELEM);
    put_key(key);
    put_verdict(NFTA_SET_ELEM_DATA, NFT_GOTO, chain);
    out_.unnest(element);
}

void NftBatch::delete_element(const char* map, const NftBytes& key) {
    begin_element(NFT_MSG_DELSETELEM, map);
    const size_t element = out_.nest(NFTA_LIST_ELEM);
    put_key(key);
    out_.unnest(element);
}

void NftBatch::put_verdict(uint16_t type, int code, const std::string& chain) {
    const size_t data = out_.nest(type);
    const size_t verdict = out_.nest(NFTA_DATA_VERDICT);
    out_.put_be32(NFTA_VERDICT_CODE, static_cast<uint32_t>(code));
    if (!chain.empty()) out_.put_name(NFTA_VERDICT_CHAIN, chain);
    out_.unnest(verdict);
    out_.unnest(data);
}

// ---- rules -----------------------------------------------------------------------------------------------------------

void NftBatch::begin_rule(const std::string& chain) {
    begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, "add a rule");
    out_.put_name(NFTA_RULE_TABLE, table_);
    out_.put_name(NFTA_RULE_CHAIN, chain);
    rule_list_ = out_.nest(NFTA_RULE_EXPRESSIONS);
}

void NftBatch::end_rule() {
    out_.unnest(rule_list_);
    end();
}

size_t NftBatch::begin_expression(const char* name) {
    const size_t start = out_.nest(NFTA_LIST_ELEM);
    out_.put_name(NFTA_EXPR_NAME, name);
    expression_data_ = out_.nest(NFTA_EXPR_DATA);
    return start;
}

void NftBatch::end_expression(size_t start) {
    out_.unnest(expression_data_);
    out_.unnest(start);
}

void NftBatch::load_payload(int base, uint32_t offset, uint32_t size, int reg) {
    const size_t start = begin_expression("payload");
    out_.put_be32(NFTA_PAYLOAD_DREG, register_number(reg));
    out_.put_be32(NFTA_PAYLOAD_BASE, static_cast<uint32_t>(base));
    out_.put_be32(NFTA_PAYLOAD_OFFSET, offset);
    out_.put_be32(NFTA_PAYLOAD_LEN, size);
    end_expression(start);
}

void NftBatch::load_meta(uint32_t key, int reg) {
    const size_t start = begin_expression("meta");
    out_.put_be32(NFTA_META_KEY, key);
    out_.put_be32(NFTA_META_DREG, register_number(reg));
    end_expression(start);
}

void NftBatch::store_meta(uint32_t key, int reg) {
    const size_t start = begin_expression("meta");
    out_.put_be32(NFTA_META_KEY, key);
    out_.put_be32(NFTA_META_SREG, register_number(reg));
    end_expression(start);
}

void NftBatch::load_ct(uint32_t key, int reg) {
    const size_t start = begin_expression("ct");
    out_.put_be32(NFTA_CT_KEY, key);
    out_.put_be32(NFTA_CT_DREG, register_number(reg));
    end_expression(start);
}

void NftBatch::load_local_type(int reg) {
    const size_t start = begin_expression("fib");
    out_.put_be32(NFTA_FIB_DREG, register_number(reg));
    out_.put_be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    out_.put_be32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
    end_expression(start);
}

void NftBatch::load_value(const NftBytes& value, int reg) {
    const size_t start = begin_expression("immediate");
    out_.put_be32(NFTA_IMMEDIATE_DREG, register_number(reg));
    const size_t data = out_.nest(NFTA_IMMEDIATE_DATA);
    out_.put(NFTA_DATA_VALUE, value);
    out_.unnest(data);
    end_expression(start);
}

void NftBatch::load_random(uint32_t below, uint32_t offset, int reg) {
    const size_t start = begin_expression("numgen");
    out_.put_be32(NFTA_NG_DREG, register_number(reg));
    out_.put_be32(NFTA_NG_MODULUS, below);
    out_.put_be32(NFTA_NG_TYPE, NFT_NG_RANDOM);
    out_.put_be32(NFTA_NG_OFFSET, offset);
    end_expression(start);
}

void NftBatch::mask(int reg, const NftBytes& mask) {
    const size_t start = begin_expression("bitwise");
    out_.put_be32(NFTA_BITWISE_SREG, register_number(reg));
    out_.put_be32(NFTA_BITWISE_DREG, register_number(reg));
    out_.put_be32(NFTA_BITWISE_LEN, static_cast<uint32_t>(mask.size()));
    for (const uint16_t part : {NFTA_BITWISE_MASK, NFTA_BITWISE_XOR}) {
        const size_t data = out_.nest(part);
        out_.put(NFTA_DATA_VALUE, part == NFTA_BITWISE_MASK ? mask : NftBytes(mask.size(), '\0'));
        out_.unnest(data);
    }
    end_expression(start);
}

void NftBatch::compare(bool equal, int reg, const NftBytes& value) {
    const size_t start = begin_expression("cmp");
    out_.put_be32(NFTA_CMP_SREG, register_number(reg));
    out_.put_be32(NFTA_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
    const size_t data = out_.nest(NFTA_CMP_DATA);
    out_.put(NFTA_DATA_VALUE, value);
    out_.unnest(data);
    end_expression(start);
}

void NftBatch::lookup(const char* map, int key_reg, std::optional<int> value_reg) {
    const size_t start = begin_expression("lookup");
    out_.put_name(NFTA_LOOKUP_SET, map);
    out_.put_be32(NFTA_LOOKUP_SREG, register_number(key_reg));
    if (value_reg) out_.put_be32(NFTA_LOOKUP_DREG, register_number(*value_reg));
    end_expression(start);
}

void NftBatch::lookup_verdict(const char* map, int key_reg) {
    const size_t start = begin_expression("lookup");
    out_.put_name(NFTA_LOOKUP_SET, map);
    out_.put_be32(NFTA_LOOKUP_SREG, register_number(key_reg));
    out_.put_be32(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
    end_expression(start);
}

void NftBatch::change_dynamic(const char* map, DynamicOp op, int key_reg, int value_reg, int timeout_s) {
    const size_t start = begin_expression("dynset");
    out_.put_name(NFTA_DYNSET_SET_NAME, map);
    out_.put_be32(NFTA_DYNSET_OP, op == DynamicOp::update ? NFT_DYNSET_OP_UPDATE : NFT_DYNSET_OP_DELETE);
    out_.put_be32(NFTA_DYNSET_SREG_KEY, register_number(key_reg));
    out_.put_be32(NFTA_DYNSET_SREG_DATA, register_number(value_reg));
    if (op == DynamicOp::update) out_.put_be64(NFTA_DYNSET_TIMEOUT, static_cast<uint64_t>(timeout_s) * 1000);
    end_expression(start);
}

void NftBatch::dnat(int ip_reg, int port_reg) {
    const size_t start = begin_expression("nat");
    out_.put_be32(NFTA_NAT_TYPE, NFT_NAT_DNAT);
    out_.put_be32(NFTA_NAT_FAMILY, NFPROTO_IPV4);
    out_.put_be32(NFTA_NAT_REG_ADDR_MIN, register_number(ip_reg));
    out_.put_be32(NFTA_NAT_REG_PROTO_MIN, register_number(port_reg));
    end_expression(start);
}

void NftBatch::masquerade(bool random_ports) {
    const size_t start = begin_expression("masq");
    if (random_ports) out_.put_be32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
    end_expression(start);
}

void NftBatch::reject_with_reset() {
    const size_t start = begin_expression("reject");
    out_.put_be32(NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST);
    out_.put_value(NFTA_REJECT_ICMP_CODE, uint8_t{0});
    end_expression(start);
}

void NftBatch::reject_with_port_unreachable() {
    const size_t start = begin_expression("reject");
    out_.put_be32(NFTA_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH);
    out_.put_value(NFTA_REJECT_ICMP_CODE, uint8_t{3});
    end_expression(start);
}

void NftBatch::verdict(int code, const std::string& chain) {
    const size_t start = begin_expression("immediate");
    out_.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    put_verdict(NFTA_IMMEDIATE_DATA, code, chain);
    end_expression(start);
}

}  // namespace orilla::network
