// The gateway's process, behind its confinement: hears from the daemon, keeps the routes, has the server listen on what they
// name. When the daemon goes it goes on with what it has, until the next daemon has come for the sockets (handover.hpp) or
// nobody came for too long; then it takes no more connections and ends with the last of those that it has.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "handover.hpp"
#include "messages.hpp"
#include "orilla/http/server.hpp"
#include "orilla/loop/loop.hpp"
#include "packet_socket.hpp"
#include "proxy.hpp"

namespace orilla::gateway {

struct ProcessLimits {
    int64_t alone_ms_max = 24 * 3'600'000;  ///< without a daemon
    int64_t drain_ms_max = 3'600'000;       ///< for connections that do not end
    int64_t look_ms = 500;                  ///< at how many are left
    int64_t report_ms = 1'000;              ///< between two reports, as long as there is traffic
    http::ServerLimits server;
};
/// A gateway's: many clients, of which none may take all.
ProcessLimits process_limits();

class Process {
  public:
    Process(loop::Loop& loop, UniqueFd control, UniqueFd meeting_place, ProcessLimits limits);
    ~Process();
    /// Ends when it has nothing left to do; an error when it does not understand the daemon.
    loop::Task<Result<void>> run();

  private:
    loop::Task<Result<void>> hear();
    Result<void> take(ToGateway message, std::vector<UniqueFd> fds);
    void apply(uint64_t sequence, Change change);
    void listen_on_ports();
    void tell(const ToDaemon& message);
    loop::Task<void> meet_successor();
    loop::Task<bool> hand_over(UniqueFd connection);
    loop::Task<void> drain();
    loop::Task<void> report();

    loop::Loop& loop_;
    const ProcessLimits limits_;
    PacketSocket control_;
    UniqueFd meeting_place_;
    ChangePieces pieces_;
    Proxy proxy_;
    http::Server server_;
    PortSockets sockets_;
    std::set<uint16_t> listening_;
    bool is_retired_ = false;
    loop::Event successor_came_;
    loop::Scope scope_;
};

}  // namespace orilla::gateway
