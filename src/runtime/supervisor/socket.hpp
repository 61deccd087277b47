// Messages and fds over unix sockets, without a libc: its msghdr and cmsghdr are the kernel's own.
#pragma once

#include "sys.hpp"
#include "wire.hpp"

namespace orilla::supervisor {

struct Received {
    Message message;
    int fds[message_fds_max];
    int fd_count = 0;

    void close_fds();
    /// Takes fd `index`; -1 when it was not sent.
    int take(int index);
};

/// One packet. Returns 1, 0 at the end of the stream, or -errno. Truncated packets and too many fds are -EPROTO.
long receive_message(int socket, Received& received);
/// Never waits: -EAGAIN when the peer does not read.
long send_message(int socket, const Message& message, int fd = -1);
/// One fd with one byte.
long send_fd(int socket, int fd);
/// -errno when there is none.
long receive_fd(int socket);
/// uid of the process at the other end, -errno.
long peer_uid(int socket);

}  // namespace orilla::supervisor
