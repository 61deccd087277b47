#include "socket.hpp"

#include <asm/socket.h>
#include <linux/fcntl.h>

namespace orilla::supervisor {

namespace {

constexpr int sol_socket = 1;
constexpr int scm_rights = 1;
constexpr int msg_dont_wait = 0x40;
constexpr int msg_no_signal = 0x4000;
constexpr int msg_cloexec = 0x40000000;
constexpr int msg_truncated = 0x20;
constexpr int msg_control_truncated = 0x8;

struct IoVector {
    void* base;
    size_t length;
};

struct MessageHeader {
    void* name;
    int name_length;
    IoVector* vectors;
    size_t vector_count;
    void* control;
    size_t control_length;
    unsigned flags;
};

struct ControlHeader {
    size_t length;
    int level;
    int type;
};

struct Control {
    ControlHeader header;
    int fds[message_fds_max];
};
static_assert(sizeof(ControlHeader) == sizeof(size_t) + 8);

long send_packet(int socket, const void* data, size_t bytes, int fd) {
    IoVector vector{(void*)data, bytes};
    MessageHeader header{};
    header.vectors = &vector;
    header.vector_count = 1;
    Control control{};
    if (fd >= 0) {
        control.header = {sizeof(ControlHeader) + sizeof(int), sol_socket, scm_rights};
        control.fds[0] = fd;
        header.control = &control;
        header.control_length = sizeof(ControlHeader) + sizeof(size_t);  // padded as CMSG_SPACE pads
    }
    const long sent = call(__NR_sendmsg, socket, &header, msg_dont_wait | msg_no_signal);
    return sent < 0 ? sent : 0;
}

long receive_packet(int socket, void* data, size_t bytes, int* fds, int& fd_count) {
    IoVector vector{data, bytes};
    MessageHeader header{};
    header.vectors = &vector;
    header.vector_count = 1;
    Control control{};
    header.control = &control;
    header.control_length = sizeof control;
    fd_count = 0;
    const long received = call(__NR_recvmsg, socket, &header, msg_dont_wait | msg_cloexec);
    if (received < 0) return received;
    if (header.control_length >= sizeof(ControlHeader) && control.header.level == sol_socket &&
        control.header.type == scm_rights) {
        fd_count = (int)((control.header.length - sizeof(ControlHeader)) / sizeof(int));
        for (int i = 0; i < fd_count; ++i) fds[i] = control.fds[i];
    }
    if (header.flags & (msg_truncated | msg_control_truncated)) {
        for (int i = 0; i < fd_count; ++i) close_fd(fds[i]);
        fd_count = 0;
        return -EPROTO;
    }
    return received;
}

}  // namespace

void Received::close_fds() {
    for (int i = 0; i < fd_count; ++i) close_fd(fds[i]);
    fd_count = 0;
}

int Received::take(int index) {
    if (index >= fd_count) return -1;
    const int fd = fds[index];
    fds[index] = -1;
    return fd;
}

long receive_message(int socket, Received& received) {
    const long bytes = receive_packet(socket, &received.message, sizeof received.message, received.fds, received.fd_count);
    if (bytes <= 0) return bytes;
    if ((size_t)bytes != sizeof received.message) {
        received.close_fds();
        return -EPROTO;
    }
    return 1;
}

long send_message(int socket, const Message& message, int fd) { return send_packet(socket, &message, sizeof message, fd); }

long send_fd(int socket, int fd) { return send_packet(socket, "f", 1, fd); }

long receive_fd(int socket) {
    char byte;
    int fds[message_fds_max];
    int count = 0;
    const long bytes = receive_packet(socket, &byte, 1, fds, count);
    if (bytes < 0) return bytes;
    return count == 1 ? fds[0] : -ENOENT;
}

long peer_uid(int socket) {
    struct {
        int pid;
        unsigned uid, gid;
    } peer{};
    int length = sizeof peer;
    const long error = call(__NR_getsockopt, socket, sol_socket, SO_PEERCRED, &peer, &length);
    return error < 0 ? error : (long)peer.uid;
}

}  // namespace orilla::supervisor
