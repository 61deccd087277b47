#include <cassert>

#include "dns/dns_message.hpp"
#include "dns/dns_names.hpp"
#include "mdns/mdns_responder.hpp"
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

struct FixedRandom final : orilla::Random {
    uint64_t next() override { return 0; }
};

/// The same bytes as multicast DNS has them, for a name that is asked for and one that is told.
void hear(std::string_view bytes) {
    using namespace orilla;
    using namespace orilla::network;
    FixedRandom random;
    for (const int64_t settled_ms : {0, 5'000}) {
        MdnsResponder responder(random);
        responder.set_addresses({{Ipv4{0xc0a80002}}, {}}, 0);
        responder.set_names({"far.local", "web.local"}, 0);
        for (int64_t now_ms = 0; now_ms <= settled_ms; now_ms += 250) (void)responder.take_due(now_ms);
        (void)responder.hear(bytes, {1, false, false}, settled_ms);
        assert(responder.hear(bytes, {2, true, false}, settled_ms).size() <= 1'440);
        for (const std::string& said : responder.take_due(settled_ms + 2'000)) assert(said.size() <= 1'440);
    }
    if (const auto message = parse_mdns(bytes)) (void)render_mdns(*message);
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
    hear(bytes);
    return 0;
}
