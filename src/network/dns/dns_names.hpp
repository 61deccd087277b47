// The labels that addresses and endpoints have in cluster names.
#pragma once

#include <string>

#include "orilla/network/dns.hpp"

namespace orilla::network {

/// "10-42-0-5"
std::string dashed(Ipv4 ip);
/// An endpoint's label below its headless service: its hostname, or its dashed address.
std::string endpoint_label(const DnsEndpoint& endpoint);

/// Pure: the reply to `query` for an ExternalName, made of the CNAME and what upstream said about its target.
std::string chased_answer(std::string_view query, std::string_view target, std::string_view upstream_reply,
                          DnsTransport transport);

}  // namespace orilla::network
