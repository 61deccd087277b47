// The daemon's side of the gateway: keeps what is to be served and the listening sockets, and sees to it that a confined
// process serves it: from the first listener to the last one, started anew when it has ended, with the same sockets, so that
// who connects meanwhile waits and is not refused. It never waits for that process: what it does not read in time is told
// later as one change.
//
// The process outlives the daemon. It goes on accepting, by the routes that it has, until the next daemon comes for its
// sockets (RUN_DIR/gateway.sock), has a new process serve them, and tells the old one to retire; that one finishes the
// connections that it has and ends.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orilla/gateway/routes.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::gateway {

/// User and group of the process; nobody else's.
constexpr uint32_t process_uid = 65'531;

struct GatewayOptions {
    std::string program = "/proc/self/exe";  ///< whose `run_gateway` the child runs
    std::string socket;                      ///< where the next daemon finds the process of this one
    std::string secret_file;                 ///< of the cookies of affinity; made when it is missing
    bool logs_access = false;
};

class Gateway final : public RouteSink {
  public:
    Gateway(loop::Loop& loop, GatewayOptions options);
    /// The process goes on by itself.
    ~Gateway() override;
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    void apply(Change change) override;
    void on_fault(FaultFn told) override;
    /// Told on the loop, again and again as long as requests wait.
    void on_wanted(std::function<void(const Wanted&)> told);

    /// The last ones of each backend.
    std::vector<BackendReport> reports() const;
    /// Of the process that serves; 0 without one.
    pid_t pid() const;
    void append_metrics(std::string& out) const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace orilla::gateway
