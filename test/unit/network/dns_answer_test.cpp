#include <catch2/catch.hpp>
#include <random>

#include "dns/dns_message.hpp"
#include "dns/dns_names.hpp"
#include "orilla/network/dns.hpp"

using namespace orilla;
using namespace orilla::network;

namespace {

std::string question(const std::string& name, DnsType type, uint16_t klass = 1) {
    return name_bytes(name) + be16(static_cast<uint16_t>(type)) + be16(klass);
}

std::string query(const std::string& name, DnsType type, uint16_t id = 0x1200) {
    return be16(id) + be16(0x0100) + be16(1) + be16(0) + be16(0) + be16(0) + question(name, type);
}

std::string query_with_edns(const std::string& name, DnsType type, uint16_t udp_bytes, uint8_t version = 0) {
    std::string bytes = query(name, type);
    bytes[11] = 1;
    return bytes + std::string(1, '\0') + be16(41) + be16(udp_bytes) + be32(uint32_t{version} << 16) + be16(0);
}

/// A reply read back: "A 10.43.0.10", "SRV 8080 web.default.svc.cluster.local" ...
struct Reply {
    uint16_t id = 0;
    int rcode = 0;
    bool truncated = false;
    bool authoritative = false;
    bool edns = false;
    std::vector<std::string> answers;
    std::vector<std::string> authority;
    std::vector<std::string> additional;
};

uint16_t u16(std::string_view bytes, size_t at) {
    return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
}

std::string describe(std::string_view message, const DnsRecordView& record) {
    size_t at = record.data_offset;
    switch (static_cast<DnsType>(record.type)) {
        case DnsType::a: return "A " + Ipv4{uint32_t{u16(record.data, 0)} << 16 | u16(record.data, 2)}.text();
        case DnsType::ptr: return "PTR " + *read_name(message, at);
        case DnsType::cname: return "CNAME " + *read_name(message, at);
        case DnsType::ns: return "NS " + *read_name(message, at);
        case DnsType::soa: return "SOA of " + record.name;
        case DnsType::txt: return "TXT " + std::string(record.data.substr(1));
        case DnsType::srv: at += 6; return "SRV " + std::to_string(u16(record.data, 4)) + " " + *read_name(message, at);
        default: return "type " + std::to_string(record.type);
    }
}

Reply read(const std::string& bytes) {
    REQUIRE(bytes.size() >= dns_header_bytes);
    Reply reply;
    const uint16_t flags = u16(bytes, 2);
    CHECK((flags & 0x8000) != 0);
    reply.id = u16(bytes, 0);
    reply.rcode = flags & 15;
    reply.truncated = flags & 0x0200;
    reply.authoritative = flags & 0x0400;
    size_t offset = dns_header_bytes;
    if (u16(bytes, 4) == 1) {
        REQUIRE(read_name(bytes, offset));
        offset += 4;
    }
    std::vector<std::string>* sections[] = {&reply.answers, &reply.authority, &reply.additional};
    for (int section = 0; section < 3; ++section)
        for (int i = u16(bytes, 6 + 2 * static_cast<size_t>(section)); i > 0; --i) {
            const auto record = read_record(bytes, offset);
            REQUIRE(record);
            if (record->type == 41) reply.edns = true;
            else sections[section]->push_back(describe(bytes, *record));
        }
    CHECK(offset == bytes.size());
    return reply;
}

DnsZone zone() {
    DnsZone zone("cluster.local", *parse_cidr("10.42.0.0/24"), *parse_cidr("10.43.0.0/16"));
    zone.set_namespace("default");
    DnsService web;
    web.cluster_ips = {*parse_ipv4("10.43.0.10")};
    web.ports = {{"http", "tcp", 80}, {"", "udp", 53}};
    zone.set_service("default", "web", web);
    DnsService db;
    db.ports = {{"sql", "tcp", 5432}};
    db.endpoints = {{*parse_ipv4("10.42.0.5"), "db-0", {{"sql", "tcp", 5432}}},
                    {*parse_ipv4("10.42.0.6"), "", {{"sql", "tcp", 5433}}}};
    zone.set_service("shop", "db", db);
    zone.set_service("shop", "empty", {});
    DnsService external;
    external.external_name = "example.org";
    zone.set_service("shop", "far", external);
    external.external_name = "web.default.svc.cluster.local";
    zone.set_service("shop", "near", external);
    external.external_name = "loop.shop.svc.cluster.local";
    zone.set_service("shop", "loop", external);
    zone.set_pod("uid-1", "shop", *parse_ipv4("10.42.0.5"));
    return zone;
}

Reply ask(const DnsZone& names, const std::string& bytes, DnsTransport transport = DnsTransport::udp) {
    const DnsVerdict verdict = answer(bytes, names, transport);
    REQUIRE(verdict.kind == DnsVerdict::Kind::reply);
    return read(verdict.reply);
}
Reply ask(const std::string& name, DnsType type) { return ask(zone(), query(name, type)); }

using List = std::vector<std::string>;
List sorted(List list) {
    std::sort(list.begin(), list.end());
    return list;
}

}  // namespace

TEST_CASE("answer: a service's name gives its ClusterIP, in any case of letters") {
    for (const char* name : {"web.default.svc.cluster.local", "WEB.Default.svc.Cluster.LOCAL"}) {
        const Reply reply = ask(name, DnsType::a);
        CHECK(reply.rcode == 0);
        CHECK(reply.id == 0x1200);
        CHECK(reply.authoritative);
        CHECK(reply.answers == List{"A 10.43.0.10"});
    }
}

TEST_CASE("answer: a name without the type is not a name that is missing") {
    const Reply none = ask("web.default.svc.cluster.local", DnsType::aaaa);
    CHECK(none.rcode == 0);
    CHECK(none.answers.empty());
    CHECK(none.authority == List{"SOA of cluster.local"});
    const Reply missing = ask("wob.default.svc.cluster.local", DnsType::aaaa);
    CHECK(missing.rcode == 3);
    CHECK(missing.authority == List{"SOA of cluster.local"});
    for (const char* exists : {"cluster.local", "svc.cluster.local", "default.svc.cluster.local", "shop.pod.cluster.local",
                               "_tcp.web.default.svc.cluster.local"})
        CHECK(ask(exists, DnsType::a).rcode == 0);
    for (const char* not_there :
         {"x.cluster.local", "nons.svc.cluster.local", "_udp.web.default.svc.cluster.local", "a.b.c.d.e.f.svc.cluster.local",
          "example.org.default.svc.cluster.local", "empty.shop.svc.cluster.local"})
        CHECK(ask(not_there, DnsType::a).rcode == 3);
}

TEST_CASE("answer: a headless service gives its pods, by name too") {
    CHECK(sorted(ask("db.shop.svc.cluster.local", DnsType::a).answers) == List{"A 10.42.0.5", "A 10.42.0.6"});
    CHECK(ask("db-0.db.shop.svc.cluster.local", DnsType::a).answers == List{"A 10.42.0.5"});
    CHECK(ask("10-42-0-6.db.shop.svc.cluster.local", DnsType::a).answers == List{"A 10.42.0.6"});
    CHECK(ask("10-42-0-5.db.shop.svc.cluster.local", DnsType::a).rcode == 3);
}

TEST_CASE("answer: the addresses come in another order for another query") {
    const DnsZone names = zone();
    const Reply even = ask(names, query("db.shop.svc.cluster.local", DnsType::a, 2));
    const Reply odd = ask(names, query("db.shop.svc.cluster.local", DnsType::a, 3));
    CHECK(even.answers != odd.answers);
    CHECK(sorted(even.answers) == sorted(odd.answers));
}

TEST_CASE("answer: SRV names the port and where it is") {
    const Reply one = ask("_http._tcp.web.default.svc.cluster.local", DnsType::srv);
    CHECK(one.answers == List{"SRV 80 web.default.svc.cluster.local"});
    CHECK(one.additional == List{"A 10.43.0.10"});
    const Reply many = ask("_sql._tcp.db.shop.svc.cluster.local", DnsType::srv);
    CHECK(sorted(many.answers) ==
          List{"SRV 5432 db-0.db.shop.svc.cluster.local", "SRV 5433 10-42-0-6.db.shop.svc.cluster.local"});
    CHECK(ask("_http._udp.web.default.svc.cluster.local", DnsType::srv).rcode == 3);
    CHECK(ask("_._udp.web.default.svc.cluster.local", DnsType::srv).rcode == 3);
}

TEST_CASE("answer: PTR leads back to services and headless pods, and denies only our networks") {
    CHECK(ask("10.0.43.10.in-addr.arpa", DnsType::ptr).answers == List{"PTR web.default.svc.cluster.local"});
    CHECK(ask("5.0.42.10.in-addr.arpa", DnsType::ptr).answers == List{"PTR db-0.db.shop.svc.cluster.local"});
    const Reply none = ask("99.0.42.10.in-addr.arpa", DnsType::ptr);
    CHECK(none.rcode == 3);
    CHECK(none.authority == List{"SOA of 0.42.10.in-addr.arpa"});
    CHECK(answer(query("8.8.8.8.in-addr.arpa", DnsType::ptr), zone(), DnsTransport::udp).kind == DnsVerdict::Kind::forward);
}

TEST_CASE("answer: a pod's dashed address is a name in its own namespace only") {
    CHECK(ask("10-42-0-5.shop.pod.cluster.local", DnsType::a).answers == List{"A 10.42.0.5"});
    CHECK(ask("10-42-0-5.default.pod.cluster.local", DnsType::a).rcode == 3);
    CHECK(ask("10-42-0-9.shop.pod.cluster.local", DnsType::a).rcode == 3);
    CHECK(ask("no-ip.shop.pod.cluster.local", DnsType::a).rcode == 3);
}

TEST_CASE("answer: an ExternalName is followed inside, and left to upstream outside") {
    CHECK(ask("near.shop.svc.cluster.local", DnsType::a).answers ==
          List{"CNAME web.default.svc.cluster.local", "A 10.43.0.10"});
    CHECK(ask("far.shop.svc.cluster.local", DnsType::cname).answers == List{"CNAME example.org"});
    CHECK(ask("loop.shop.svc.cluster.local", DnsType::a).rcode == 2);
    const std::string asked = query("far.shop.svc.cluster.local", DnsType::a);
    const DnsVerdict verdict = answer(asked, zone(), DnsTransport::udp);
    CHECK(verdict.kind == DnsVerdict::Kind::chase);
    CHECK(verdict.target == "example.org");
    // The upstream's reply: example.org is an alias for www.example.org, compressed.
    const std::string upstream = be16(1) + be16(0x8180) + be16(1) + be16(2) + be16(0) + be16(0) +
                                 question("example.org", DnsType::a) + be16(0xc00c) + be16(5) + be16(1) + be32(60) + be16(6) +
                                 "\x03www" + be16(0xc00c) + be16(0xc029) + be16(1) + be16(1) + be32(60) + be16(4) +
                                 be32(0x01020304);
    const Reply reply = read(chased_answer(asked, "example.org", upstream, DnsTransport::udp));
    CHECK(reply.answers == List{"CNAME example.org", "CNAME www.example.org", "A 1.2.3.4"});
}

TEST_CASE("answer: what is not ours goes upstream") {
    for (const char* name : {"example.org", "local", "xcluster.local", "cluster.local.example.org"})
        CHECK(answer(query(name, DnsType::a), zone(), DnsTransport::udp).kind == DnsVerdict::Kind::forward);
}

TEST_CASE("answer: a reply that does not fit is cut at a record and says so; over TCP it fits") {
    DnsZone names = zone();
    DnsService big;
    for (uint32_t i = 0; i < 200; ++i) big.endpoints.push_back({Ipv4{0x0a2a0100 + i}, "", {}});
    names.set_service("shop", "big", big);
    const std::string name = "big.shop.svc.cluster.local";
    const DnsVerdict plain = answer(query(name, DnsType::a), names, DnsTransport::udp);
    CHECK(plain.reply.size() <= 512);
    CHECK(read(plain.reply).truncated);
    CHECK(read(plain.reply).answers.size() > 20);
    const DnsVerdict edns = answer(query_with_edns(name, DnsType::a, 4096), names, DnsTransport::udp);
    CHECK(edns.reply.size() <= 1232);
    CHECK(edns.reply.size() > 1100);
    CHECK(read(edns.reply).edns);
    const Reply tcp = ask(names, query(name, DnsType::a), DnsTransport::tcp);
    CHECK_FALSE(tcp.truncated);
    CHECK(tcp.answers.size() == 200);
}

TEST_CASE("answer: other versions, classes and operations are refused by their own codes") {
    const DnsVerdict version = answer(query_with_edns("cluster.local", DnsType::a, 1232, 1), zone(), DnsTransport::udp);
    CHECK(read(version.reply).edns);
    CHECK(version.reply[version.reply.size() - 6] == 1);  // BADVERS is 16: its upper bits stand in EDNS
    std::string chaos = query("version.bind", DnsType::txt);
    chaos.back() = 3;
    CHECK(ask(zone(), chaos).rcode == 5);
    std::string update = query("cluster.local", DnsType::soa);
    update[2] = 0x28;
    CHECK(ask(zone(), update).rcode == 4);
    std::string response = query("cluster.local", DnsType::soa);
    response[2] = static_cast<char>(0x80);
    CHECK(answer(response, zone(), DnsTransport::udp).kind == DnsVerdict::Kind::drop);
    std::string two = query("cluster.local", DnsType::a);
    two[5] = 2;
    CHECK(ask(zone(), two).rcode == 1);
}

TEST_CASE("DnsZone: what is removed is gone in every direction") {
    DnsZone names = zone();
    names.remove_service("default", "web");
    names.remove_pod("uid-1");
    names.remove_service("shop", "db");
    CHECK(ask(names, query("web.default.svc.cluster.local", DnsType::a)).rcode == 3);
    CHECK(ask(names, query("10.0.43.10.in-addr.arpa", DnsType::ptr)).rcode == 3);
    CHECK(ask(names, query("5.0.42.10.in-addr.arpa", DnsType::ptr)).rcode == 3);
    CHECK(ask(names, query("10-42-0-5.shop.pod.cluster.local", DnsType::a)).rcode == 3);
    CHECK(ask(names, query("default.svc.cluster.local", DnsType::a)).rcode == 0);
    names.remove_namespace("default");
    CHECK(ask(names, query("default.svc.cluster.local", DnsType::a)).rcode == 3);
}

TEST_CASE("answer: hostile bytes get a reply, a refusal or nothing, and never harm") {
    const DnsZone names = zone();
    std::mt19937 random(53);
    const std::vector<std::string> seeds = {query("web.default.svc.cluster.local", DnsType::a),
                                            query_with_edns("_sql._tcp.db.shop.svc.cluster.local", DnsType::srv, 1232),
                                            query("5.0.42.10.in-addr.arpa", DnsType::ptr),
                                            query("far.shop.svc.cluster.local", DnsType::any)};
    for (int round = 0; round < 60'000; ++round) {
        std::string bytes = seeds[random() % seeds.size()];
        for (uint32_t changes = random() % 6; changes > 0; --changes)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        if (random() % 3 == 0) bytes.resize(random() % (bytes.size() + 1));
        if (random() % 5 == 0) bytes.append(random() % 40, static_cast<char>(random()));
        const DnsTransport transport = random() % 2 ? DnsTransport::udp : DnsTransport::tcp;
        const DnsVerdict verdict = answer(bytes, names, transport);
        if (verdict.kind == DnsVerdict::Kind::reply) REQUIRE(verdict.reply.size() >= dns_header_bytes);
        if (transport == DnsTransport::udp) REQUIRE(verdict.reply.size() <= dns_udp_bytes_max);
        (void)chased_answer(seeds[3], "example.org", bytes, transport);
    }
}

TEST_CASE("read_name: pointers that loop, lead forwards or pile up end it") {
    const auto at = [](const std::string& bytes, size_t offset) { return read_name(bytes, offset); };
    CHECK_FALSE(at(be16(0xc000), 0));
    CHECK_FALSE(at(be16(0xc002) + be16(0xc000), 0));
    CHECK_FALSE(at(std::string("\x01"
                               "a") +
                       be16(0xc000),
                   0));
    CHECK(at(std::string("\x01"
                         "a\x00",
                         3) +
                 "\x01"
                 "b" +
                 be16(0xc000),
             3) == "b.a");
    std::string deep = std::string("\x3f") + std::string(63, 'a') + std::string(1, '\0');
    for (int i = 0; i < 4; ++i) {
        const auto previous = static_cast<uint16_t>(i == 0 ? 0 : deep.size() - 66);
        deep += std::string("\x3f") + std::string(63, 'b') + be16(static_cast<uint16_t>(0xc000 | previous));
    }
    CHECK_FALSE(at(deep, deep.size() - 66));  // 5 labels of 63 are more than 255 bytes
    size_t offset = 0;
    CHECK(read_name(std::string("\x03"
                                "a.b\x00",
                                5),
                    offset) == "a\\.b");
}
