#include <sys/mount.h>

#include <catch2/catch.hpp>

#include "support/runtime_box.hpp"

using namespace orilla;
using namespace orilla::test;
using namespace orilla::runtime;
namespace fs = std::filesystem;

namespace {

PodSandboxSpec own_users(RuntimeBox& box, const std::string& id) {
    auto made = await(box.loop, box.runtime->make_namespaces(id));
    PodSandboxSpec spec = box.pod(id);
    spec.host_users = false;
    spec.network_namespace = made ? *made : made.error().message();
    return spec;
}

/// What the pod's first id is to the host.
std::string first_id(const std::string& uid_map) {
    std::istringstream words(uid_map);
    std::string inside, outside, count;
    words >> inside >> outside >> count;
    return inside == "0" && count == "65536" ? outside : "";
}

}  // namespace

TEST_CASE("a pod with users of its own has ids that no other has, and is root of nothing outside") {
    RuntimeBox box;
    const auto pod = own_users(box, "pod");
    const std::string map = box.run(box.container("map", "cat /proc/self/uid_map; id -u"), pod);
    const std::string ids = first_id(map);
    REQUIRE(!ids.empty());
    CHECK(map.ends_with("\n0\n"));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("stays", "sleep 1000"))));
    const pid_t pid = box.state("pod", "stays")->pid;
    CHECK(read_text("/proc/" + std::to_string(pid) + "/status").find("\nUid:\t" + ids + "\t" + ids + "\t" + ids) !=
          std::string::npos);
    const std::string other = first_id(box.run(box.container("other", "cat /proc/self/uid_map"), own_users(box, "pod2")));
    CHECK(!other.empty());
    CHECK(other != ids);
    // Also those of a pod that an earlier daemon made.
    box.forget();
    box.open();
    const std::string third = first_id(box.run(box.container("third", "cat /proc/self/uid_map"), own_users(box, "pod3")));
    CHECK(!third.empty());
    CHECK(third != ids);
    CHECK(third != other);
    for (const char* id : {"pod", "pod2", "pod3"}) REQUIRE(await(box.loop, box.runtime->remove_pod(id)));
    CHECK(read_text("/proc/self/mountinfo").find(box.dir()) == std::string::npos);
}

TEST_CASE("files of the image and of volumes have the ids that they have on the disk") {
    RuntimeBox box;
    const std::string volume = box.dir() + "/volume";
    write_text(volume + "/file", "text\n");
    REQUIRE(chown((volume + "/file").c_str(), 1000, 1001) == 0);
    write_text(box.image() + "/srv/web", "web\n");
    REQUIRE(chown((box.image() + "/srv/web").c_str(), 1000, 1001) == 0);
    auto spec = box.container("files",
                              "exec 2>&1; stat -c %u:%g / /srv/web /data/file /etc/hosts /dev /dev/termination-log; "
                              "touch /new /data/new /data/inner/new /srv/web /dev/shm/new; chmod 600 /data/file; "
                              "echo 192.0.2.1 x >>/etc/hosts; stat -c %u:%g /new /data/new /data/inner /dev/shm/new; "
                              "echo said >/dev/termination-log; mkdir -p /made/deep; ls -d /srv/here; echo >/dev/stdout");
    spec.cwd = "/srv/here";
    spec.termination_message_path = "/dev/termination-log";
    spec.mounts = {{.source = volume, .destination = "/data"},
                   {.source = volume, .sub_path = "sub", .destination = "/data/inner"}};
    CHECK(box.run(spec, own_users(box, "pod")) ==
          "0:0\n1000:1001\n1000:1001\n0:0\n0:0\n0:0\n0:0\n0:0\n0:0\n0:0\n/srv/here\n\n");
    CHECK(box.termination_message("pod", "files") == "said\n");
    auto nested = box.container("nested", "stat -c %u:%g /ro /ro/point /ro/point/x");
    nested.mounts = {{.source = volume, .destination = "/ro", .read_only = true},
                     {.source = volume, .sub_path = "sub", .destination = "/ro/point"}};
    write_text(volume + "/sub/x", "");
    CHECK(box.run(nested) == "0:0\n0:0\n0:0\n");
    struct stat found {};
    REQUIRE(stat((volume + "/point").c_str(), &found) == 0);
    CHECK(found.st_uid == 0);
    REQUIRE(stat((volume + "/new").c_str(), &found) == 0);
    CHECK(found.st_uid == 0);
    REQUIRE(stat((volume + "/sub").c_str(), &found) == 0);
    CHECK(found.st_uid == 0);
    auto web = box.container("web",
                             "exec 2>&1; id -u; id -g; touch /data/file && echo mine; touch /data/other; cat /data/secret; "
                             "echo >/dev/stderr && echo streams");
    web.image_user = "web";
    web.mounts = {{.source = volume, .destination = "/data"}};
    write_text(volume + "/secret", "secret\n");
    fs::permissions(volume + "/secret", fs::perms::owner_read);
    CHECK(box.run(web) ==
          "1000\n1001\nmine\n"
          "touch: /data/other: Permission denied\ncat: can't open '/data/secret': Permission denied\n\nstreams\n");
}

TEST_CASE("its capabilities are good for the pod alone") {
    RuntimeBox box;
    write_text(box.dir() + "/host/file", "host\n");
    fs::permissions(box.dir() + "/host/file", fs::perms::owner_read);
    const auto pod = own_users(box, "pod");
    auto mighty =
        box.container("mighty",
                      "exec 2>&1; grep CapEff /proc/self/status; mknod /tmp/mem c 1 1; echo 1 >/proc/sys/kernel/core_uses_pid; "
                      "umount /proc; mount -t tmpfs x /tmp; "
                      "unshare -m mount -t tmpfs x /tmp && echo own; cat /proc/1/environ >/dev/null && echo self");
    mighty.capabilities = all_capabilities();
    mighty.seccomp = SeccompMode::unconfined;
    mighty.no_new_privs = false;
    const std::string said = box.run(mighty, pod);
    CHECK(said.find("CapEff:\t0000000000000000") == std::string::npos);
    CHECK(said.find("mknod: /tmp/mem: Operation not permitted\n") != std::string::npos);
    CHECK(said.find("can't create /proc/sys/kernel/core_uses_pid") != std::string::npos);
    CHECK(said.find("umount: can't unmount /proc: Operation not permitted\n") != std::string::npos);
    CHECK(said.find("mount: permission denied") != std::string::npos);
    CHECK(said.ends_with("own\nself\n"));
    // The network is the pod's own.
    auto net = box.container(
        "net", "exec 2>&1; busybox ip link set lo up && busybox ping -c 1 127.0.0.1 | grep -c '1 packets received'");
    net.capabilities |= 1ULL << 12 | 1ULL << 13;  // NET_ADMIN, NET_RAW
    CHECK(box.run(net, pod) == "1\n");
}

TEST_CASE("exec goes into the pod's user namespace") {
    RuntimeBox box;
    const auto pod = own_users(box, "pod");
    REQUIRE(await(box.loop, box.runtime->create_pod(pod)));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "cat /proc/self/uid_map; sleep 1000"))));
    auto done = await(
        box.loop,
        box.runtime->exec(
            "pod", "main",
            {"sh", "-c", "cat /proc/self/uid_map; id -u; touch /x && stat -c %u /x; grep CapBnd /proc/self/status"}, 5'000));
    REQUIRE(done);
    CHECK(!first_id(done->output).empty());
    CHECK(done->output.ends_with("\n0\n0\nCapBnd:\t00000000800405fb\n"));
}

TEST_CASE("namespaces of a pod that is never created are taken back") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->make_namespaces("pod")));
    REQUIRE(await(box.loop, box.runtime->make_namespaces("pod")));
    CHECK(fs::exists(box.dir() + "/pods/pod/net"));
    REQUIRE(await(box.loop, box.runtime->remove_pod("pod")));
    CHECK_FALSE(fs::exists(box.dir() + "/pods/pod"));
    CHECK(read_text("/proc/self/mountinfo").find(box.dir()) == std::string::npos);
    auto spec = box.pod();
    spec.host_users = false;
    CHECK_FALSE(await(box.loop, box.runtime->create_pod(spec)));
    REQUIRE(await(box.loop, box.runtime->make_namespaces("left")));
    box.forget();
    box.open();
    REQUIRE(await(box.loop, box.runtime->collect_garbage({})));
    CHECK_FALSE(fs::exists(box.dir() + "/pods/left"));
}
