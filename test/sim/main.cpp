// orilla_sim: runs seeds and tells how to replay the one that breaks.
//
//   --seed N      the first seed (1)
//   --seeds N     how many (1)
//   --steps N     steps of chaos (200)
//   --claims      clients do nothing but make, resize and delete claims, and the daemon dies at every third step
//   --trace       prints every line as it happens
//   --twice       runs each seed twice and compares
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "orilla/base/log.hpp"
#include "simulation.hpp"

using namespace orilla;
using namespace orilla::sim;

namespace {

struct Arguments {
    SimulationOptions options;
    uint64_t seeds = 1;
    bool twice = false;
};

struct Outcome {
    bool good = false;
    uint64_t hash = 0;
    std::string summary;
};

void print_failure(const Simulation& simulation, const SimulationOptions& options) {
    for (const auto& line : simulation.trace().tail()) printf("  %s\n", line.c_str());
    for (const auto& what : simulation.trace().failures()) printf("  broken: %s\n", what.c_str());
    printf("  replay: orilla_sim --seed %llu --steps %d%s --trace\n", static_cast<unsigned long long>(options.seed),
           options.steps, options.only_claims ? " --claims" : "");
}

Outcome run_one(const SimulationOptions& options) {
    Simulation simulation(options);
    Outcome out;
    out.good = simulation.run();
    out.hash = simulation.trace().hash();
    const Counts counts = simulation.counts();
    out.summary = std::to_string(counts.virtual_s / 60) + " min, " + std::to_string(counts.daemon_lives) + " daemons, " +
                  std::to_string(counts.power_cuts) + " power cuts, " + std::to_string(counts.container_starts) +
                  " container starts, " + std::to_string(counts.durable_writes) + " durable writes";
    if (!out.good) print_failure(simulation, options);
    return out;
}

bool parse(int argc, char** argv, Arguments* out) {
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--trace") out->options.print = true;
        else if (name == "--claims") out->options.only_claims = true;
        else if (name == "--twice") out->twice = true;
        else if (i + 1 == argc) return false;
        else if (name == "--seed") out->options.seed = strtoull(argv[++i], nullptr, 10);
        else if (name == "--seeds") out->seeds = strtoull(argv[++i], nullptr, 10);
        else if (name == "--steps") out->options.steps = atoi(argv[++i]);
        else return false;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (!parse(argc, argv, &arguments)) {
        fprintf(stderr, "usage: orilla_sim [--seed N] [--seeds N] [--steps N] [--claims] [--trace] [--twice]\n");
        return 2;
    }
    setvbuf(stdout, nullptr, _IOLBF, 0);
    log::set_level(arguments.options.print ? log::Level::warning : log::Level::error);
    int failed = 0;
    uint64_t last_hash = 0;
    for (uint64_t i = 0; i < arguments.seeds; ++i) {
        SimulationOptions options = arguments.options;
        options.seed += i;
        const Outcome outcome = run_one(options);
        bool good = outcome.good;
        printf("%s seed %llu: %016llx, %s\n", good ? "ok" : "not ok", static_cast<unsigned long long>(options.seed),
               static_cast<unsigned long long>(outcome.hash), outcome.summary.c_str());
        if (arguments.twice && run_one(options).hash != outcome.hash)
            good = false, printf("not ok: the replay of seed %llu differs\n", static_cast<unsigned long long>(options.seed));
        if (outcome.hash == last_hash) good = false, printf("not ok: two seeds ran the same\n");
        last_hash = outcome.hash;
        failed += !good;
    }
    return failed > 0;
}
