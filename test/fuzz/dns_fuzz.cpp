#include <cassert>

#include "dns/dns_message.hpp"
#include "dns/dns_names.hpp"
#include "orilla/network/dns.hpp"

namespace {
orilla::network::DnsZone make_zone() {
    using namespace orilla;
    using namespace orilla::network;
    DnsZone zone("cluster.local", {Ipv4{0x0a2a0000}, 24}, {Ipv4{0x0a2b0000}, 16});
    DnsService web;
    web.cluster_ips = {Ipv4{0x0a2b000a}};
    web.ports = {{"http", "tcp", 80}};
    zone.set_service("default", "web", web);
    DnsService headless;
    headless.endpoints = {{Ipv4{0x0a2a0005}, "db-0", {{"sql", "tcp", 5432}}}};
    zone.set_service("default", "db", headless);
    DnsService far;
    far.external_name = "example.org";
    zone.set_service("default", "far", far);
    return zone;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::network;
    static const DnsZone zone = make_zone();
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const DnsVerdict udp = answer(bytes, zone, DnsTransport::udp);
    assert(udp.reply.size() <= dns_udp_bytes_max);
    const DnsVerdict tcp = answer(bytes, zone, DnsTransport::tcp);
    assert(tcp.reply.size() <= dns_tcp_bytes_max);
    assert((udp.kind == DnsVerdict::Kind::reply) == (udp.reply.size() >= dns_header_bytes));
    // The same bytes as an upstream's reply, and as a resolv.conf.
    const std::string query =
        be16(1) + be16(0) + be16(1) + be16(0) + be32(0) + name_bytes("far.default.svc.cluster.local") + be16(1) + be16(1);
    assert(chased_answer(query, "example.org", bytes, DnsTransport::udp).size() <= dns_udp_bytes_max);
    assert(parse_resolv_conf(bytes).size() <= 8);
    return 0;
}
