// The status of pods after a daemon that was killed: from the file in memory, where the store's is older.
#include "orilla/objects/status_archive.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../../support/object_world.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using orilla::test::await;
using orilla::test::FakeClock;
using orilla::test::SeededRandom;

namespace {

struct StatusBox {
    StatusBox() {
        char name[] = "/tmp/orilla-status-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~StatusBox() { std::filesystem::remove_all(path); }
    std::string file() const { return path + "/pods"; }
    std::string path;
};

/// One life of a daemon on a data directory; it ends as by SIGKILL unless it is closed.
struct Life {
    explicit Life(const StatusBox& directory, MemoryArchiveLimits limits = StatusArchive::default_limits)
        : store(open(directory)),
          objects(loop, *store, random, kinds),
          archive(loop, executor, *store, objects, directory.file(), limits) {
        REQUIRE(await(loop, objects.ensure_standard_namespaces()));
        REQUIRE(await(loop, restoring()));
        archive.start();
        test::settle(loop);
    }
    std::unique_ptr<store::Store> open(const StatusBox& directory) {
        StoreOptions options;
        options.data_dir = directory.path + "/data";
        auto opened = open_sqlite_store(loop, executor, std::move(options));
        REQUIRE(opened);
        return std::move(*opened);
    }
    loop::Task<Result<void>> restoring() {
        AWAIT_VOID(archive.restore_newer());
        co_return ok();
    }
    loop::Task<Result<void>> closing() {
        AWAIT_VOID(archive.close());
        CO_RETURN_AWAIT(store->close());
    }
    void create(const std::string& name) {
        api::Pod pod;
        pod.metadata.name = api::Str(name);
        pod.metadata.namespace_ = "default";
        api::Container container;
        container.name = "c";
        container.image = "i";
        pod.spec.containers.push_back(std::move(container));
        REQUIRE(await(loop, objects.create<api::Pod>(std::move(pod))));
    }
    void report(const std::string& name, const std::string& ip) {
        auto change = [ip](api::Pod& pod) -> Result<void> {
            pod.status.pod_ip = api::Str(ip);
            return ok();
        };
        REQUIRE(await(loop, objects.modify<api::Pod>("default", name, change, Part::status)));
        test::settle(loop);
    }
    std::string ip(const std::string& name) {
        const auto pod = objects.get<api::Pod>("default", name);
        return pod ? pod->status.pod_ip.str() : "no pod";
    }
    void wait() { test::pass(loop, clock, 500); }

    FakeClock clock;
    loop::Loop loop{clock};
    loop::InlineExecutor executor{loop};
    SeededRandom random;
    api::KindRegistry kinds;
    std::unique_ptr<store::Store> store;
    Objects objects;
    StatusArchive archive;
};

}  // namespace

TEST_CASE("StatusArchive: what a daemon that was killed knew of pods is there at once") {
    StatusBox directory;
    {
        Life life(directory);
        life.create("a");
        life.create("b");
        life.create("gone");
        life.report("a", "10.0.0.1");
        life.report("a", "10.0.0.2");
        life.report("gone", "10.0.0.9");
        REQUIRE(await(life.loop, life.objects.remove<api::Pod>("default", "gone")));
        life.wait();
    }
    {
        Life life(directory);
        CHECK(life.ip("a") == "10.0.0.2");
        CHECK(life.ip("b").empty());
        CHECK(life.ip("gone") == "no pod");
        life.report("b", "10.0.0.3");
        life.wait();
    }
    std::filesystem::remove(directory.file());  // as after a reboot: what the second life restored was soft, too
    CHECK(Life(directory).ip("a").empty());
}

TEST_CASE("StatusArchive: what the store has of a later time, or of another pod, stays") {
    StatusBox directory;
    {
        Life life(directory);
        life.create("a");
        life.create("b");
        life.report("a", "10.0.0.1");
        life.report("b", "10.0.0.2");
        life.wait();
        std::filesystem::copy(directory.file(), directory.path + "/old");
        life.report("a", "10.0.0.7");
        REQUIRE(await(life.loop, life.objects.remove<api::Pod>("default", "b")));
        life.create("b");
        REQUIRE(await(life.loop, life.closing()));
    }
    std::filesystem::rename(directory.path + "/old", directory.file());
    Life life(directory);
    CHECK(life.ip("a") == "10.0.0.7");
    CHECK(life.ip("b").empty());
}

TEST_CASE("StatusArchive: a damaged file is worth what is whole in it, and a full one is written afresh") {
    StatusBox directory;
    MemoryArchiveLimits small = StatusArchive::default_limits;
    small.file_bytes_max = 4096;
    {
        Life life(directory, small);
        life.create("a");
        for (int i = 0; i < 100; ++i) {
            life.report("a", "10.0.1." + std::to_string(i));
            life.wait();
        }
        CHECK(std::filesystem::file_size(directory.file()) < 8192);
    }
    std::ofstream(directory.file(), std::ios::app) << "{\"kind\":\"Pod\"}\nnonsense\n{\"kind\":\"Pod\",\"metadata\":{\"na";
    CHECK(Life(directory, small).ip("a") == "10.0.1.99");
}
