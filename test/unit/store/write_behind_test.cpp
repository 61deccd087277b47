// What is written behind, without a file: what a transaction takes along, and what its end leaves.
#include "write_behind.hpp"

#include <catch2/catch.hpp>

#include "orilla/base/clock.hpp"

using namespace orilla;
using namespace orilla::store;

namespace {
struct BehindWorld {
    Key pod(const std::string& name) { return {"pods", "default", name}; }
    /// Shows a soft change of the pod.
    void change(const std::string& name, uint64_t revision) {
        auto entry = std::make_shared<const Entry>(Entry{pod(name), revision, std::make_shared<const std::string>("{}"), 2});
        index->publish(index->find(pod(name)) ? WatchEvent::Type::modified : WatchEvent::Type::added, entry, entry,
                       behind.known_row(pod(name)));
        behind.add(pod(name), revision, behind.known_row(pod(name)));
    }
    std::string rows(const JobPtr& job) {
        std::string out;
        for (const RowWrite& row : job->batch.rows)
            out += (out.empty() ? "" : " ") + std::to_string(row.row) + ":" + row.key + "@" + std::to_string(row.revision);
        return out;
    }
    SystemClock clock;
    loop::Loop loop{clock};
    StoreOptions options;
    std::shared_ptr<Index> index = std::make_shared<Index>(loop, IndexLimits{100, 100'000});
    WriteBehind behind{loop, *index, options, [] {}};
    const WriteBehind::Overtaken none = [](const Key&) { return false; };
};
}  // namespace

TEST_CASE("WriteBehind: several changes of a key are one row, at its latest revision") {
    BehindWorld world;
    world.behind.start_at(7);
    world.change("a", 1);
    world.change("b", 2);
    world.change("a", 3);
    const JobPtr job = world.behind.plan(world.none);
    CHECK(world.rows(job) == "8:pods/default/a@3 9:pods/default/b@2");
    CHECK_FALSE(job->partial);
    world.behind.finish(*job);
    CHECK(world.behind.empty());
    CHECK(world.behind.flushes() == 1);
    CHECK(world.behind.row_of(world.pod("a")) == 8);
    CHECK(world.behind.plan(world.none) == nullptr);
}

TEST_CASE("WriteBehind: what changes while it is written stays to be written") {
    BehindWorld world;
    world.change("a", 1);
    const JobPtr job = world.behind.plan(world.none);
    world.change("a", 2);
    world.behind.finish(*job);
    CHECK_FALSE(world.behind.empty());
    CHECK_FALSE(world.behind.is_due());
    CHECK(world.rows(world.behind.plan(world.none)) == "1:pods/default/a@2");
}

TEST_CASE("WriteBehind: what is on its way to the file in a newer state is left out") {
    BehindWorld world;
    world.change("a", 1);
    world.change("b", 2);
    CHECK(world.rows(world.behind.plan([](const Key& key) { return key.name == "a"; })) == "1:pods/default/b@2");
}

TEST_CASE("WriteBehind: a transaction has room for so many, and the rest is due at once") {
    BehindWorld world;
    world.options.batch_writes_max = 2;
    for (uint64_t i = 1; i <= 3; ++i) world.change("p" + std::to_string(i), i);
    const JobPtr job = world.behind.plan(world.none);
    CHECK(job->partial);
    CHECK(job->flushed.size() == 2);
    world.behind.finish(*job);
    CHECK(world.behind.is_due());
}

TEST_CASE("WriteBehind: a failed transaction keeps everything and its error") {
    BehindWorld world;
    world.change("a", 1);
    world.behind.make_due(true);
    const JobPtr job = world.behind.plan(world.none);
    job->result = Error(Code::unavailable, "no space");
    world.behind.finish(*job);
    CHECK(world.behind.error()->message() == "no space");
    CHECK_FALSE(world.behind.is_due());
    CHECK(world.behind.has(world.pod("a")));
}
