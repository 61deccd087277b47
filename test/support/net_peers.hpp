// Peers for network tests: blocking, bounded clients and servers, each in the network namespace it is told. A server
// names itself to everyone who connects, so that a test counts who answered.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net_box.hpp"
#include "orilla/base/ipv4.hpp"

namespace orilla::test {

inline sockaddr_in socket_address(const std::string& ip, uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
    return address;
}

inline UniqueFd make_socket(int type, int wait_ms) {
    UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const timeval limit{wait_ms / 1000, (wait_ms % 1000) * 1000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

/// What a client saw: the name of who answered, or errno ("" and ETIMEDOUT when nobody did).
struct Answer {
    std::string name;
    int error = 0;
    UniqueFd socket;
};

/// In the calling thread's namespace. `source`: an address to bind to.
inline Answer ask(int type, const std::string& ip, uint16_t port, const std::string& source = {}, int wait_ms = 2000) {
    Answer answer;
    answer.socket = make_socket(type, wait_ms);
    const int fd = answer.socket.get();
    if (!source.empty()) {
        const sockaddr_in own = socket_address(source, 0);
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
            return answer.error = errno, std::move(answer);
    }
    const sockaddr_in peer = socket_address(ip, port);
    char text[256];
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0 || ::send(fd, "?", 1, MSG_NOSIGNAL) != 1) {
        answer.error = errno == EINPROGRESS ? ETIMEDOUT : errno;
        return answer;
    }
    const ssize_t got = ::recv(fd, text, sizeof text, 0);
    if (got < 0) answer.error = errno == EAGAIN ? ETIMEDOUT : errno;
    else answer.name.assign(text, static_cast<size_t>(got));
    return answer;
}

/// True when the host is there: a closed port refuses at once.
inline bool reaches(const std::string& ip) { return ask(SOCK_STREAM, ip, 9).error == ECONNREFUSED; }
inline bool reaches_from(const std::string& netns, const std::string& ip) {
    return in_netns(netns, [&ip] { return reaches(ip); });
}

/// Answers "NAME CLIENT-ADDRESS" to every datagram, and to every byte of a connection, until it is destroyed.
class NamedServer {
  public:
    NamedServer(const std::string& netns, int type, const std::string& ip, uint16_t port, std::string name)
        : name_(std::move(name)), type_(type) {
        listener_ = in_netns(netns, [&] {
            UniqueFd fd = make_socket(type, 2000);
            const int on = 1;
            ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            const sockaddr_in own = socket_address(ip, port);
            if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) std::perror("bind");
            if (type == SOCK_STREAM) ::listen(fd.get(), 4096);
            return fd;
        });
        thread_ = std::thread([this] { serve(); });
    }
    NamedServer(const NamedServer&) = delete;
    ~NamedServer() {
        stopping_ = true;
        thread_.join();
    }
    int answered() const { return answered_; }

  private:
    void reply(int fd) {
        char question[64];
        sockaddr_in from{};
        socklen_t size = sizeof from;
        if (::recvfrom(fd, question, sizeof question, 0, reinterpret_cast<sockaddr*>(&from), &size) <= 0) return;
        if (type_ == SOCK_STREAM) {
            size = sizeof from;
            ::getpeername(fd, reinterpret_cast<sockaddr*>(&from), &size);
        }
        char client[32];
        ::inet_ntop(AF_INET, &from.sin_addr, client, sizeof client);
        const std::string text = name_ + " " + client;
        ++answered_;
        if (type_ == SOCK_STREAM) (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        else (void)!::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
    void serve() {
        std::vector<UniqueFd> open;
        while (!stopping_) {
            std::vector<pollfd> all{{listener_.get(), POLLIN, 0}};
            for (const UniqueFd& fd : open) all.push_back({fd.get(), POLLIN, 0});
            if (::poll(all.data(), all.size(), 20) <= 0) continue;
            for (size_t i = all.size() - 1; i >= 1; --i) {
                if (!all[i].revents) continue;
                char peeked;
                if (::recv(all[i].fd, &peeked, 1, MSG_PEEK) > 0) reply(all[i].fd);
                else open.erase(open.begin() + static_cast<long>(i) - 1);
            }
            if (!all[0].revents) continue;
            if (type_ == SOCK_STREAM) open.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            else reply(listener_.get());
        }
    }

    std::string name_;
    int type_;
    UniqueFd listener_;
    std::atomic<bool> stopping_{false};
    std::atomic<int> answered_{0};
    std::thread thread_;
};

}  // namespace orilla::test
