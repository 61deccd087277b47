#include "simulation.hpp"

#include "invariants.hpp"

namespace orilla::sim {

namespace {
constexpr int64_t rest_ms_max = 60 * 60'000;  ///< back-offs of 5 minutes after one another
constexpr int64_t idle_ms = 30 * 60'000;
}  // namespace

Simulation::Simulation(SimulationOptions options)
    : options_(options),
      world_(options.seed, options.print),
      clients_(world_.random, world_.trace, world_.rollouts),
      faults_(world_.random, world_.trace, world_.host, world_.weather, world_.clock) {
    world_.draws_options = true;
}

Counts Simulation::counts() const {
    return {world_.host.daemon_life, world_.power_cuts(), world_.host.starts(), world_.ledger.durable_writes(),
            world_.clock.monotonic_ms() / 1000};
}

bool Simulation::run() {
    world_.start_daemon();
    world_.pass(1'000);
    for (int i = 0; i < options_.steps && !trace().failed(); ++i) options_.only_claims ? step_claims() : step();
    if (!trace().failed() && come_to_rest()) {
        stay_at_rest();
        upgrade();
    }
    if (world_.ready())
        for (const auto& kind : api::builtin_kinds())
            for (const auto& entry : world_.daemon->store().list(kind.resource, {}).entries)
                if (entry->json) world_.trace.mix(*entry->json);
    return !trace().failed();
}

void Simulation::step() {
    const int what = static_cast<int>(world_.random.below(100));
    if (what < 55 && world_.ready()) clients_.act(*world_.daemon);
    else if (what < 80) faults_.strike();
    else if (what < 86 && world_.daemon) world_.kill_daemon(world_.chance(25));
    else if (what < 88 && world_.ready()) world_.restart_daemon();
    else if (what < 92 && world_.daemon) Disk::get().die_after(1 + static_cast<int>(world_.random.below(12)));
    pass_some();
}

void Simulation::step_claims() {
    const int what = static_cast<int>(world_.random.below(100));
    if (what < 65 && world_.ready()) clients_.act_on_claims(*world_.daemon);
    else if (what < 90 && world_.daemon) world_.kill_daemon(world_.chance(25));
    else if (world_.daemon) Disk::get().die_after(1 + static_cast<int>(world_.random.below(12)));
    pass_some();
}

void Simulation::pass_some() {
    // How far things get before the next step: some turns, moments, or long enough to come to rest.
    const int far = static_cast<int>(world_.random.below(100));
    if (far < 30) {
        for (uint64_t turns = world_.random.below(30); turns > 0; --turns) world_.turn();
    } else {
        world_.pass(world_.draw_ms(far < 60 ? 200 : far < 90 ? 10'000 : 300'000));
    }
}

void Simulation::mend_host() {
    for (auto& [uid, pod] : world_.host.pods())
        for (const auto& container : pod.containers)
            if (container->runs()) container->ready = container->healthy = true;
}

bool Simulation::come_to_rest() {
    constexpr int64_t requests_ms_max = 10'000;
    faults_.clear();
    Disk::get().revive();
    mend_host();
    world_.pass(requests_ms_max);
    if (!world_.wait_ready()) return false;
    std::vector<std::string> unsettled;
    constexpr int64_t look_ms = 60'000;
    int calm_looks = 0;
    for (int64_t waited = 0; waited < rest_ms_max; waited += look_ms) {
        // Twice: what a client still had under way came after the first time.
        if (waited <= look_ms) clients_.mend(*world_.daemon);
        world_.pass(look_ms);
        if (trace().failed()) return false;
        unsettled = find_unsettled(*world_.daemon, world_.host);
        calm_looks = unsettled.empty() ? calm_looks + 1 : 0;
        if (calm_looks == 3) return world_.trace.add("at rest"), true;
    }
    for (const auto& what : unsettled) world_.trace.fail(what);
    if (unsettled.empty()) world_.trace.fail("no rest: something keeps changing");
    return false;
}

/// Nothing is written, and almost nothing is done, while nothing happens.
void Simulation::stay_at_rest() {
    constexpr uint64_t reconciles_per_minute_max = 2;
    world_.pass(2 * 60'000);
    const uint64_t durable = world_.ledger.durable_writes(), starts = world_.host.starts(), writes = Disk::get().writes();
    const auto before = world_.daemon->reconciled();
    world_.pass(idle_ms);
    if (trace().failed()) return;
    Trace& trace = world_.trace;
    if (world_.ledger.durable_writes() != durable)
        trace.fail("idle: " + std::to_string(world_.ledger.durable_writes() - durable) + " durable writes");
    // Leases use up revisions, which are reserved in blocks.
    if (world_.daemon->options().revision_block > 1000 && Disk::get().writes() != writes)
        trace.fail("idle: " + std::to_string(Disk::get().writes() - writes) + " writes reached the disk");
    if (world_.host.starts() != starts) trace.fail("idle: containers were started");
    for (const auto& [name, count] : world_.daemon->reconciled())
        if (count - before.at(name) > reconciles_per_minute_max * (idle_ms / 60'000))
            trace.fail("idle: " + name + " reconciled " + std::to_string(count - before.at(name)) + " times");
    for (const auto& what : find_unsettled(*world_.daemon, world_.host)) trace.fail("idle: " + what);
}

/// A stop in good order and a new daemon: nothing restarts, nothing is forgotten.
void Simulation::upgrade() {
    if (trace().failed()) return;
    const uint64_t starts = world_.host.starts();
    world_.restart_daemon();
    world_.pass(5 * 60'000);
    if (trace().failed() || !world_.wait_ready()) return;
    if (world_.host.starts() != starts) world_.trace.fail("upgrade: containers were started");
    for (const auto& what : find_unsettled(*world_.daemon, world_.host)) world_.trace.fail("upgrade: " + what);
}

}  // namespace orilla::sim
