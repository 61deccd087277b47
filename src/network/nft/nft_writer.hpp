// nf_tables messages: tables, chains, maps, elements, and rules from expressions. Bytes only; what the rules mean is said
// in service_table.cpp. Registers are numbered 0 to 15, four bytes each; longer values take the following ones.
#pragma once

#include <linux/netfilter/nfnetlink.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "netlink/netlink.hpp"

namespace orilla::network {

/// Bytes of a key or value as they stand in registers.
using NftBytes = std::string;

struct NftMapSpec {
    std::string name;
    uint32_t key_type = 0;  ///< nft's own type number, so that `nft list` reads well
    uint32_t key_bytes = 0;
    enum class Data { none, verdict, value } data = Data::none;
    uint32_t data_type = 0;
    uint32_t data_bytes = 0;
    bool dynamic = false;  ///< filled by rules, elements time out
    uint32_t size_max = 0;
};

struct NftBaseChain {
    const char* type;  ///< "nat", "filter"
    int hook;          ///< NF_INET_PRE_ROUTING ...
    int priority;
};

/// One transaction on one table of family ip: all or nothing.
class NftBatch {
  public:
    explicit NftBatch(std::string table);

    void add_table(const std::string& comment);
    void delete_table();
    void add_chain(const std::string& chain, const std::optional<NftBaseChain>& base = std::nullopt);
    void delete_chain(const std::string& chain);
    void add_map(const NftMapSpec& map);

    /// Elements collect into messages of one map and direction.
    void add_element(const char* map, const NftBytes& key, const NftBytes& value);
    void add_verdict_element(const char* map, const NftBytes& key, const std::string& chain);
    void delete_element(const char* map, const NftBytes& key);

    /// Rules: begin, expressions, end.
    void begin_rule(const std::string& chain);
    void end_rule();
    void load_payload(int base, uint32_t offset, uint32_t size, int reg);
    void load_meta(uint32_t key, int reg);
    void load_ct(uint32_t key, int reg);
    void load_local_type(int reg);  ///< fib daddr type
    void load_value(const NftBytes& value, int reg);
    void load_random(uint32_t below, uint32_t offset, int reg);
    void mask(int reg, const NftBytes& mask);
    void store_meta(uint32_t key, int reg);
    void compare(bool equal, int reg, const NftBytes& value);
    void lookup(const char* map, int key_reg, std::optional<int> value_reg = std::nullopt);
    void lookup_verdict(const char* map, int key_reg);
    enum class DynamicOp { update, remove };
    void change_dynamic(const char* map, DynamicOp op, int key_reg, int value_reg, int timeout_s);
    void dnat(int ip_reg, int port_reg);
    void masquerade(bool random_ports);
    void reject_with_reset();
    void reject_with_port_unreachable();
    void verdict(int code, const std::string& chain = {});

    bool empty() const { return messages_ == 0; }
    /// Closes the transaction; the batch is then ready to be sent, once.
    NetlinkWriter& finish();

  private:
    void begin(int message, uint16_t flags, const char* what);
    void end();
    void begin_element(int message, const char* map);
    void end_elements();
    void put_key(const NftBytes& key);
    size_t begin_expression(const char* name);
    void end_expression(size_t start);
    void put_verdict(uint16_t type, int code, const std::string& chain);

    NetlinkWriter out_;
    std::string table_;
    size_t messages_ = 0;
    uint32_t next_map_id_ = 1;
    // The element message that is open: its map, direction and nest.
    std::string open_map_;
    int open_message_ = -1;
    size_t open_list_ = 0;
    size_t open_elements_ = 0;
    size_t rule_list_ = 0;
    size_t expression_data_ = 0;
};

nfgenmsg nft_header(uint16_t resource = 0);
uint16_t nft_message_type(int message);

}  // namespace orilla::network
