#include "mdns/mdns_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace orilla::network {
namespace {
constexpr int mdns_hops = 255;  ///< section 11
constexpr int mdns_buffer_bytes = 64 * 1024;
constexpr size_t control_bytes = 256;

sockaddr_in group_v4() {
    sockaddr_in group{};
    group.sin_family = AF_INET;
    group.sin_port = htons(mdns_port);
    group.sin_addr.s_addr = htonl(0xe00000fb);  // 224.0.0.251
    return group;
}

sockaddr_in6 group_v6(int link) {
    sockaddr_in6 group{};
    group.sin6_family = AF_INET6;
    group.sin6_port = htons(mdns_port);
    group.sin6_addr.s6_addr[0] = 0xff;  // ff02::fb
    group.sin6_addr.s6_addr[1] = 0x02;
    group.sin6_addr.s6_addr[15] = 0xfb;
    group.sin6_scope_id = static_cast<uint32_t>(link);
    return group;
}

template <class T>
Result<void> set(const UniqueFd& fd, int level, int option, T value, const char* what) {
    if (setsockopt(fd.get(), level, option, &value, sizeof value) != 0) return Error::from_errno(what, errno);
    return ok();
}

Result<void> prepare(const UniqueFd& fd, int family) {
    TRY_VOID(set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "share the port of multicast DNS"));
    TRY_VOID(set(fd, SOL_SOCKET, SO_REUSEPORT, 1, "share the port of multicast DNS"));
    (void)set(fd, SOL_SOCKET, SO_RCVBUF, mdns_buffer_bytes, "");
    if (family == AF_INET) {
        TRY_VOID(set(fd, IPPROTO_IP, IP_PKTINFO, 1, "ask for links"));
        TRY_VOID(set(fd, IPPROTO_IP, IP_TTL, mdns_hops, "set the hops"));
        TRY_VOID(set(fd, IPPROTO_IP, IP_MULTICAST_TTL, mdns_hops, "set the hops"));
        // Only what this socket has joined: otherwise it hears groups of others' sockets, too.
        return set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, "hear no other groups");
    }
    TRY_VOID(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "take IPv6 alone"));
    TRY_VOID(set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "ask for links"));
    TRY_VOID(set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, mdns_hops, "set the hops"));
    return set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, mdns_hops, "set the hops");
}
}  // namespace

Result<std::unique_ptr<MdnsSocket>> MdnsSocket::open(int family) {
    UniqueFd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return Error::from_errno("multicast DNS", errno);
    TRY_VOID(prepare(fd, family));
    sockaddr_storage any{};
    any.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) reinterpret_cast<sockaddr_in&>(any).sin_port = htons(mdns_port);
    else reinterpret_cast<sockaddr_in6&>(any).sin6_port = htons(mdns_port);
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), size) != 0)
        return Error::from_errno("multicast DNS: bind to port 5353", errno);
    return std::unique_ptr<MdnsSocket>(new MdnsSocket(std::move(fd), family));
}

void MdnsSocket::change_membership(int link, bool joins) {
    if (family_ == AF_INET) {
        ip_mreqn group{};
        group.imr_multiaddr = group_v4().sin_addr;
        group.imr_ifindex = link;
        (void)set(fd_, IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, group, "");
    } else {
        ipv6_mreq group{};
        group.ipv6mr_multiaddr = group_v6(link).sin6_addr;
        group.ipv6mr_interface = static_cast<unsigned>(link);
        (void)set(fd_, IPPROTO_IPV6, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, group, "");
    }
}

void MdnsSocket::join(int link) { change_membership(link, true); }
void MdnsSocket::leave(int link) { change_membership(link, false); }

void MdnsSocket::send(int link, const void* address, size_t address_size, std::string_view bytes) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[control_bytes] = {};
    msghdr message{};
    message.msg_name = const_cast<void*>(address);
    message.msg_namelen = static_cast<socklen_t>(address_size);
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    if (family_ == AF_INET) {
        in_pktinfo by{};
        by.ipi_ifindex = link;
        part->cmsg_level = IPPROTO_IP;
        part->cmsg_type = IP_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof by);
        std::memcpy(CMSG_DATA(part), &by, sizeof by);
        message.msg_controllen = CMSG_SPACE(sizeof by);
    } else {
        in6_pktinfo by{};
        by.ipi6_ifindex = static_cast<unsigned>(link);
        part->cmsg_level = IPPROTO_IPV6;
        part->cmsg_type = IPV6_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof by);
        std::memcpy(CMSG_DATA(part), &by, sizeof by);
        message.msg_controllen = CMSG_SPACE(sizeof by);
    }
    (void)::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void MdnsSocket::say(int link, std::string_view bytes) {
    if (family_ == AF_INET) {
        const sockaddr_in group = group_v4();
        send(link, &group, sizeof group, bytes);
    } else {
        const sockaddr_in6 group = group_v6(link);
        send(link, &group, sizeof group, bytes);
    }
}

void MdnsSocket::answer(const MdnsPacket& packet, std::string_view bytes) {
    send(packet.link, packet.from.data(), packet.from.size(), bytes);
}

std::optional<MdnsPacket> MdnsSocket::try_read(char* buffer) {
    for (;;) {
        iovec piece{buffer, packet_bytes_max};
        alignas(cmsghdr) char control[control_bytes];
        sockaddr_storage from{};
        msghdr message{};
        message.msg_name = &from;
        message.msg_namelen = sizeof from;
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t got = ::recvmsg(fd_.get(), &message, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        MdnsPacket packet;
        packet.from.assign(reinterpret_cast<const char*>(&from), message.msg_namelen);
        packet.bytes = {buffer, static_cast<size_t>(got)};
        for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
            if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
                in_pktinfo by;
                std::memcpy(&by, CMSG_DATA(part), sizeof by);
                packet.link = by.ipi_ifindex;
                packet.is_multicast = IN_MULTICAST(ntohl(by.ipi_addr.s_addr));
            } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
                in6_pktinfo by;
                std::memcpy(&by, CMSG_DATA(part), sizeof by);
                packet.link = static_cast<int>(by.ipi6_ifindex);
                packet.is_multicast = IN6_IS_ADDR_MULTICAST(&by.ipi6_addr);
            }
        }
        if (family_ == AF_INET) {
            packet.v4 = Ipv4{ntohl(reinterpret_cast<const sockaddr_in&>(from).sin_addr.s_addr)};
            packet.port = ntohs(reinterpret_cast<const sockaddr_in&>(from).sin_port);
        } else {
            const auto& sender = reinterpret_cast<const sockaddr_in6&>(from);
            packet.port = ntohs(sender.sin6_port);
            std::copy_n(reinterpret_cast<const char*>(sender.sin6_addr.s6_addr), packet.v6.size(), packet.v6.begin());
        }
        return packet;
    }
}

}  // namespace orilla::network
