#include "netlink/netlink_listener.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace orilla::network {

namespace {
constexpr size_t datagram_bytes_max = 32 * 1024;

Result<void> configure(int fd, NetlinkListenSpec& spec) {
    // Before there is anything to hear.
    const sock_fprog program{static_cast<unsigned short>(spec.filter.size()), spec.filter.data()};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
        return Error::from_errno(std::string("filter what is told of ") + spec.what, errno);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    bool good = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    for (const int group : spec.groups)
        good = good && ::setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0;
    if (!good) return Error::from_errno(std::string("listen to ") + spec.what, errno);
    return ok();
}
}  // namespace

Result<std::unique_ptr<NetlinkListener>> NetlinkListener::open(loop::Loop& loop, NetlinkListenSpec spec) {
    UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, spec.protocol));
    if (!fd) return Error::from_errno("open a netlink socket", errno);
    TRY_VOID(configure(fd.get(), spec));
    return std::unique_ptr<NetlinkListener>(new NetlinkListener(loop, std::move(fd), spec.what));
}

loop::Task<Result<std::string>> NetlinkListener::next() {
    std::string buffer(datagram_bytes_max, '\0');
    for (;;) {
        const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == ENOBUFS) co_return std::string();
        if (got < 0 && errno != EAGAIN) co_return Error::from_errno(std::string("listen to ") + what_, errno);
        if (got >= 0) {
            buffer.resize(static_cast<size_t>(got));
            co_return buffer;
        }
        // Not kept while there is nothing to be told.
        std::string().swap(buffer);
        co_await watch_.readable();
        buffer.resize(datagram_bytes_max);
    }
}

void NetlinkListener::drain() {
    constexpr int datagrams_max = 10'000;
    char byte;
    for (int i = 0; i < datagrams_max; ++i)
        if (::recv(fd_.get(), &byte, sizeof byte, MSG_TRUNC) < 0 && errno != EINTR && errno != ENOBUFS) return;
}

}  // namespace orilla::network
