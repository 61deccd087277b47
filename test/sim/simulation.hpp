// One run: a box, a daemon that is killed and started again, clients and faults, all drawn from one seed, in virtual time.
// First chaos, then peace; in peace everything must come to rest, stay at rest, and survive an upgrade untouched.
#pragma once

#include "clients.hpp"
#include "faults.hpp"
#include "world.hpp"

namespace orilla::sim {

struct SimulationOptions {
    uint64_t seed = 1;
    int steps = 200;
    bool only_claims = false;  ///< and the daemon dies at every third step
    bool print = false;
};

struct Counts {
    int daemon_lives = 0;
    int power_cuts = 0;
    uint64_t container_starts = 0;
    uint64_t durable_writes = 0;
    int64_t virtual_s = 0;
};

class Simulation {
  public:
    explicit Simulation(SimulationOptions options);
    /// True when every promise was kept.
    bool run();
    const Trace& trace() const { return world_.trace; }
    Counts counts() const;

  private:
    void step();
    void step_claims();
    void pass_some();
    bool come_to_rest();
    void stay_at_rest();
    void upgrade();
    void mend_host();

    const SimulationOptions options_;
    World world_;
    Clients clients_;
    Faults faults_;
};

}  // namespace orilla::sim
