#include "orilla/node/manifests.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../../support/object_world.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {
/// A manifests directory and what is made of it.
struct ManifestsWorld : ObjectWorld {
    ManifestsWorld() {
        char name[] = "/tmp/orilla-manifests-XXXXXX";
        directory = ::mkdtemp(name);
    }
    ~ManifestsWorld() { std::filesystem::remove_all(directory); }

    void write(const std::string& file, const std::string& text) const { std::ofstream(directory + "/" + file) << text; }
    void start() {
        manifests = std::make_unique<node::ManifestsDirectory>(loop, objects, executor, directory);
        manifests->start();
        settle();
    }
    /// The value of `key`, or "none".
    std::string value(const std::string& name) {
        auto found = run(objects.read<api::ConfigMap>("default", name));
        if (!found) return "none";
        const auto* text = (*found)->data.get("key");
        return text ? text->str() : "none";
    }

    std::string directory;
    loop::InlineExecutor executor{loop};
    std::unique_ptr<node::ManifestsDirectory> manifests;
};

std::string config_map(const std::string& name, const std::string& value) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {key: " + value + "}\n";
}
}  // namespace

TEST_CASE("ManifestsDirectory: applies what is there at start, several documents and all three endings") {
    ManifestsWorld w;
    w.write("a.yaml", config_map("a", "one") + "---\n" + config_map("b", "two"));
    w.write("c.json", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"key":"three"}})");
    w.write("notes.txt", config_map("d", "four"));
    w.start();
    CHECK(w.value("a") == "one");
    CHECK(w.value("b") == "two");
    CHECK(w.value("c") == "three");
    CHECK(w.value("d") == "none");
}

TEST_CASE("ManifestsDirectory: its pods are the box's own, also when they change") {
    ManifestsWorld w;
    const auto pod = [](const std::string& image) {
        return "apiVersion: v1\nkind: Pod\nmetadata: {name: own}\nspec:\n  tolerations: [{key: a, operator: Exists}]\n"
               "  containers: [{name: main, image: '" +
               image + "'}]\n";
    };
    w.write("a.yaml", pod("web:1"));
    w.start();
    const auto seen = [&w] { return w.objects.get<api::Pod>("default", "own"); };
    REQUIRE(seen());
    CHECK(seen()->metadata.annotations.contains("kubernetes.io/config.mirror"));
    CHECK(*seen()->metadata.annotations.get("kubernetes.io/config.source") == "file");
    w.write("a.yaml", pod("web:2"));
    w.pass(node::manifest_quiet_ms + 1);
    CHECK(seen()->spec.containers[0].image == "web:2");
    REQUIRE(seen()->spec.tolerations.size() == 2);
    CHECK(seen()->spec.tolerations[1].effect == "NoExecute");
    CHECK(seen()->spec.tolerations[1].key.empty());
    const auto revision = seen()->metadata.resource_version;
    w.write("a.yaml", pod("web:2"));
    w.pass(node::manifest_quiet_ms + 1);
    CHECK(seen()->metadata.resource_version == revision);
}

TEST_CASE("ManifestsDirectory: a change is applied once it has been quiet, a file that goes takes nothing away") {
    ManifestsWorld w;
    w.write("a.yaml", config_map("a", "one"));
    w.start();
    w.write("a.yaml", config_map("a", "two"));
    w.settle();
    CHECK(w.value("a") == "one");
    w.pass(node::manifest_quiet_ms + 1);
    CHECK(w.value("a") == "two");
    ::unlink((w.directory + "/a.yaml").c_str());
    w.pass(1000);
    CHECK(w.value("a") == "two");
}

TEST_CASE("ManifestsDirectory: one bad file keeps no other back, and is applied when it is mended") {
    ManifestsWorld w;
    w.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndat: {}\n");
    w.write("b.yaml", config_map("b", "two"));
    w.start();
    CHECK(w.value("a") == "none");
    CHECK(w.value("b") == "two");
    w.write("a.yaml", config_map("a", "one"));
    w.pass(60'000);
    CHECK(w.value("a") == "one");
}

TEST_CASE("ManifestsDirectory: each document stands for itself") {
    ManifestsWorld w;
    const std::string unserved = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n";
    const std::string wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndat: {}\n";
    const std::string invalid = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: X_}\n";
    const std::string early = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: early, namespace: later}\n";
    const std::string ns = "apiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n";
    w.write("a.yaml",
            early + "---\n" + unserved + "---\n" + wrong + "---\n" + invalid + "---\n" + config_map("b", "two") + "---\n" + ns);
    w.start();
    CHECK(w.value("b") == "two");
    CHECK(w.store->find({"configmaps", "later", "early"}));
    // Nothing is left that could come right by itself.
    const uint64_t revision = w.store->revision();
    w.pass(600'000);
    CHECK(w.store->revision() == revision);
}

TEST_CASE("ManifestsDirectory: a document that does not parse, or is none, keeps no other of its file back") {
    ManifestsWorld w;
    w.write("a.yaml", config_map("a", "one") + "---\nkind: [\n---\n\tx: y\n---\njust a text\n---\nkind: Pod\n---\n" +
                          config_map("b", "two"));
    w.write("c.json", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"key":"three"}})"
                      "\n{]\n");
    w.start();
    CHECK(w.value("a") == "one");
    CHECK(w.value("b") == "two");
    CHECK(w.value("c") == "three");
    // Nothing is left to try, and what was applied is its owner's.
    REQUIRE(w.run(w.objects.remove<api::ConfigMap>("default", "a")));
    w.pass(600'000);
    CHECK(w.value("a") == "none");
    w.write("a.yaml", config_map("a", "one") + "---\n" + config_map("b", "three"));
    w.pass(1000);
    CHECK(w.value("a") == "one");
    CHECK(w.value("b") == "three");
}

TEST_CASE("ManifestsDirectory: what is nested deep or too large to be remembered takes no daemon with it") {
    ManifestsWorld w;
    std::string deep;
    for (int i = 0; i < 60; ++i) deep += "{\"f:a\": ";
    deep += "{}" + std::string(60, '}');
    w.write("a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  managedFields:\n  - {manager: m, operation: Update, "
            "apiVersion: v1, fieldsType: FieldsV1, fieldsV1: " +
                deep + "}\ndata: {key: one}\n");
    w.write("b.yaml", config_map("b", std::string(node::manifest_applied_bytes_max, 'x')) + "---\n" + config_map("c", "three"));
    w.start();
    CHECK(w.value("a") == "one");
    CHECK(w.value("b") == "none");
    CHECK(w.value("c") == "three");
}

TEST_CASE("ManifestsDirectory: what may come right is tried again, also when it comes from elsewhere") {
    ManifestsWorld w;
    w.write("a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: early, namespace: later}\n---\n" + config_map("b", "two"));
    w.start();
    CHECK(w.value("b") == "two");
    w.pass(10'000);
    api::Namespace later;
    later.metadata.name = "later";
    REQUIRE(w.run(w.objects.create<api::Namespace>(std::move(later))));
    REQUIRE(w.run(w.objects.remove<api::ConfigMap>("default", "b")));
    w.pass(node::manifest_retry_ms_max);
    CHECK(w.store->find({"configmaps", "later", "early"}));
    CHECK(w.value("b") == "none");  // what was applied is its owner's
}

TEST_CASE("ManifestsDirectory: pipes, devices and hidden files hold nothing up") {
    ManifestsWorld w;
    REQUIRE(::mkfifo((w.directory + "/a.yaml").c_str(), 0600) == 0);
    REQUIRE(::symlink("/dev/zero", (w.directory + "/b.yaml").c_str()) == 0);
    w.write(".c.yaml", config_map("c", "swap"));
    w.write("d.yaml", config_map("d", "four"));
    w.write("e.yaml", config_map("e", std::string(node::manifest_file_bytes_max, 'x')));
    w.start();
    CHECK(w.value("c") == "none");
    CHECK(w.value("d") == "four");
    CHECK(w.value("e") == "none");
}
