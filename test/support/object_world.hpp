// A whole store in memory with typed objects on it, on a clock that the test moves: what controllers, node and server
// are tested against. The standard namespaces exist.
#pragma once

#include <cstdlib>
#include <memory>

#include "await.hpp"
#include "fake_clock.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/store_options.hpp"
#include "seeded_random.hpp"

namespace orilla::test {

/// In the namespace default, with one container: what may be stored.
inline api::Pod busybox_pod(std::string_view name) {
    api::Pod pod;
    pod.metadata.name = api::Str(name);
    pod.metadata.namespace_ = "default";
    api::Container& container = pod.spec.containers.emplace_back();
    container.name = "main";
    container.image = "busybox:1";
    return pod;
}

struct ObjectWorld {
    ObjectWorld() : store(open()), objects(loop, *store, random, kinds) {
        if (!await(loop, objects.ensure_standard_namespaces())) std::abort();
    }

    /// Runs the task to its end; it must not wait for the clock.
    template <class T>
    T run(loop::Task<T> task) {
        return await(loop, std::move(task));
    }
    void pass(int64_t ms) { test::pass(loop, clock, ms); }
    void settle() { test::settle(loop); }

    FakeClock clock;
    loop::Loop loop{clock};
    loop::InlineExecutor executor{loop};
    SeededRandom random;
    api::KindRegistry kinds;
    std::unique_ptr<store::Store> store;
    objects::Objects objects;

  private:
    std::unique_ptr<store::Store> open() {
        auto opened = store::open_sqlite_store(loop, executor, objects::store_options(kinds));
        if (!opened) std::abort();
        return std::move(*opened);
    }
};

}  // namespace orilla::test
