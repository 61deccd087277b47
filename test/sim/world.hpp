// The box and its daemon in virtual time: lets time pass, kills the daemon, cuts the power, starts it again as systemd
// does. Whoever drives it decides what happens when.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon.hpp"

namespace orilla::sim {

/// Works in a temporary directory of its own, which it makes the working directory: paths must not differ in a replay.
class World {
  public:
    World(uint64_t seed, bool print);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Runs everything that is due in the next `ms`.
    void pass(int64_t ms);
    /// One turn of every loop; false when there was nothing to do.
    bool turn();
    void start_daemon();
    /// kill -9, or the end of the power for the whole box.
    void kill_daemon(bool power_cut);
    /// systemctl stop, and a new daemon.
    void restart_daemon();
    /// Lets time pass until the daemon is ready; a broken promise when it takes long.
    bool wait_ready();
    bool ready() const { return daemon && daemon->ready(); }
    int power_cuts() const { return power_cuts_; }
    int64_t draw_ms(int64_t max) { return static_cast<int64_t>(random.below(static_cast<uint64_t>(max) + 1)); }
    bool chance(int percent) { return static_cast<int>(random.below(100)) < percent; }

  private:
    std::string directory_;

  public:
    test::FakeClock clock;
    test::SeededRandom random;         ///< what happens
    test::SeededRandom host_random;    ///< how long it takes
    test::SeededRandom daemon_random;  ///< the daemon's own
    Trace trace;
    Weather weather;
    loop::Loop host_loop;
    Host host;
    Ledger ledger;
    RolloutHistory rollouts;
    std::unique_ptr<Daemon> daemon;
    /// What the next daemon gets; drawn for each one when `draws_options`.
    DaemonOptions daemon_options;
    bool draws_options = false;
    /// How often a disk that dies in the middle of a commit takes the whole box along.
    int power_cuts_percent = 30;

  private:
    void settle();
    void look_after_daemon();
    void draw_options();
    int64_t start_at_ms_ = 0;  ///< when systemd starts the next daemon
    int power_cuts_ = 0;
    int64_t minute_ = 0;  ///< of virtual time, and the turns in it
    int64_t turns_ = 0;
};

}  // namespace orilla::sim
