// One socket of multicast DNS: port 5353 of one family, shared with whoever else on the node speaks it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mdns/mdns_responder.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::network {

constexpr uint16_t mdns_port = 5353;

struct MdnsPacket {
    int link = 0;  ///< interface index
    bool is_multicast = false;
    uint16_t port = 0;       ///< of its sender
    Ipv4 v4;                 ///< of its sender; unspecified when it came by IPv6
    Ipv6Bytes v6{};          ///< of its sender; zeros when it came by IPv4
    std::string from;        ///< bytes of the sender's sockaddr
    std::string_view bytes;  ///< until the next packet is read
};

class MdnsSocket {
  public:
    static constexpr size_t packet_bytes_max = 9'000;  ///< section 17

    /// `family` is AF_INET or AF_INET6.
    static Result<std::unique_ptr<MdnsSocket>> open(int family);
    void join(int link);
    void leave(int link);
    /// What does not go out now is said again when it is asked for.
    void say(int link, std::string_view bytes);
    void answer(const MdnsPacket& packet, std::string_view bytes);
    /// The next packet that is there already.
    std::optional<MdnsPacket> try_read(char* buffer);
    int fd() const { return fd_.get(); }

  private:
    MdnsSocket(UniqueFd fd, int family) : fd_(std::move(fd)), family_(family) {}
    void send(int link, const void* address, size_t address_size, std::string_view bytes);
    void change_membership(int link, bool joins);
    UniqueFd fd_;
    const int family_;
};

}  // namespace orilla::network
