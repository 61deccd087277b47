#include "volumes/volumes.hpp"
#include "volumes/place.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "volumes/projection.hpp"

using namespace orilla;
using namespace orilla::node;
namespace fs = std::filesystem;

namespace {
struct TemporaryDirectory {
    std::string path = "/tmp/orilla-volumes-XXXXXX";
    TemporaryDirectory() { REQUIRE(mkdtemp(path.data())); }
    ~TemporaryDirectory() { fs::remove_all(path); }
};
std::string slurp(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}
}  // namespace

TEST_CASE("write_atomically: files appear, change and go as one") {
    TemporaryDirectory dir;
    REQUIRE(write_atomically(dir.path, {{"a", "1", 0644}, {"sub/b", "2", 0400}}, -1));
    CHECK(slurp(dir.path + "/a") == "1");
    CHECK(slurp(dir.path + "/sub/b") == "2");
    const auto before = fs::read_symlink(dir.path + "/..data");
    REQUIRE(write_atomically(dir.path, {{"a", "1", 0644}, {"sub/b", "2", 0400}}, -1));
    CHECK(fs::read_symlink(dir.path + "/..data") == before);  // nothing changed, nothing written
    REQUIRE(write_atomically(dir.path, {{"a", "3", 0644}}, -1));
    CHECK(slurp(dir.path + "/a") == "3");
    CHECK(!fs::exists(fs::symlink_status(dir.path + "/sub")));
    size_t entries = 0;
    for (const auto& entry : fs::directory_iterator(dir.path)) ++entries, (void)entry;
    CHECK(entries == 3);  // a, ..data and its directory
}

TEST_CASE("plan_volume_files: items choose, modes apply, paths may not lead out") {
    api::Pod pod;
    api::Volume volume;
    auto& source = volume.config_map.ensure();
    source.name = "cm";
    EnvSources sources;
    auto missing = plan_volume_files(pod, volume, sources, {});
    REQUIRE(!missing);
    CHECK(missing.error().message() == "configmap \"cm\" not found");
    auto map = std::make_shared<api::ConfigMap>();
    map->data["k"] = "v";
    map->data["other"] = "w";
    sources.config_maps["cm"] = map;
    CHECK(plan_volume_files(pod, volume, sources, {})->size() == 2);
    auto& item = source.items.emplace_back();
    item.key = "k";
    item.path = "dir/file";
    item.mode = 0400;
    CHECK(*plan_volume_files(pod, volume, sources, {}) == std::vector<ProjectedFile>{{"dir/file", "v", 0400}});
    source.items[0].path = "../../etc/passwd";
    CHECK(!plan_volume_files(pod, volume, sources, {}));
    source.items[0].path = "x";
    source.items[0].key = "absent";
    CHECK(!plan_volume_files(pod, volume, sources, {}));
    source.optional = true;
    CHECK(plan_volume_files(pod, volume, sources, {})->empty());
}

TEST_CASE("find_driver: each kind of volume has one, and what names no source is an emptyDir") {
    api::Volume volume;
    volume.name = "v";
    CHECK(find_driver(volume).field == "emptyDir");
    CHECK(find_volume_path(volume, "/pods/u") == "/pods/u/volumes/v");
    volume.host_path.ensure().path = "/srv";
    CHECK(find_driver(volume).field == "hostPath");
    CHECK(find_volume_path(volume, "/pods/u") == "/srv");
    for (const auto* driver : volume_drivers()) CHECK((driver->check && driver->prepare && driver->matches));
    CHECK(is_projected([] {
        api::Volume one;
        one.secret.ensure();
        return one;
    }()));
    CHECK_FALSE(is_projected(volume));
}

TEST_CASE("plan_volume_files: a projected volume is all of its sources, the later before the earlier") {
    api::Pod pod;
    pod.metadata.labels["tier"] = "front";
    api::Volume volume;
    auto& projected = volume.projected.ensure();
    projected.default_mode = 0440;
    auto& config = projected.sources.emplace_back().config_map.ensure();
    config.name = "cm";
    auto& secret = projected.sources.emplace_back().secret.ensure();
    secret.name = "s";
    auto& item = projected.sources.emplace_back().downward_api.ensure().items.emplace_back();
    item.path = "sub/tier";
    item.field_ref.ensure().field_path = "metadata.labels['tier']";
    item.mode = 0400;
    EnvSources sources;
    auto map = std::make_shared<api::ConfigMap>();
    map->data["a"] = "1";
    map->data["both"] = "of the map";
    map->data["sub"] = "in the way of a directory";
    sources.config_maps["cm"] = map;
    const auto missing = plan_volume_files(pod, volume, sources, {});
    REQUIRE(!missing);
    CHECK(missing.error().message() == "secret \"s\" not found");
    auto hidden = std::make_shared<api::Secret>();
    hidden->data["both"] = "eA==";
    sources.secrets["s"] = hidden;
    const auto files = plan_volume_files(pod, volume, sources, {});
    REQUIRE(files);
    CHECK(*files == std::vector<ProjectedFile>{{"a", "1", 0440}, {"both", "x", 0440}, {"sub/tier", "front", 0400}});
    sources.secrets.clear();
    projected.sources[1].secret->optional = true;
    CHECK(plan_volume_files(pod, volume, sources, {})->at(1).content == "of the map");
    SourceNames names;
    find_driver(volume).find_sources(volume, names);
    CHECK(names.secrets.contains("s"));
    CHECK(names.config_maps.contains("cm"));
}

TEST_CASE("find_mounts_below: what lies in a pod's volumes, the last one first, and no volume itself") {
    const std::vector<MountLine> mounts = {{1, "/", true},
                                           {2, "/data/pods/a/volumes/x", true},
                                           {3, "/data/pods/a/volumes/x/made", true},
                                           {4, "/data/pods/a/volumes/x/made/more", true},
                                           {5, "/data/pods/a/volumes-of-others/x/y", true},
                                           {6, "/data/pods/ab/volumes/x/made", true},
                                           {7, "/data/pods/a/volumes", true}};
    CHECK(find_mounts_below(mounts, "/data/pods/a/volumes") ==
          std::vector<std::string>{"/data/pods/a/volumes/x/made/more", "/data/pods/a/volumes/x/made"});
}
