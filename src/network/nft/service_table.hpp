// The nftables table: its fixed chains and maps, the chains that pick an endpoint, and how elements look as bytes. Pure:
// everything is written into a batch.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nft/nft_writer.hpp"
#include "nft/service_state.hpp"
#include "orilla/network/open_service_rules.hpp"

namespace orilla::network {

/// Stands in the table's comment. A table with another one was made by another version or configuration.
std::string table_fingerprint(const ServiceRulesConfig& config);

/// The empty table: every map, the base chains, the rejecting chain.
void write_table(NftBatch& batch, const ServiceRulesConfig& config);
void write_change(NftBatch& batch, const ServiceChange& change);

/// How many rules each of our chains has; a table that differs has been changed by somebody else.
size_t fixed_chain_count();
size_t rules_of_fixed_chain(const std::string& chain);
size_t rules_of(const ServiceChain& chain);

/// An element as the kernel tells it: key bytes, value bytes (empty for sets), chain (of a verdict).
std::optional<ServiceElement> parse_element(ServiceMap map, std::string_view key, std::string_view value,
                                            const std::string& chain);

}  // namespace orilla::network
