#include "pod/pod_storage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace orilla;
using namespace orilla::node;
namespace fs = std::filesystem;

namespace {

struct Tree {
    Tree() { REQUIRE(mkdtemp(path.data())); }
    ~Tree() { fs::remove_all(path); }
    void write(const std::string& name, size_t bytes) const { std::ofstream(path + "/" + name) << std::string(bytes, 'x'); }
    int64_t count() const { return count_disk_bytes(path, stop); }
    /// Levels of directories, each in the one before; by descriptor, because the path would be too long.
    void make_deep(int levels) const {
        UniqueFd here(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        for (int i = 0; i < levels; ++i) {
            REQUIRE(mkdirat(here.get(), "deeper-and-deeper", 0700) == 0);
            here = UniqueFd(openat(here.get(), "deeper-and-deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        }
        const UniqueFd file(openat(here.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        const std::string text(size_t{1} << 20, 'x');
        REQUIRE(write_all(file.get(), text));
    }
    static bool write_all(int fd, const std::string& text) {
        return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    }

    std::string path = "/tmp/orilla-count-XXXXXX";
    std::atomic<bool> stop = false;
};
constexpr int64_t one_mib = int64_t{1} << 20;

api::Quantity quantity(const char* text) { return *api::Quantity::parse(text); }
void limit(api::Container& container, const char* name, const char* most) {
    container.name = name;
    if (*most) container.resources.limits["ephemeral-storage"] = quantity(most);
}

}  // namespace

TEST_CASE("count_disk_bytes: what is there, at any depth, each file once") {
    Tree tree;
    const int64_t empty = tree.count();
    tree.write("a", one_mib);
    CHECK(tree.count() - empty >= one_mib);
    CHECK(tree.count() - empty < one_mib + one_mib / 8);
    REQUIRE(link((tree.path + "/a").c_str(), (tree.path + "/b").c_str()) == 0);
    CHECK(tree.count() - empty < one_mib + one_mib / 8);
    REQUIRE(symlink("/", (tree.path + "/root").c_str()) == 0);
    CHECK(tree.count() - empty < one_mib + one_mib / 8);
    REQUIRE(truncate((tree.path + "/hole").c_str(), 0) != 0);
    std::ofstream(tree.path + "/hole") << "";
    REQUIRE(truncate((tree.path + "/hole").c_str(), 100 * one_mib) == 0);
    CHECK(tree.count() - empty < 2 * one_mib);
    tree.make_deep(600);
    CHECK(tree.count() - empty >= 2 * one_mib);
    for (int i = 0; i < 3; ++i) fs::create_directories(tree.path + "/wide" + std::to_string(i) + "/x");
    for (int i = 0; i < 3; ++i) tree.write("wide" + std::to_string(i) + "/x/f", one_mib);
    CHECK(tree.count() - empty >= 5 * one_mib);
    tree.stop = true;
    CHECK(tree.count() < one_mib);
    CHECK(count_disk_bytes("/no/such", tree.stop) == 0);
}

TEST_CASE("plan_storage_limits: emptyDirs on the disk, containers, and the sum of those that have one") {
    api::PodSpec spec;
    CHECK(plan_storage_limits(spec).empty());
    limit(spec.containers.emplace_back(), "a", "1Gi");
    limit(spec.containers.emplace_back(), "b", "");
    limit(spec.containers.emplace_back(), "c", "512Mi");
    CHECK(plan_storage_limits(spec).pod->text == "1536Mi");
    auto& side = spec.init_containers.emplace_back();
    limit(side, "side", "512Mi");
    side.restart_policy = "Always";
    CHECK(plan_storage_limits(spec).pod->text == "2Gi");
    limit(spec.init_containers.emplace_back(), "setup", "4Gi");
    CHECK(plan_storage_limits(spec).pod->text == "4608Mi");
    CHECK(plan_storage_limits(spec).containers.size() == 4);
    for (const char* medium : {"", "Memory"}) {
        auto& volume = spec.volumes.emplace_back();
        volume.name = "v";
        volume.empty_dir.ensure().medium = medium;
        volume.empty_dir->size_limit = quantity("1Mi");
    }
    CHECK(plan_storage_limits(spec).volumes.size() == 1);  // the kernel keeps the other one
}

TEST_CASE("describe_excess: in the kubelet's words, volumes before the pod before containers") {
    StorageLimits limits;
    limits.volumes.push_back({"scratch", quantity("1Mi")});
    limits.containers.push_back({"web", quantity("2Mi")});
    limits.pod = quantity("3Mi");
    StorageUse use;
    use.volumes["scratch"] = one_mib;
    use.containers["web"] = 2 * one_mib;
    CHECK(describe_excess(limits, use).empty());
    use.containers["web"] += 1;
    CHECK(describe_excess(limits, use) == "Pod ephemeral local storage usage exceeds the total limit of containers 3Mi. ");
    use.volumes["scratch"] = 0;
    CHECK(describe_excess(limits, use) == "Container web exceeded its local ephemeral storage limit \"2Mi\". ");
    use.volumes["scratch"] = one_mib + 1;
    CHECK(describe_excess(limits, use) == "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Mi\". ");
}
