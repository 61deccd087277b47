// Durable creates a second of 2 KB values, with one writer and with 64, each answered after its fsync; and what reads
// cost. `store_bench DIR` puts the file on DIR's disk.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "orilla/loop/io_thread.hpp"
#include "orilla/store/sqlite_store.hpp"

using namespace orilla;
using namespace orilla::store;

namespace {

struct Bench {
    explicit Bench(const std::string& dir) : loop(clock), io(loop) {
        StoreOptions options;
        options.data_dir = dir;
        auto opened = open_sqlite_store(loop, io, options);
        if (!opened) {
            std::fprintf(stderr, "%s\n", opened.error().message().c_str());
            std::exit(1);
        }
        store = std::move(*opened);
    }
    SystemClock clock;
    loop::Loop loop;
    loop::IoThread io;
    std::unique_ptr<Store> store;
    int left = 0;
    uint64_t number = 0;
};

Task<void> write_objects(Bench& bench) {
    const Value value{std::string(2048, 'x'), 0};
    while (bench.left > 0) {
        --bench.left;
        Key key{"configmaps", "default", "object-" + std::to_string(bench.number++)};
        AWAIT(auto done, bench.store->create(std::move(key), Durability::durable, value));
        if (!done) std::exit(1);
    }
}

double creates_per_s(Bench& bench, int writers, int count) {
    bench.left = count;
    const uint64_t commits = bench.store->stats().commits;
    const int64_t start = bench.clock.monotonic_ns();
    loop::Scope scope(bench.loop);
    for (int i = 0; i < writers; ++i) scope.spawn(write_objects(bench));
    while (scope.running() > 0) bench.loop.turn(true);
    const double seconds = static_cast<double>(bench.clock.monotonic_ns() - start) / 1e9;
    std::printf("%2d writers: %8.0f durable creates/s, %.1f per commit\n", writers, count / seconds,
                static_cast<double>(count) / static_cast<double>(bench.store->stats().commits - commits));
    return count / seconds;
}

void measure_reads(Bench& bench) {
    constexpr int rounds = 100'000;
    const Key key{"configmaps", "default", "object-77"};
    int64_t start = bench.clock.monotonic_ns();
    size_t found = 0;
    for (int i = 0; i < rounds; ++i) found += bench.store->find(key) != nullptr;
    std::printf("find:  %.2f us (%zu)\n", static_cast<double>(bench.clock.monotonic_ns() - start) / 1e3 / rounds, found);
    start = bench.clock.monotonic_ns();
    const size_t listed = bench.store->list("configmaps").entries.size();
    std::printf("list:  %.0f us for %zu objects\n", static_cast<double>(bench.clock.monotonic_ns() - start) / 1e3, listed);
}

void measure_open(const std::string& dir) {
    SystemClock clock;
    const int64_t start = clock.monotonic_ns();
    Bench bench(dir);
    std::printf("open:  %.1f ms with %zu objects\n", static_cast<double>(clock.monotonic_ns() - start) / 1e6,
                bench.store->stats().objects);
}

}  // namespace

int main(int argc, char** argv) {
    std::string base = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
    std::string dir = base + "/orilla-store-bench-XXXXXX";
    if (!::mkdtemp(dir.data())) return 1;
    {
        Bench bench(dir);
        creates_per_s(bench, 1, 500);
        const double alone = creates_per_s(bench, 1, 3000);
        const double together = creates_per_s(bench, 64, 20000);
        std::printf("64 writers are %.1f times one\n", together / alone);
        measure_reads(bench);
    }
    measure_open(dir);
    std::filesystem::remove_all(dir);
    return 0;
}
