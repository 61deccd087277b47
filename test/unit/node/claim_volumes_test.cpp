#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "volumes/fs_group.hpp"
#include "volumes/nfs.hpp"
#include "volumes/volumes.hpp"

using namespace orilla;
using namespace orilla::node;

namespace {

struct ClaimDirectory {
    std::string path = "/tmp/orilla-claims-XXXXXX";
    ClaimDirectory() { REQUIRE(mkdtemp(path.data())); }
    ~ClaimDirectory() { std::filesystem::remove_all(path); }
};

struct Claimed {
    api::Pod pod;
    std::shared_ptr<api::PersistentVolumeClaim> claim = std::make_shared<api::PersistentVolumeClaim>();
    std::shared_ptr<api::PersistentVolume> volume = std::make_shared<api::PersistentVolume>();
    PodPlacement placement;

    Claimed() {
        pod.metadata.uid = "p1";
        api::Volume one;
        one.name = "data";
        one.persistent_volume_claim.ensure().claim_name = "mine";
        pod.spec.volumes.push_back(one);
        claim->metadata.name = "mine";
        claim->metadata.uid = "c1";
        claim->spec.volume_name = "disk";
        claim->status.phase = "Bound";
        volume->metadata.name = "disk";
        volume->spec.claim_ref.ensure().name = "mine";
        volume->spec.claim_ref->uid = "c1";
    }
    Result<std::vector<VolumeWork>> plan() const {
        EnvSources sources;
        sources.claims["mine"] = {claim, volume};
        return plan_volumes(pod, sources, placement);
    }
    std::string flaw() const {
        const auto planned = plan();
        return planned ? "" : planned.error().message();
    }
};

}  // namespace

TEST_CASE("claims: what a pod waits for is told") {
    Claimed it;
    EnvSources nothing;
    CHECK(plan_volumes(it.pod, nothing, {}).error().message() ==
          "MountVolume.SetUp failed for volume \"data\" : persistentvolumeclaim \"mine\" not found");
    it.volume->spec.claim_ref->uid = "another";
    CHECK(it.flaw().ends_with("PVC is not bound"));
    it.volume = nullptr;
    CHECK(it.flaw().ends_with("persistentvolumeclaim \"mine\" bound to non-existent persistentvolume \"disk\""));
    it.claim->metadata.deletion_timestamp = api::Time(1);
    CHECK(it.flaw().ends_with("persistentvolumeclaim \"mine\" is being deleted"));
}

TEST_CASE("claims: a directory of the node is linked, and unlinked without being looked into") {
    Claimed it;
    ClaimDirectory dir;
    it.placement.pod_dir = dir.path + "/pods/p1";
    it.volume->spec.local.ensure().path = api::Str(dir.path + "/srv");
    std::filesystem::create_directories(dir.path + "/pods/p1/volumes");
    const auto planned = it.plan();
    REQUIRE(planned);
    const auto missing = apply_volume(planned->front());
    REQUIRE(!missing);
    CHECK(missing.error().message().ends_with("path \"" + dir.path + "/srv\" does not exist"));
    std::filesystem::create_directories(dir.path + "/srv");
    std::ofstream(dir.path + "/srv/file") << "kept";
    REQUIRE(apply_volume(planned->front()));
    REQUIRE(apply_volume(planned->front()));
    CHECK(std::filesystem::exists(dir.path + "/pods/p1/volumes/data/file"));
    REQUIRE(unpublish_volumes(dir.path + "/pods/p1"));
    std::filesystem::remove_all(dir.path + "/pods/p1");
    CHECK(std::filesystem::exists(dir.path + "/srv/file"));
}

TEST_CASE("nfs: a claim's volume and a pod's own say what is mounted, and how") {
    Claimed it;
    it.volume->spec.nfs.ensure().server = "192.0.2.5";
    it.volume->spec.nfs->path = "/export";
    it.volume->spec.mount_options.push_back("soft");
    it.volume->spec.mount_options.push_back("noatime");
    const auto planned = it.plan();
    REQUIRE(planned);
    CHECK(planned->front().source == "192.0.2.5:/export");
    CHECK(planned->front().mount_options == "soft,noatime");
    CHECK(planned->front().remote);
    api::Volume own;
    own.name = "data";
    own.nfs.ensure().server = "192.0.2.5";
    own.nfs->path = "/";
    own.nfs->read_only = true;
    it.pod.spec.volumes[0] = own;
    const auto direct = plan_volumes(it.pod, {}, it.placement);
    REQUIRE(direct);
    CHECK(direct->front().source == "192.0.2.5:/");
    CHECK(direct->front().read_only);
    CHECK(direct->front().remote);
}

TEST_CASE("nfs: what mount knows of itself becomes a flag") {
    CHECK(plan_nfs_mount("", false) == NfsMount{});
    CHECK(plan_nfs_mount("", true) == NfsMount{MS_RDONLY, "", false});
    CHECK(plan_nfs_mount("soft,ro,timeo=20,noatime", false) == NfsMount{MS_RDONLY | MS_NOATIME, "soft,timeo=20", false});
    CHECK(plan_nfs_mount("ro,rw,nfsvers=3,,nolock", false) == NfsMount{0, "nfsvers=3,nolock", true});
    CHECK(plan_nfs_mount("rw", true).flags == MS_RDONLY);
}

TEST_CASE("fsGroup: everything is the group's, and links lead nowhere") {
    if (geteuid() != 0) return;
    ClaimDirectory dir;
    std::filesystem::create_directories(dir.path + "/in/deep");
    std::ofstream(dir.path + "/in/deep/file") << "x";
    std::ofstream(dir.path + "/outside") << "x";
    std::filesystem::create_symlink(dir.path + "/outside", dir.path + "/in/link");
    struct stat before {
    }, seen{};
    REQUIRE(stat((dir.path + "/outside").c_str(), &before) == 0);
    REQUIRE(apply_fs_group(dir.path + "/in", 4711, false));
    REQUIRE(stat((dir.path + "/in/deep/file").c_str(), &seen) == 0);
    CHECK(seen.st_gid == 4711);
    CHECK((seen.st_mode & 0660) == 0660);
    REQUIRE(stat((dir.path + "/in/deep").c_str(), &seen) == 0);
    CHECK((seen.st_mode & S_ISGID) != 0);
    REQUIRE(stat((dir.path + "/outside").c_str(), &seen) == 0);
    CHECK(seen.st_gid == before.st_gid);
    CHECK(seen.st_mode == before.st_mode);
    // The root looks right: what was added is left alone where that is asked for.
    std::ofstream(dir.path + "/in/new") << "x";
    REQUIRE(chown((dir.path + "/in/new").c_str(), 0, 0) == 0);
    REQUIRE(apply_fs_group(dir.path + "/in", 4711, true));
    REQUIRE(stat((dir.path + "/in/new").c_str(), &seen) == 0);
    CHECK(seen.st_gid == 0);
}
