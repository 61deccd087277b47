#include "supervisor_client.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace orilla::runtime {

using supervisor::Message;

namespace {

/// One packet and the fd that came with it. 1, 0 at the end, -1 with errno.
ssize_t receive(int socket, SupervisorReply& reply) {
    iovec vector{&reply.message, sizeof reply.message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t bytes = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (bytes <= 0) return bytes;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        int fd = -1;
        memcpy(&fd, CMSG_DATA(part), sizeof fd);
        reply.fd.reset(fd);
    }
    if (bytes == sizeof reply.message) return 1;
    errno = EPROTO;
    return -1;
}

}  // namespace

SupervisorClient::SupervisorClient(loop::Loop& loop, UniqueFd socket, int64_t answer_ms_max, Listener listener)
    : loop_(loop),
      socket_(std::move(socket)),
      watch_(loop, socket_.get()),
      answer_ms_max_(answer_ms_max),
      listener_(std::move(listener)),
      scope_(loop) {
    scope_.spawn(read());
}

Result<UniqueFd> SupervisorClient::connect(const std::string& path) {
    // By way of the directory's fd, because a socket's path may be too long for sockaddr_un.
    const size_t slash = path.rfind('/');
    UniqueFd dir(open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!dir) return Error::from_errno("open " + path, errno);
    UniqueFd socket_fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_fd) return Error::from_errno("socket", errno);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string near = fmt::format("/proc/self/fd/{}{}", dir.get(), path.substr(slash));
    memcpy(address.sun_path, near.c_str(), std::min(near.size() + 1, sizeof address.sun_path - 1));
    if (::connect(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return Error::from_errno("connect to " + path, errno).with_code(Code::unavailable);
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(socket_fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.uid != 0)
        return Error(Code::forbidden, fmt::format("connect to {}: the listener is not root's", path));
    return socket_fd;
}

Result<void> SupervisorClient::send(const Message& message, const std::vector<int>& fds) {
    iovec vector{const_cast<Message*>(&message), sizeof message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * supervisor::message_fds_max)] = {};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    if (!fds.empty()) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        cmsghdr* part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
        memcpy(CMSG_DATA(part), fds.data(), sizeof(int) * fds.size());
    }
    // A few packets fit into the socket's buffer; a supervisor that lets it fill up is stuck.
    if (sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return Error::from_errno("send to the supervisor", errno).with_code(Code::unavailable);
    return ok();
}

loop::Task<Result<SupervisorReply>> SupervisorClient::exchange(Message message, std::vector<int> fds,
                                                               bool (*is_answer)(const Message&)) {
    const auto self = shared_from_this();
    if (!connected_) co_return Error(Code::unavailable, "the supervisor is gone");
    Waiting waiting(*this, message.request);
    CO_CHECK_VOID(send(message, fds));
    loop::Timer timer(loop_);
    timer.arm_after(answer_ms_max_, [&waiting] {
        waiting.late = true;
        waiting.event.notify_all();
    });
    while (!waiting.reply && !waiting.late && connected_) co_await waiting.event.wait();
    if (!waiting.reply && waiting.late) co_return Error(Code::timeout, "the supervisor does not answer");
    if (!waiting.reply) co_return Error(Code::unavailable, "the supervisor is gone");
    supervisor::Refused refused;
    if (supervisor::read_message(waiting.reply->message, refused))
        co_return Error::from_errno("the supervisor refuses", refused.error);
    if (!is_answer(waiting.reply->message)) co_return Error(Code::corrupt, "the supervisor's answer makes no sense");
    co_return std::move(*waiting.reply);
}

void SupervisorClient::lose() {
    for (auto& [request, waiting] : waiting_) waiting->event.notify_all();
    listener_.gone();
}

loop::Task<void> SupervisorClient::read() {
    for (;;) {
        SupervisorReply reply;
        const ssize_t got = receive(socket_.get(), reply);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) {
            co_await watch_.readable();
            continue;
        }
        if (got <= 0) break;
        if (reply.message.request == 0) {
            if (reply.message.type != supervisor::Exited::type) continue;
            supervisor::Exited exited;
            // What it meant is in the state file, which is read when we are connected again.
            if (!supervisor::read_message(reply.message, exited)) break;
            listener_.exited(exited);
            continue;
        }
        auto found = waiting_.find(reply.message.request);
        if (found == waiting_.end()) continue;
        found->second->reply = std::move(reply);
        found->second->event.notify_all();
    }
    // The client may be destroyed by who hears of it: not from inside its own task.
    connected_ = false;
    loop_.post([this, alive = alive_] {
        if (*alive) lose();
    });
}

}  // namespace orilla::runtime
