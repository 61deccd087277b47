#include "world.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace orilla::sim {

namespace {
/// More turns in a minute are a busy loop.
constexpr int64_t turns_per_minute_max = 40'000;
constexpr int64_t restart_delay_ms = 1'000;
constexpr int64_t ready_ms_max = 60'000;
constexpr int64_t stop_ms_max = 60'000;

std::string make_directory() {
    const std::string base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    constexpr int attempts_max = 1000;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        const std::string path = base + "/orilla-sim-" + std::to_string(getpid()) + "-" + std::to_string(attempt);
        std::error_code error;
        if (std::filesystem::create_directory(path, error)) return path;
    }
    abort();
}
}  // namespace

World::World(uint64_t seed, bool print)
    : directory_(make_directory()),
      random(seed),
      host_random(seed ^ 0x5555555555555555U),
      daemon_random(seed ^ 0xaaaaaaaaaaaaaaaaU),
      trace(clock, print),
      host_loop(clock),
      host(host_loop, clock, host_random, trace, weather),
      ledger(trace) {
    if (chdir(directory_.c_str()) != 0) abort();
    for (const char* name : {"pods", "logs"}) std::filesystem::create_directory(name);
    std::ofstream("resolv.conf") << "nameserver 192.0.2.1\n";
    Disk::get().reset();
}

World::~World() {
    daemon.reset();
    Disk::get().reset();
    std::error_code error;
    if (chdir("/") == 0) std::filesystem::remove_all(directory_, error);
}

// ---- time ------------------------------------------------------------------------------------------------------------

bool World::turn() {
    bool ran = host_loop.turn(false);
    if (daemon) ran |= daemon->loop().turn(false);
    const bool had_daemon = daemon != nullptr;
    look_after_daemon();
    ran |= daemon && !had_daemon;  // one that has just been started has not had its turn yet
    const int64_t minute = clock.monotonic_ms() / 60'000;
    if (minute != minute_) turns_ = 0;
    minute_ = minute;
    if (++turns_ == turns_per_minute_max) trace.fail("busy: no end of work in minute " + std::to_string(minute));
    return ran;
}

/// Everything that can happen at this moment.
void World::settle() {
    while (turn() && !trace.failed()) {
    }
}

void World::pass(int64_t ms) {
    const int64_t end = clock.monotonic_ms() + ms;
    settle();
    while (!trace.failed()) {
        int64_t next = end;
        for (const int64_t deadline : {host_loop.next_deadline_ms(), daemon ? daemon->loop().next_deadline_ms() : start_at_ms_})
            if (deadline >= 0) next = std::min(next, std::max(deadline, clock.monotonic_ms()));
        clock.advance_ms(next - clock.monotonic_ms());
        settle();
        if (next >= end) return;
    }
}

// ---- the daemon's lives ----------------------------------------------------------------------------------------------

/// Small limits now and then, so that a short run reaches them.
void World::draw_options() {
    daemon_options = DaemonOptions();
    if (chance(50)) daemon_options.soft_flush_interval_ms = 1'000;
    if (chance(30)) daemon_options.history_events_max = 8;
    if (chance(30)) daemon_options.batch_writes_max = 2;
    if (chance(50)) daemon_options.revision_block = 20;
    if (chance(50)) daemon_options.wal_pages_max = 16;
}

void World::start_daemon() {
    trace.add("daemon: start");
    if (draws_options) draw_options();
    daemon = std::make_unique<Daemon>(clock, host, ledger, rollouts, daemon_random, daemon_options);
    daemon->start();
}

/// systemd: a daemon that has left is started again.
void World::look_after_daemon() {
    if (daemon && Disk::get().dead()) return kill_daemon(chance(power_cuts_percent));
    if (daemon && daemon->ended()) return kill_daemon(false);
    if (!daemon && clock.monotonic_ms() >= start_at_ms_) start_daemon();
}

void World::kill_daemon(bool power_cut) {
    trace.add(power_cut ? "power cut" : "daemon: killed");
    if (daemon->has_store()) ledger.note_shown(daemon->store(), false);
    Disk::get().die();
    daemon.reset();
    if (power_cut) {
        Disk::get().cut_power(random);
        host.reboot();
        ++power_cuts_;
    } else {
        Disk::get().revive();
    }
    start_at_ms_ = clock.monotonic_ms() + restart_delay_ms;
}

void World::restart_daemon() {
    trace.add("daemon: stop");
    daemon->stop();
    for (int64_t waited = 0; !daemon->ended() && !Disk::get().dead(); ++waited) {
        if (waited == stop_ms_max) return trace.fail("the daemon does not stop");
        // A disk that has died takes the process along at once: what it seems to answer then was never answered.
        while (!Disk::get().dead() && daemon->loop().turn(false)) {
        }
        clock.advance_ms(1);
    }
    if (!daemon->closed()) return kill_daemon(false);
    ledger.note_shown(daemon->store(), true);
    trace.add("daemon: stopped");
    daemon.reset();
    start_at_ms_ = clock.monotonic_ms() + restart_delay_ms;
}

bool World::wait_ready() {
    constexpr int64_t look_ms = 1'000;
    for (int64_t waited = 0; !ready(); waited += look_ms) {
        if (waited >= ready_ms_max) trace.fail("the daemon does not get ready");
        if (trace.failed()) return false;
        pass(look_ms);
    }
    return true;
}

}  // namespace orilla::sim
