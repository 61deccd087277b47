#include "packet_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "messages.hpp"

namespace orilla::gateway {

namespace {
constexpr size_t control_bytes = CMSG_SPACE(sizeof(int) * sockets_per_message_max);

std::vector<UniqueFd> take_fds(msghdr& message) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return fds;
}

ssize_t try_send(int socket, std::string_view bytes, const std::vector<int>& fds) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[control_bytes] = {};
    if (!fds.empty()) {
        const size_t size = sizeof(int) * fds.size();
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(size);
        cmsghdr* part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(size);
        std::memcpy(CMSG_DATA(part), fds.data(), size);
    }
    return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
}  // namespace

PacketSocket::PacketSocket(loop::Loop& loop, UniqueFd fd) : fd_(std::move(fd)), watch_(loop, fd_.get()) {}

Result<std::pair<UniqueFd, UniqueFd>> PacketSocket::make_pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return Error::from_errno("socketpair", errno);
    return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

loop::Task<Result<void>> PacketSocket::send(std::string bytes, std::vector<int> fds) {
    if (fds.size() > sockets_per_message_max) co_return Error(Code::too_large, "too many sockets beside one message");
    for (;;) {
        if (try_send(fd_.get(), bytes, fds) >= 0) co_return ok();
        if (errno == EAGAIN || errno == ENOBUFS) co_await watch_.writable();
        else if (errno == EPIPE || errno == ECONNRESET) co_return Error(Code::unavailable, "the other end has gone");
        else if (errno != EINTR) co_return Error::from_errno("send a message", errno);
    }
}

bool PacketSocket::send_now(std::string_view bytes) { return try_send(fd_.get(), bytes, {}) >= 0; }

loop::Task<Result<Packet>> PacketSocket::receive() {
    // Held only while something is received: an idle end keeps no buffer.
    for (;;) {
        buffer_.resize(packet_bytes_max);
        iovec piece{buffer_.data(), buffer_.size()};
        alignas(cmsghdr) char control[control_bytes];
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t got = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        const int error = errno;
        if (got >= 0) {
            Packet packet;
            packet.fds = take_fds(message);
            if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) co_return Error(Code::too_large, "a message is too large");
            packet.bytes.assign(buffer_.data(), static_cast<size_t>(got));
            co_return packet;
        }
        std::string().swap(buffer_);
        if (error == EAGAIN) co_await watch_.readable();
        else if (error == ECONNRESET) co_return Packet();
        else if (error != EINTR) co_return Error::from_errno("receive a message", error);
    }
}

}  // namespace orilla::gateway
