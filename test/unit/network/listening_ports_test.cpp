#include "links/listening_ports.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::network;

namespace {

std::vector<uint16_t> ports(const char* file, Protocol protocol = Protocol::tcp) {
    std::vector<uint16_t> out;
    for (const auto& one : parse_listening_ports(file, protocol, *parse_ipv4("192.0.2.2"))) out.push_back(one.port);
    return out;
}

constexpr char heading[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

}  // namespace

TEST_CASE("parse_listening_ports: who takes what comes for the address") {
    const std::string file = std::string(heading) +
                             "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
                             "   1: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1\n"
                             "   2: 020200C0:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1\n"
                             "   3: 030200C0:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4 1\n"
                             "   4: 020200C0:D431 010200C0:0050 01 00000000:00000000 00:00000000 00000000     0        0 5 1\n";
    CHECK(ports(file.c_str()) == std::vector<uint16_t>{22, 80});
    CHECK(ports("   0: 00000000:0035 00000000:0000 07 0:0\n   1: 00000000:0036 00000000:0000 01 0:0\n", Protocol::udp) ==
          std::vector<uint16_t>{53});
}

TEST_CASE("parse_listening_ports: IPv6 sockets take IPv4 as well") {
    CHECK(ports("   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0:0\n"
                "   1: 0000000000000000FFFF0000020200C0:0050 00000000000000000000000000000000:0000 0A 0:0\n"
                "   2: 0000000000000000FFFF0000030200C0:0051 00000000000000000000000000000000:0000 0A 0:0\n"
                "   3: 00000000000000000000000001000000:0052 00000000000000000000000000000000:0000 0A 0:0\n") ==
          std::vector<uint16_t>{22, 80});
}

TEST_CASE("parse_listening_ports: lines of another form are passed over") {
    for (const char* odd : {"", "\n\n", "x", "   0: 00000000 00000000:0000 0A", "   0: 00000000:XYZ 0:0 0A",
                            "   0: 0:0000 0:0 0A", "   0: 00000000:1FFFF 0:0 0A", "0: :0016 0:0 0A", "   0: 00000000:0016"})
        CHECK(ports(odd).empty());
}
