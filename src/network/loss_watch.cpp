#include "link_watch.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <vector>

#include "netlink.hpp"

namespace orilla::network {

namespace {
constexpr size_t notification_bytes_max = 32 * 1024;

/// Lets RTM_DELLINK pass alone. A notification is one message; the filter's loads are big-endian.
Result<void> keep_removals(int fd) {
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const sock_fprog program{static_cast<unsigned short>(std::size(steps)), steps};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        return Error::from_errno("filter what devices tell", errno);
    return ok();
}

/// Of the first message; nothing when it is not of a device that goes.
std::string find_name(std::string_view datagram) {
    nlmsghdr head;
    if (datagram.size() < sizeof head + sizeof(ifinfomsg)) return {};
    std::memcpy(&head, datagram.data(), sizeof head);
    if (head.nlmsg_type != RTM_DELLINK) return {};
    datagram.remove_prefix(NLMSG_ALIGN(sizeof head) + NLMSG_ALIGN(sizeof(ifinfomsg)));
    return NetlinkAttributes(datagram.data(), datagram.size()).name(IFLA_IFNAME);
}
}  // namespace

Result<std::unique_ptr<LinkWatch>> LinkWatch::open(loop::Loop& loop) {
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    if (!fd) return Error::from_errno("open a netlink socket", errno);
    TRY_VOID(keep_removals(fd.get()));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error::from_errno("listen to devices", errno);
    return std::unique_ptr<LinkWatch>(new LinkWatch(loop, std::move(fd)));
}

loop::Task<Result<std::string>> LinkWatch::next() {
    std::vector<char> buffer(notification_bytes_max);
    for (;;) {
        const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == ENOBUFS) co_return std::string();
        if (got < 0 && errno != EAGAIN) co_return Error::from_errno("listen to devices", errno);
        if (got < 0) {
            // Not kept while there is nothing to be told.
            std::vector<char>().swap(buffer);
            co_await watch_.readable();
            buffer.resize(notification_bytes_max);
            continue;
        }
        std::string name = find_name({buffer.data(), static_cast<size_t>(got)});
        if (!name.empty()) co_return name;
    }
}

}  // namespace orilla::network
