// Known ways out of a container, tried from inside.
#include <catch2/catch.hpp>

#include "support/runtime_box.hpp"

using namespace orilla;
using namespace orilla::test;
using namespace orilla::runtime;

namespace fs = std::filesystem;

TEST_CASE("a working directory through a leaked fd leads nowhere (CVE-2024-21626)") {
    RuntimeBox box;
    for (int fd = 3; fd < 16; ++fd) {
        auto spec = box.container("fd" + std::to_string(fd), "pwd; ls ../../../../ | head -3");
        spec.cwd = "/proc/self/fd/" + std::to_string(fd);
        const std::string seen = box.run(spec);
        CHECK(seen.starts_with("start_container: "));
    }
    CHECK(box.run("fds", "ls /proc/self/fd") == "0\n1\n2\n3\n");  // 3 is ls's own
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "sleep 1000"))));
    const std::vector<std::string> look = {"ls", "/proc/self/fd"};
    auto seen = await(box.loop, box.runtime->exec("pod", "main", look, 5000));
    REQUIRE(seen);
    CHECK(seen->output == "0\n1\n2\n3\n");
}

TEST_CASE("/proc/self/exe of the runtime cannot be written (CVE-2019-5736)") {
    RuntimeBox box;
    // The image's program is a script whose interpreter is whatever the runtime runs from.
    write_text(box.image() + "/bin/again", "#!/proc/self/exe\n");
    fs::permissions(box.image() + "/bin/again", fs::perms(0755));
    auto spec = box.container("again", "");
    spec.args = {"/bin/again"};
    auto started = await(box.loop, box.runtime->create_pod(box.pod()));
    REQUIRE(started);
    (void)await(box.loop, box.runtime->start_container("pod", spec));
    const pid_t supervisor = box.runtime->find_pod("pod")->supervisor_pid;
    CHECK(::open(("/proc/" + std::to_string(supervisor) + "/exe").c_str(), O_WRONLY) < 0);
    // Even root outside cannot: the seals hold.
    const int readable = ::open(("/proc/" + std::to_string(supervisor) + "/exe").c_str(), O_RDONLY);
    REQUIRE(readable >= 0);
    CHECK(::fcntl(readable, F_GET_SEALS) >= (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
    CHECK(::ftruncate(readable, 0) != 0);
    ::close(readable);
    CHECK(box.run("after", "echo fine") == "fine\n");
}

TEST_CASE("links of the image at mount destinations stay inside of it") {
    RuntimeBox box;
    const std::string outside = box.dir() + "/outside";
    write_text(outside + "/secret", "secret\n");
    write_text(box.dir() + "/volume/file", "volume\n");
    fs::create_symlink("/../../../.." + outside, box.image() + "/data");
    auto spec = box.container("link", "cat /data/file; cat /data/secret 2> /dev/null || echo none");
    spec.mounts = {{.source = box.dir() + "/volume", .destination = "/data"}};
    CHECK(box.run(spec) == "volume\nnone\n");
    CHECK(read_text(outside + "/secret") == "secret\n");
    CHECK(fs::directory_iterator(outside) != fs::directory_iterator{});

    // /etc as a link to the host's: what the runtime mounts there lands in the image.
    fs::rename(box.image() + "/etc", box.image() + "/etc2");
    fs::create_symlink("/../../../../../../etc", box.image() + "/etc");
    CHECK(box.run("etc", "cat /etc/hosts").find("ELOOP") == std::string::npos);
}

TEST_CASE("an image whose /proc or /dev is a link does not start") {
    RuntimeBox box;
    for (const char* name : {"proc", "dev", "sys"}) {
        fs::create_directories(box.image() + "/elsewhere");
        fs::create_symlink("elsewhere", box.image() + "/" + name);
        const std::string seen = box.run(std::string("linked-") + name, "true");
        CHECK(seen == std::string("start_container: start container linked-") + name + ": mount /" + name +
                          ": Too many levels of symbolic links");
        fs::remove(box.image() + "/" + name);
    }
}

TEST_CASE("a destination that leads into /proc is refused") {
    RuntimeBox box;
    fs::create_directories(box.dir() + "/volume");
    auto direct = box.container("direct", "true");
    direct.mounts = {{.source = box.dir() + "/volume", .destination = "/proc/self/attr"}};
    CHECK(box.run(direct) == "start_container: start container direct: mount destination /proc/self/attr is inside /proc");
    fs::create_symlink("/proc/self/net", box.image() + "/sneaky");
    auto linked = box.container("linked", "true");
    linked.mounts = {{.source = box.dir() + "/volume", .destination = "/sneaky"}};
    const std::string seen = box.run(linked);
    CHECK(seen == "start_container: start container linked: mount /sneaky: Operation not permitted");
}

TEST_CASE("a subPath cannot leave its volume (CVE-2021-25741)") {
    RuntimeBox box;
    const std::string volume = box.dir() + "/volume";
    write_text(box.dir() + "/secret/file", "secret\n");
    fs::create_directories(volume);
    fs::create_symlink("../secret", volume + "/relative");
    fs::create_symlink(box.dir() + "/secret", volume + "/absolute");
    fs::create_directories(volume + "/inner");
    fs::create_symlink("inner", volume + "/fine");
    for (const char* path : {"relative", "absolute", "relative/file"}) {
        auto spec = box.container("sub", "cat /data/file");
        spec.mounts = {{.source = volume, .sub_path = path, .destination = "/data"}};
        CHECK(box.run(spec).find("Invalid cross-device link") != std::string::npos);
    }
    auto dotted = box.container("dots", "true");
    dotted.mounts = {{.source = volume, .sub_path = "../secret", .destination = "/data"}};
    CHECK(box.run(dotted).find("is not a relative path without ..") != std::string::npos);
    auto fine = box.container("fine", "touch /data/x; touch /new/y");
    fine.mounts = {{.source = volume, .sub_path = "fine", .destination = "/data"},
                   {.source = volume, .sub_path = "made/here", .destination = "/new"}};
    CHECK(box.run(fine) == "");
    CHECK(fs::exists(volume + "/inner/x"));
    CHECK(fs::exists(volume + "/made/here/y"));
}

TEST_CASE("an image's passwd that is no file does not hang or fool the runtime") {
    RuntimeBox box;
    fs::remove(box.image() + "/etc/passwd");
    REQUIRE(mkfifo((box.image() + "/etc/passwd").c_str(), 0644) == 0);
    // Not by id(1), which would read the fifo.
    const char* ids = "grep -E '^[UG]id:' /proc/self/status | awk '{ print $2 }'";
    CHECK(box.run("nobody-asked", ids) == "0\n0\n");
    auto by_number = box.container("number", ids);
    by_number.uid = 1000;
    CHECK(box.run(by_number) == "1000\n0\n");
    auto by_name = box.container("name", "true");
    by_name.image_user = "web";
    CHECK(box.run(by_name).find("unable to find user web: /etc/passwd or /etc/group of the image is not a regular file") !=
          std::string::npos);
    fs::remove(box.image() + "/etc/passwd");
    fs::create_symlink("/../../../../etc/passwd", box.image() + "/etc/passwd");
    auto loop = box.container("self", "true");
    loop.image_user = "nobody";  // the host has one
    CHECK(box.run(loop).starts_with("start_container: "));
}

TEST_CASE("what a container writes to the pod's small files is bounded, and cannot be run") {
    RuntimeBox box;
    const char* fill =
        "for f in /etc/hosts /etc/resolv.conf /etc/hostname /dev/termination-log; do "
        "dd if=/dev/zero of=$f bs=64k count=64 2>/dev/null || echo full; done; stat -c %s /etc/hosts";
    auto greedy = box.container("greedy", fill);
    greedy.termination_message_path = "/dev/termination-log";
    const auto before = fs::space(box.dir()).available;
    const std::string said = box.run(greedy);
    CHECK(said.starts_with("full\nfull\nfull\nfull\n"));
    CHECK(before - fs::space(box.dir()).available < (1U << 20));
    // Others of the pod start nevertheless, and have room of their own in each of them.
    auto sibling = box.container("sibling",
                                 "grep -c localhost /etc/hosts; for f in /etc/hosts /etc/resolv.conf /etc/hostname "
                                 "/dev/termination-log; do echo mine >>$f || echo full; done");
    sibling.termination_message_path = "/dev/termination-log";
    CHECK(box.run(sibling) == "1\n");
    CHECK(box.termination_message("pod", "sibling") == "mine\n");
    auto hosts = box.container("hosts",
                               "dd if=/dev/zero of=/etc/hosts bs=64k count=64 2>/dev/null; echo said >/dev/termination-log; "
                               "echo x >/etc/resolv.conf && echo room");
    hosts.termination_message_path = "/dev/termination-log";
    CHECK(box.run(hosts) == "room\n");
    CHECK(box.termination_message("pod", "hosts") == "said\n");
    auto next = box.container("next",
                              "grep -c -E ' /(etc/hosts|etc/hostname|etc/resolv.conf|dev/termination-log) "
                              "rw,nosuid,nodev,noexec,' /proc/self/mountinfo");
    next.termination_message_path = "/dev/termination-log";
    CHECK(box.run(next) == "4\n");
    REQUIRE(await(box.loop, box.runtime->remove_pod("pod")));
    CHECK(read_text("/proc/self/mountinfo").find(box.dir()) == std::string::npos);
}

TEST_CASE("the host's cgroups and mounts are out of sight") {
    RuntimeBox box;
    CHECK(box.run("cgroup", "cat /proc/self/cgroup | grep -v ':/$' | wc -l; ls /run 2>&1") ==
          "0\nls: /run: No such file or directory\n");
}
