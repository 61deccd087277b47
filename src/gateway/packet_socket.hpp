// One end of a SOCK_SEQPACKET pair on the loop: a packet is a message, and sockets may come beside it. Neither direction ever
// blocks; one task at a time sends, and one receives.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::gateway {

struct Packet {
    std::string bytes;          ///< empty: the other end has gone
    std::vector<UniqueFd> fds;  ///< sockets_per_message_max at most
};

class PacketSocket {
  public:
    PacketSocket(loop::Loop& loop, UniqueFd fd);
    /// Both ends, not inherited by exec.
    static Result<std::pair<UniqueFd, UniqueFd>> make_pair();

    /// Returns once the kernel has it; unavailable when the other end has gone.
    loop::Task<Result<void>> send(std::string bytes, std::vector<int> fds = {});
    /// What does not fit now is lost: for reports, which come again.
    bool send_now(std::string_view bytes);
    loop::Task<Result<Packet>> receive();
    int fd() const { return fd_.get(); }

  private:
    UniqueFd fd_;
    loop::FdWatch watch_;
    std::string buffer_;
};

}  // namespace orilla::gateway
