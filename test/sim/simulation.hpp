// One run: a box, a daemon that is killed and started again, clients and faults, all drawn from one seed, in virtual time.
// First chaos, then peace; in peace everything must come to rest, stay at rest, and survive an upgrade untouched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "clients.hpp"
#include "daemon.hpp"
#include "faults.hpp"

namespace orilla::sim {

struct SimulationOptions {
    uint64_t seed = 1;
    int steps = 200;
    bool print = false;
};

struct Counts {
    int daemon_lives = 0;
    int power_cuts = 0;
    uint64_t container_starts = 0;
    uint64_t durable_writes = 0;
    int64_t virtual_s = 0;
};

/// Works in a temporary directory of its own, which it makes the working directory: paths must not differ in a replay.
class Simulation {
  public:
    explicit Simulation(SimulationOptions options);
    ~Simulation();
    /// True when every promise was kept.
    bool run();
    const Trace& trace() const { return trace_; }
    Counts counts() const;

  private:
    void chaos();
    void step();
    bool come_to_rest();
    void stay_at_rest();
    void upgrade();
    void mend_host();

    void pass(int64_t ms);
    void settle();
    bool turn_once();
    void look_after_daemon();
    void start_daemon();
    void kill_daemon(bool power_cut);
    DaemonOptions draw_options();
    int64_t draw_ms(int64_t max) { return static_cast<int64_t>(random_.below(static_cast<uint64_t>(max) + 1)); }
    bool chance(int percent) { return static_cast<int>(random_.below(100)) < percent; }

    const SimulationOptions options_;
    std::string directory_;
    test::FakeClock clock_;
    test::SeededRandom random_;         ///< what happens
    test::SeededRandom host_random_;    ///< how long it takes
    test::SeededRandom daemon_random_;  ///< the daemon's own
    Trace trace_;
    Weather weather_;
    loop::Loop host_loop_;
    Host host_;
    Ledger ledger_;
    Clients clients_;
    Faults faults_;
    std::unique_ptr<Daemon> daemon_;
    int64_t start_at_ms_ = 0;  ///< when systemd starts the next daemon
    int power_cuts_ = 0;
};

}  // namespace orilla::sim
