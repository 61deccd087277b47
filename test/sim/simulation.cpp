#include "simulation.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "invariants.hpp"

namespace orilla::sim {

namespace {
constexpr int64_t rest_ms_max = 60 * 60'000;      ///< back-offs of 5 minutes after one another
constexpr int64_t idle_ms = 30 * 60'000;
constexpr int turns_at_once_max = 200'000;        ///< more without any time passing is a busy loop
constexpr int64_t restart_delay_ms = 1'000;

std::string make_directory() {
    const char* base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    std::string pattern = std::string(base) + "/orilla-sim-XXXXXX";
    // Not mkdtemp(3): that one is the pods'.
    for (int attempt = 0;; ++attempt) {
        std::string path = pattern.substr(0, pattern.size() - 6) + std::to_string(getpid()) + "-" + std::to_string(attempt);
        std::error_code error;
        if (std::filesystem::create_directory(path, error)) return path;
        if (attempt == 1000) abort();
    }
}
}  // namespace

Simulation::Simulation(SimulationOptions options)
    : options_(options),
      directory_(make_directory()),
      random_(options.seed),
      host_random_(options.seed ^ 0x5555555555555555U),
      daemon_random_(options.seed ^ 0xaaaaaaaaaaaaaaaaU),
      trace_(clock_, options.print),
      host_loop_(clock_),
      host_(host_loop_, clock_, host_random_, trace_, weather_),
      ledger_(trace_),
      clients_(random_, trace_),
      faults_(random_, trace_, host_, weather_, clock_) {
    if (chdir(directory_.c_str()) != 0) abort();
    for (const char* name : {"pods", "logs"}) std::filesystem::create_directory(name);
    std::ofstream("resolv.conf") << "nameserver 192.0.2.1\n";
    Disk::get().reset();
}

Simulation::~Simulation() {
    daemon_.reset();
    Disk::get().reset();
    std::error_code error;
    if (chdir("/") == 0) std::filesystem::remove_all(directory_, error);
}

Counts Simulation::counts() const {
    return {host_.daemon_life, power_cuts_, host_.starts(), ledger_.durable_writes(), clock_.monotonic_ms() / 1000};
}

bool Simulation::run() {
    start_daemon();
    pass(1'000);
    chaos();
    if (!trace_.failed() && come_to_rest()) {
        stay_at_rest();
        upgrade();
    }
    if (daemon_ && daemon_->has_store())
        for (const auto& kind : api::all_kinds())
            for (const auto& entry : daemon_->store().list(kind.resource, {}).entries)
                if (entry->json) trace_.mix(*entry->json);
    return !trace_.failed();
}

// ---- time ------------------------------------------------------------------------------------------------------------

bool Simulation::turn_once() {
    bool ran = host_loop_.turn(false);
    if (daemon_) ran |= daemon_->loop().turn(false);
    look_after_daemon();
    return ran;
}

/// Everything that can happen at this moment.
void Simulation::settle() {
    for (int turns = 0; turn_once(); ++turns)
        if (turns == turns_at_once_max) return trace_.fail("busy: no end of work without any time passing");
}

void Simulation::pass(int64_t ms) {
    const int64_t end = clock_.monotonic_ms() + ms;
    settle();
    while (!trace_.failed()) {
        int64_t next = end;
        for (const int64_t deadline : {host_loop_.next_deadline_ms(), daemon_ ? daemon_->loop().next_deadline_ms() : start_at_ms_})
            if (deadline >= 0) next = std::min(next, std::max(deadline, clock_.monotonic_ms()));
        clock_.advance_ms(next - clock_.monotonic_ms());
        settle();
        if (next >= end) return;
    }
}

// ---- the daemon's lives ----------------------------------------------------------------------------------------------

DaemonOptions Simulation::draw_options() {
    DaemonOptions out;
    if (chance(50)) out.soft_flush_interval_ms = 1'000;
    if (chance(30)) out.history_events_max = 8;
    if (chance(30)) out.batch_writes_max = 2;
    if (chance(50)) out.revision_block = 20;
    if (chance(50)) out.wal_pages_max = 16;
    return out;
}

void Simulation::start_daemon() {
    trace_.add("daemon: start");
    daemon_ = std::make_unique<Daemon>(clock_, host_, ledger_, daemon_random_, draw_options());
    daemon_->start();
}

/// systemd: a daemon that has left is started again.
void Simulation::look_after_daemon() {
    if (daemon_ && Disk::get().dead()) return kill_daemon(chance(30));
    if (daemon_ && daemon_->ended()) return kill_daemon(false);
    if (!daemon_ && clock_.monotonic_ms() >= start_at_ms_) start_daemon();
}

void Simulation::kill_daemon(bool power_cut) {
    trace_.add(power_cut ? "power cut" : "daemon: killed");
    if (daemon_->has_store()) ledger_.note_shown(daemon_->store(), false);
    Disk::get().die();
    daemon_.reset();
    if (power_cut) {
        Disk::get().cut_power(random_);
        host_.reboot();
        ++power_cuts_;
    } else {
        Disk::get().revive();
    }
    start_at_ms_ = clock_.monotonic_ms() + restart_delay_ms;
}

// ---- chaos -----------------------------------------------------------------------------------------------------------

void Simulation::chaos() {
    for (int i = 0; i < options_.steps && !trace_.failed(); ++i) step();
}

void Simulation::step() {
    const int what = static_cast<int>(random_.below(100));
    if (what < 55 && daemon_ && daemon_->ready()) clients_.act(*daemon_);
    else if (what < 80) faults_.strike();
    else if (what < 86 && daemon_) kill_daemon(chance(25));
    else if (what < 90 && daemon_) Disk::get().die_after(1 + static_cast<int>(random_.below(12)));
    // How far things get before the next step: some turns, moments, or long enough to come to rest.
    const int far = static_cast<int>(random_.below(100));
    if (far < 30) {
        for (uint64_t turns = random_.below(30); turns > 0; --turns) turn_once();
    } else {
        pass(far < 60 ? draw_ms(200) : far < 90 ? draw_ms(10'000) : draw_ms(300'000));
    }
}

// ---- peace -----------------------------------------------------------------------------------------------------------

void Simulation::mend_host() {
    for (auto& [uid, pod] : host_.pods())
        for (const auto& container : pod.containers)
            if (container->runs()) container->ready = container->healthy = true;
}

bool Simulation::come_to_rest() {
    faults_.clear();
    Disk::get().revive();
    mend_host();
    constexpr int64_t ready_ms_max = 60'000;
    for (int64_t waited = 0; !(daemon_ && daemon_->ready()); waited += 1'000) {
        pass(1'000);
        if (trace_.failed()) return false;
        if (waited >= ready_ms_max) return trace_.fail("the daemon does not get ready"), false;
    }
    clients_.mend(*daemon_);
    std::vector<std::string> unsettled;
    constexpr int64_t look_ms = 60'000;
    for (int64_t waited = 0; waited < rest_ms_max; waited += look_ms) {
        pass(look_ms);
        if (trace_.failed()) return false;
        unsettled = find_unsettled(*daemon_, host_);
        if (unsettled.empty()) return trace_.add("at rest"), true;
    }
    for (const auto& what : unsettled) trace_.fail(what);
    return false;
}

/// Nothing is written, and almost nothing is done, while nothing happens.
void Simulation::stay_at_rest() {
    constexpr uint64_t reconciles_per_minute_max = 2;
    pass(2 * 60'000);
    const uint64_t durable = ledger_.durable_writes(), starts = host_.starts(), writes = Disk::get().writes();
    const auto before = daemon_->reconciled();
    pass(idle_ms);
    if (trace_.failed()) return;
    if (ledger_.durable_writes() != durable) trace_.fail("idle: " + std::to_string(ledger_.durable_writes() - durable) + " durable writes");
    // Leases use up revisions, which are reserved in blocks.
    if (daemon_->options().revision_block > 1000 && Disk::get().writes() != writes)
        trace_.fail("idle: " + std::to_string(Disk::get().writes() - writes) + " writes reached the disk");
    if (host_.starts() != starts) trace_.fail("idle: containers were started");
    for (const auto& [name, count] : daemon_->reconciled())
        if (count - before.at(name) > reconciles_per_minute_max * (idle_ms / 60'000))
            trace_.fail("idle: " + name + " reconciled " + std::to_string(count - before.at(name)) + " times");
    for (const auto& what : find_unsettled(*daemon_, host_)) trace_.fail("idle: " + what);
}

/// A stop in good order and a new daemon: nothing restarts, nothing is forgotten.
void Simulation::upgrade() {
    if (trace_.failed()) return;
    const uint64_t starts = host_.starts();
    daemon_->stop();
    while (!daemon_->ended() && !trace_.failed() && daemon_->loop().next_deadline_ms() >= 0) {
        daemon_->loop().turn(false);
        if (!daemon_->ended()) clock_.advance_ms(1);
    }
    ledger_.note_shown(daemon_->store(), true);
    trace_.add("daemon: stopped for an upgrade");
    daemon_.reset();
    start_at_ms_ = clock_.monotonic_ms() + restart_delay_ms;
    pass(5 * 60'000);
    if (trace_.failed()) return;
    if (host_.starts() != starts) trace_.fail("upgrade: containers were started");
    if (!daemon_ || !daemon_->ready()) return trace_.fail("upgrade: the daemon does not get ready");
    for (const auto& what : find_unsettled(*daemon_, host_)) trace_.fail("upgrade: " + what);
}

}  // namespace orilla::sim
