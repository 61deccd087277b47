#include "orilla/objects/event_archive.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../../support/admitted_world.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using orilla::test::AdmittedWorld;

namespace {

struct Directory {
    Directory() {
        char name[] = "/tmp/orilla-events-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~Directory() { std::filesystem::remove_all(path); }
    std::string file() const { return path + "/events"; }
    std::string read() const {
        std::ostringstream text;
        text << std::ifstream(file()).rdbuf();
        return text.str();
    }
    std::string path;
};

/// One life of a daemon with the file that others had before.
struct ArchiveWorld : AdmittedWorld {
    explicit ArchiveWorld(const Directory& directory, EventArchiveLimits limits = {})
        : recorder(loop, objects, "box"), archive(loop, executor, *store, recorder, directory.file(), limits) {
        archive.start();
        settle();
    }
    void record(std::string_view about, std::string_view message, std::string_view ns = "default") {
        api::Pod pod;
        pod.metadata.name = api::Str(about);
        pod.metadata.namespace_ = api::Str(ns);
        recorder.record(pod, "kubelet", "Normal", "Started", message);
        settle();
    }
    std::vector<std::shared_ptr<const api::Event>> events() { return objects.list<api::Event>(); }
    void wait() { pass(2000); }
    Result<void> close() { return run(closing()); }
    loop::Task<Result<void>> closing() {
        AWAIT_VOID(archive.close());
        co_return ok();
    }
    EventRecorder recorder;
    EventArchive archive;
};

const std::string event_a = R"({"kind":"Event","metadata":{"name":"a","namespace":"n"}})";
const std::string event_b = R"({"kind":"Event","metadata":{"name":"b","namespace":"n"}})";

}  // namespace

TEST_CASE("parse_memory_archive: the latest of each, without what went and what is not whole") {
    const std::string again = R"({"kind":"Event","metadata":{"name":"a","namespace":"n"},"count":2})";
    CHECK(parse_memory_archive("").empty());
    CHECK(parse_memory_archive(event_a + "\n" + event_b + "\n" + again + "\n") ==
          std::vector<std::string_view>{event_b, again});
    CHECK(parse_memory_archive(event_a + "\n" + event_b + "\n-n/a\n") == std::vector<std::string_view>{event_b});
    CHECK(parse_memory_archive("-n/a\n" + event_a + "\n") == std::vector<std::string_view>{event_a});
    CHECK(parse_memory_archive(event_a + "\n" + event_b) == std::vector<std::string_view>{event_a});
    CHECK(parse_memory_archive(event_a.substr(20) + "\n\n{}\n" + event_b + "\n") == std::vector<std::string_view>{event_b});
    for (size_t cut = 0; cut <= event_a.size(); ++cut) CHECK(parse_memory_archive(event_a.substr(0, cut)).empty());
}

TEST_CASE("EventArchive: events are there again after a restart, and are counted up") {
    Directory directory;
    std::string uid, name;
    {
        ArchiveWorld w(directory);
        w.record("web", "first");
        w.record("web", "second");
        REQUIRE(w.events().size() == 2);
        uid = w.events()[0]->metadata.uid.str();
        name = w.events()[0]->metadata.name.str();
        w.wait();
    }
    ArchiveWorld w(directory);
    REQUIRE(w.events().size() == 2);
    CHECK(w.events()[0]->metadata.uid == uid);
    CHECK(w.events()[0]->metadata.name == name);
    CHECK(w.events()[0]->message == "first");
    w.record("web", "first");
    REQUIRE(w.events().size() == 2);
    CHECK(w.events()[0]->count == 2);
}

TEST_CASE("EventArchive: closing writes what still waits, and what was deleted stays so") {
    Directory directory;
    {
        ArchiveWorld w(directory);
        w.record("web", "deleted");
        w.wait();
        w.record("web", "late");
        REQUIRE(w.run(w.objects.remove<api::Event>("default", w.events()[0]->metadata.name.str())));
        REQUIRE(w.close());
    }
    ArchiveWorld w(directory);
    REQUIRE(w.events().size() == 1);
    CHECK(w.events()[0]->message == "late");
}

TEST_CASE("EventArchive: what is too old or of a namespace that is gone is left out") {
    Directory directory;
    {
        ArchiveWorld w(directory);
        api::Namespace other;
        other.metadata.name = "other";
        REQUIRE(w.run(w.objects.create<api::Namespace>(std::move(other))));
        w.record("web", "old");
        w.record("web", "elsewhere", "other");
        w.wait();
    }
    {
        ArchiveWorld w(directory);
        REQUIRE(w.events().size() == 1);
    }
    EventArchiveLimits strict;
    strict.age_s_max = -1;
    CHECK(ArchiveWorld(directory, strict).events().empty());
}

TEST_CASE("EventArchive: a torn or foreign file costs what is torn, and is whole again") {
    Directory directory;
    {
        ArchiveWorld w(directory);
        w.record("web", "whole");
        w.record("web", "torn");
        w.wait();
    }
    const std::string text = directory.read();
    const size_t second = text.find('\n') + 1;
    REQUIRE(second < text.size());
    std::ofstream(directory.file()) << "garbage\n" << text.substr(0, second + 40);
    {
        ArchiveWorld w(directory);
        REQUIRE(w.events().size() == 1);
        CHECK(w.events()[0]->message == "whole");
    }
    CHECK(directory.read() == text.substr(0, second));
    std::filesystem::remove(directory.file());
    REQUIRE(::mkfifo(directory.file().c_str(), 0600) == 0);
    CHECK(ArchiveWorld(directory).events().empty());
}

TEST_CASE("EventArchive: the file stays within its size and keeps the newest") {
    Directory directory;
    EventArchiveLimits small;
    small.file_bytes_max = 8 * 1024;
    {
        ArchiveWorld w(directory, small);
        for (int i = 0; i < 60; ++i) {
            w.record("web-" + std::to_string(i), "message " + std::to_string(i));
            w.wait();
            CHECK(directory.read().size() <= small.file_bytes_max + 1024);
        }
        // More at once than the file holds.
        for (int i = 60; i < 90; ++i) w.record("web-" + std::to_string(i), "message " + std::to_string(i));
        w.pass(5000);
        CHECK(directory.read().size() <= small.file_bytes_max);
    }
    ArchiveWorld w(directory, small);
    const auto events = w.events();
    REQUIRE(events.size() > 3);
    CHECK(events.size() < 90);
    CHECK(events.back()->message == "message 89");  // in the order of their names
}
