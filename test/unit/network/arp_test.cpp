#include "links/arp.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::network;

namespace {

constexpr HardwareAddress own = {0x02, 0x42, 0xc0, 0x00, 0x02, 0x02};

/// What the kernel does with a filter, as far as ours goes.
uint32_t run(const std::vector<sock_filter>& filter, const std::string& packet) {
    uint32_t value = 0;
    for (size_t at = 0; at < filter.size(); ++at) {
        const sock_filter& step = filter[at];
        const auto jump = [&](bool taken) { at += taken ? step.jt : step.jf; };
        switch (step.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (step.k + 4 > packet.size()) return 0;
                value = 0;
                for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(packet[step.k + i]);
                break;
            case BPF_JMP | BPF_JEQ | BPF_K: jump(value == step.k); break;
            case BPF_JMP | BPF_JGE | BPF_K: jump(value >= step.k); break;
            case BPF_JMP | BPF_JGT | BPF_K: jump(value > step.k); break;
            case BPF_RET | BPF_K: return step.k;
            default: FAIL("no such step");
        }
    }
    FAIL("it does not end");
    return 0;
}

std::string packet(const char* sender, const char* target) {
    return render_arp({false, own, parse_ipv4(sender).value_or(Ipv4{}), *parse_ipv4(target)});
}

}  // namespace

TEST_CASE("ARP: what is written is read again, and what is cut or of another kind is not") {
    const std::string bytes = render_arp({true, own, Ipv4{0xc0000202}, Ipv4{0xc0000232}});
    const auto read = parse_arp(bytes);
    REQUIRE(read);
    CHECK(read->reply);
    CHECK(hardware_text(read->sender_hardware) == "02:42:c0:00:02:02");
    CHECK(read->sender.text() == "192.0.2.2");
    CHECK(read->target.text() == "192.0.2.50");
    for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(parse_arp(bytes.substr(0, size)));
    CHECK(parse_arp(bytes + std::string(18, '\0')));  // Ethernet pads
    for (const size_t at : {0, 1, 2, 3, 4, 5, 6}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] + 1);
        CHECK_FALSE(parse_arp(changed));
    }
    std::string reverse = bytes;
    reverse[7] = 3;
    CHECK_FALSE(parse_arp(reverse));
}

TEST_CASE("arp_filter: addresses of the pool alone, whoever has them or asks for them without having one") {
    for (const char* ranges : {"192.0.2.50-192.0.2.52", "192.0.2.50-192.0.2.52,198.51.100.0/28,203.0.113.7"}) {
        const auto filter = arp_filter(*network::AddressPool::parse(ranges));
        for (const char* in : {"192.0.2.50", "192.0.2.52"}) {
            CHECK(run(filter, packet(in, "192.0.2.1")) > 0);
            CHECK(run(filter, packet("0.0.0.0", in)) > 0);
            CHECK(run(filter, packet("192.0.2.1", in)) == 0);
        }
        for (const char* out : {"192.0.2.49", "192.0.2.53", "0.0.0.0", "255.255.255.255"})
            CHECK(run(filter, packet(out, "192.0.2.1")) == 0);
        const bool more = std::string_view(ranges).size() > 30;
        for (const char* other : {"198.51.100.0", "198.51.100.15", "203.0.113.7"})
            CHECK((run(filter, packet(other, "192.0.2.1")) > 0) == more);
        CHECK(run(filter, "") == 0);
    }
    std::string many;
    for (int i = 0; i < 32; ++i) many += (i ? "," : "") + std::string("10.0.0.") + std::to_string(2 * i);
    const auto filter = arp_filter(*network::AddressPool::parse(many));
    for (int i = 0; i < 64; ++i)
        CHECK((run(filter, packet(("10.0.0." + std::to_string(i)).c_str(), "192.0.2.1")) > 0) == (i % 2 == 0));
}
