// The order of writes, without a file: what shares a transaction, what is shown when, and what a failure answers.
#include "write_queue.hpp"

#include <catch2/catch.hpp>

#include "orilla/base/clock.hpp"

using namespace orilla;
using namespace orilla::store;

namespace {
struct QueueWorld {
    QueueWorld() { queue.start_at(100, 10); }
    Change create(const std::string& name, Durability durability = Durability::durable) {
        return {WatchEvent::Type::added, {"pods", "default", name}, 0, durability, Value{"{}", 1}};
    }
    bool shown(const PendingPtr& pending) { return index->find(pending->entry->key) == pending->entry; }
    /// The transaction ends with this.
    void end(const JobPtr& job, Result<void> result = ok()) {
        job->result = std::move(result);
        if (job->result) queue.take_reservation(job->batch);
        queue.finish_commit(*job);
        queue.publish_ready();
    }
    SystemClock clock;
    loop::Loop loop{clock};
    StoreOptions options;
    std::shared_ptr<Index> index = std::make_shared<Index>(loop, IndexLimits{100, 100'000});
    WriteBehind behind{loop, *index, options, [] {}};
    WriteQueue queue{loop, *index, behind, options};
};
const Error full(Code::unavailable, "no space");
}  // namespace

TEST_CASE("WriteQueue: what waits shares a transaction, and is shown after it") {
    QueueWorld world;
    const PendingPtr a = world.queue.submit(world.create("a")), b = world.queue.submit(world.create("b"));
    world.queue.publish_ready();
    CHECK_FALSE(a->settled);
    CHECK(world.queue.uncommitted() == 2);
    const JobPtr job = world.queue.plan_commit();
    CHECK(job->writes == std::vector<PendingPtr>{a, b});
    const PendingPtr late = world.queue.submit(world.create("c"));
    world.end(job);
    CHECK(world.shown(a));
    CHECK(world.shown(b));
    CHECK_FALSE(late->settled);
    CHECK(world.queue.plan_commit()->writes == std::vector<PendingPtr>{late});
}

TEST_CASE("WriteQueue: a soft write is shown at once, but not before a durable one of an earlier revision") {
    QueueWorld world;
    const PendingPtr first = world.queue.submit(world.create("a", Durability::soft));
    world.queue.publish_ready();
    CHECK(world.shown(first));
    CHECK(world.behind.has(first->entry->key));
    const PendingPtr durable = world.queue.submit(world.create("b"));
    const PendingPtr soft = world.queue.submit(world.create("c", Durability::soft));
    world.queue.publish_ready();
    CHECK_FALSE(soft->settled);
    world.end(world.queue.plan_commit());
    CHECK(world.shown(durable));
    CHECK(world.shown(soft));
}

TEST_CASE("WriteQueue: no revision is shown that the file has not reserved") {
    QueueWorld world;
    world.queue.start_at(10, 10);
    const PendingPtr soft = world.queue.submit(world.create("a", Durability::soft));
    world.queue.publish_ready();
    CHECK_FALSE(soft->settled);
    CHECK(world.queue.wants_commit());
    const JobPtr job = world.queue.plan_commit();
    CHECK(job->writes.empty());
    CHECK(job->batch.reserved);
    world.end(job);
    CHECK(world.shown(soft));
}

TEST_CASE("WriteQueue: a full disk answers what came, and what makes room goes alone then") {
    QueueWorld world;
    const PendingPtr plain = world.queue.submit(world.create("a"));
    const PendingPtr urgent = world.queue.submit(world.create("b", Durability::urgent));
    world.end(world.queue.plan_commit(), full);
    CHECK(plain->error);
    CHECK_FALSE(urgent->error);
    const PendingPtr later = world.queue.submit(world.create("c"));
    const JobPtr job = world.queue.plan_commit();
    CHECK(job->writes == std::vector<PendingPtr>{urgent});
    CHECK(job->batch.may_use_reserve);
    world.end(job);
    CHECK(world.shown(urgent));
    CHECK_FALSE(later->settled);
    CHECK(world.index->find(plain->entry->key) == nullptr);
}

TEST_CASE("WriteQueue: a change is compared with what is shown, and the queue has an end") {
    QueueWorld world;
    world.options.pending_writes_max = 1;
    world.queue.submit(world.create("a", Durability::soft));
    world.queue.publish_ready();
    CHECK(world.queue.check(world.create("a")).error().code() == Code::already_exists);
    world.queue.submit(world.create("b"));
    CHECK(world.queue.check(world.create("c")).error().code() == Code::too_many_requests);
    CHECK(world.queue.has_for_file({"pods", "default", "b"}));
    CHECK_FALSE(world.queue.has_for_file({"pods", "default", "a"}));
}
