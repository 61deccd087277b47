#include <catch2/catch.hpp>

#include "support/runtime_box.hpp"

using namespace orilla;
using namespace orilla::test;
using namespace orilla::runtime;

TEST_CASE("a container runs its command and its output is in a CRI log") {
    RuntimeBox box;
    CHECK(box.run("hello", "echo hello; printf end") == "hello\nend");
    CHECK(box.run("oops", "echo oops >&2") == "oops\n");
    const std::string log = read_text(box.log("hello"));
    CHECK(log.find("Z stdout F hello\n") != std::string::npos);
    CHECK(log.find("Z stdout P end\n") != std::string::npos);
    CHECK(read_text(box.log("oops")).find("Z stderr F oops\n") != std::string::npos);
}

TEST_CASE("exit codes and signals are told") {
    RuntimeBox box;
    box.run("three", "exit 3");
    const auto three = box.state("pod", "three");
    REQUIRE(three);
    CHECK(three->exit_code == 3);
    CHECK(three->signal == 0);
    CHECK(three->finished_wall_ns >= three->started_wall_ns);
    CHECK(three->started_wall_ns > 0);

    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("slow", "sleep 1000"))));
    const auto slow = box.state("pod", "slow");
    REQUIRE(slow->phase == ContainerPhase::running);
    CHECK(slow->pid > 0);
    REQUIRE(await(box.loop, box.runtime->signal_container("pod", "slow", SIGKILL)));
    CHECK(box.wait_for_exit("pod", "slow").exit_code == 137);
    CHECK(box.state("pod", "slow")->signal == SIGKILL);
    CHECK_FALSE(box.state("pod", "slow")->oom_killed);

    auto trapping = box.container("trap", "trap 'echo bye; exit 5' TERM; while :; do sleep 0.05; done");
    REQUIRE(await(box.loop, box.runtime->start_container("pod", trapping)));
    box.sleep_ms(100);
    REQUIRE(await(box.loop, box.runtime->signal_container("pod", "trap", SIGTERM)));
    CHECK(box.wait_for_exit("pod", "trap").exit_code == 5);
    CHECK(printed(box.log("trap")) == "bye\n");
}

TEST_CASE("a container sees its own host name, files, environment and directory") {
    RuntimeBox box;
    auto spec = box.container("eyes", "hostname; cat /etc/hosts /etc/resolv.conf; echo $COLOUR $HOME; pwd");
    spec.cwd = "/srv/data";
    CHECK(box.run(spec) == "box-host\n127.0.0.1 localhost\nnameserver 10.43.0.10\nblue /root\n/srv/data\n");
}

TEST_CASE("an image may have the same layer several times") {
    RuntimeBox box;
    const std::string empty = box.dir() + "/empty-layer", over = box.dir() + "/over";
    std::filesystem::create_directories(empty);
    write_text(over + "/etc/greeting", "hello\n");
    auto spec = box.container("twice", "cat /etc/greeting; id -u");
    spec.layers = {empty, over, empty, box.image(), over};
    CHECK(box.run(spec) == "hello\n0\n");
}

TEST_CASE("a container is process 1 of its own and sees no other") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("other", "sleep 1000"))));
    CHECK(box.run("alone", "echo $$; ls /proc | grep -c '^[0-9]'") == "1\n3\n");
}

TEST_CASE("the writable layer is the container's own and goes with it") {
    RuntimeBox box;
    CHECK(box.run("first", "echo x > /tmp/file; ls /tmp") == "file\n");
    CHECK(box.run("second", "ls /tmp") == "");
    CHECK(std::filesystem::exists(box.dir() + "/scratch/first/upper/tmp/file"));
    REQUIRE(await(box.loop, box.runtime->remove_container("pod", "first")));
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/scratch/first"));
    CHECK_FALSE(box.state("pod", "first"));
    CHECK(std::filesystem::exists(box.log("first")));
}

TEST_CASE("what cannot start says why and leaves nothing") {
    RuntimeBox box;
    auto missing = box.container("missing", "");
    missing.args = {"no-such-program"};
    CHECK(box.run(missing) ==
          "start_container: start container missing: exec \"no-such-program\": executable file not found in $PATH");
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/scratch/missing"));
    CHECK_FALSE(box.state("pod", "missing"));

    auto data = box.container("data", "");
    data.args = {"/etc/passwd"};
    auto started = await(box.loop, box.runtime->start_container("pod", data));
    REQUIRE_FALSE(started);
    CHECK(started.error().code() == Code::forbidden);
    CHECK(started.error().message() == "start container data: exec /etc/passwd: Permission denied");

    auto nobody = box.container("nobody", "");
    nobody.image_user = "nobody-here";
    CHECK(box.run(nobody).find("unable to find user nobody-here: no matching entries in passwd file") != std::string::npos);
    auto volume = box.container("volume", "");
    volume.mounts = {{.source = "/no/such/dir", .destination = "/data"}};
    CHECK(box.run(volume) ==
          "start_container: start container volume: open mount source /no/such/dir: No such file or "
          "directory");
}

TEST_CASE("users and groups come from the spec and the image") {
    RuntimeBox box;
    auto by_name = box.container("name", "id; echo $HOME");
    by_name.image_user = "web";
    by_name.supplemental_groups = {2000};
    CHECK(box.run(by_name) == "uid=1000(web) gid=1001(web) groups=1002(logs),2000\n/home/web\n");
    auto by_number = box.container("number", "id");
    by_number.uid = 5000;
    by_number.gid = 6000;
    by_number.image_user = "web:www";
    CHECK(box.run(by_number) == "uid=5000 gid=6000\n");
    auto with_group = box.container("group", "id; echo to-stdout > /dev/stdout");
    with_group.image_user = "web:www";
    CHECK(box.run(with_group) == "uid=1000(web) gid=1003(www) groups=1002(logs)\nto-stdout\n");
}

TEST_CASE("volumes are mounted where they should, with subPath, read-only and tmpfs") {
    RuntimeBox box;
    const std::string volume = box.dir() + "/volume";
    write_text(volume + "/inner/file", "from the volume\n");
    auto spec = box.container("mounts",
                              "cat /data/inner/file /data-ro/file; touch /data-ro/x 2>&1 | tail -c 24; "
                              "touch /data/new && mount | grep -c '/scratch type tmpfs.*size=1024k'; cat /one/file");
    spec.mounts = {{.source = volume, .destination = "/data"},
                   {.source = volume, .sub_path = "inner", .destination = "/data-ro", .read_only = true},
                   {.source = volume, .sub_path = "inner/file", .destination = "/one/file"},
                   {.kind = MountKind::tmpfs, .destination = "/scratch", .tmpfs_bytes = 1 << 20}};
    CHECK(box.run(spec) == "from the volume\nfrom the volume\n: Read-only file system\n1\nfrom the volume\n");
    CHECK(std::filesystem::exists(volume + "/new"));
}

TEST_CASE("volumes nest in any order, in read-only ones too, and their mount points are made in the volume") {
    RuntimeBox box;
    const std::string outer = box.dir() + "/outer", inner = box.dir() + "/inner", plain = box.dir() + "/plain";
    write_text(outer + "/a", "outer\n");
    write_text(inner + "/b", "inner\n");
    write_text(inner + "/one", "file\n");
    std::filesystem::create_directories(plain);
    auto spec = box.container("nested",
                              "cat /config/a /config/secrets/b /config/one.conf; touch /config/deep/er/x && echo written; "
                              "touch /config/no 2>&1; touch /config/secrets/no 2>&1; touch /config/secrets/part/x && echo too; "
                              "ls /open/side; touch /scratch/no 2>&1; ls /scratch");
    spec.read_only_root = true;
    spec.mounts = {{.source = plain, .sub_path = "part", .destination = "/config/secrets/part"},
                   {.source = inner, .destination = "/config/secrets", .read_only = true},
                   {.source = plain, .destination = "/config/deep/er"},
                   {.source = inner, .sub_path = "one", .destination = "/config/one.conf", .read_only = true},
                   {.source = outer, .destination = "/open/side", .read_only = true},
                   {.source = plain, .destination = "/open"},
                   {.source = plain, .destination = "/scratch/here"},
                   {.kind = MountKind::tmpfs, .destination = "/scratch", .read_only = true},
                   {.source = outer, .destination = "/config/", .read_only = true}};
    CHECK(box.run(spec) ==
          "outer\ninner\nfile\nwritten\ntouch: /config/no: Read-only file system\n"
          "touch: /config/secrets/no: Read-only file system\ntoo\na\ndeep\none.conf\nsecrets\n"
          "touch: /scratch/no: Read-only file system\nhere\n");
    CHECK(std::filesystem::is_directory(outer + "/secrets"));
    CHECK(std::filesystem::is_regular_file(outer + "/one.conf"));
    CHECK(std::filesystem::exists(plain + "/part/x"));
    // A volume over /etc: the pod's files are seen in it, and the volume has only their places.
    auto etc = box.container("etc", "cat /etc/hosts; ls /etc; touch /etc/x 2>&1");
    etc.mounts = {{.source = inner, .destination = "/etc", .read_only = true}};
    CHECK(box.run(etc) ==
          "127.0.0.1 localhost\nb\nhostname\nhosts\none\npart\nresolv.conf\ntouch: /etc/x: Read-only file system\n");
    CHECK(read_text(inner + "/hosts").empty());
    // What leads out of the volume makes nothing outside.
    std::filesystem::create_directory_symlink(box.dir() + "/elsewhere", outer + "/away");
    auto away = box.container("away", "true");
    away.mounts = {{.source = outer, .destination = "/config", .read_only = true},
                   {.source = plain, .destination = "/config/away/x"}};
    (void)box.run(away);
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/elsewhere"));
}

TEST_CASE("what is mounted below a read-only volume is read-only where that is asked for") {
    RuntimeBox box;
    const std::string volume = box.dir() + "/volume";
    std::filesystem::create_directories(volume + "/below");
    REQUIRE(mount("tmpfs", (volume + "/below").c_str(), "tmpfs", 0, nullptr) == 0);
    const std::string deep = volume + "/below/de ep";
    std::filesystem::create_directory(deep);
    REQUIRE(mount("tmpfs", deep.c_str(), "tmpfs", 0, nullptr) == 0);
    auto spec = box.container("mounts",
                              "for at in /top/x /top/below/x '/top/below/de ep/x' /all/x /all/below/x '/all/below/de ep/x'; "
                              "do touch \"$at\" 2>/dev/null && echo \"$at\"; done");
    spec.mounts = {{.source = volume, .destination = "/top", .read_only = true, .recursive_read_only = false},
                   {.source = volume, .destination = "/all", .read_only = true}};
    CHECK(box.run(spec) == "/top/below/x\n/top/below/de ep/x\n");
    umount2(deep.c_str(), MNT_DETACH);
    umount2((volume + "/below").c_str(), MNT_DETACH);
}

TEST_CASE("a termination message is read back, bounded") {
    RuntimeBox box;
    auto spec = box.container("last", "echo -n 'disk on fire' > /dev/termination-log; exit 1");
    spec.termination_message_path = "/dev/termination-log";
    box.run(spec);
    CHECK(box.termination_message("pod", "last") == "disk on fire");
    // As of the kubelet: what was said last is what explains the end.
    auto lengthy = box.container("lengthy", "(echo first; seq 2000; echo -n last) > /dev/termination-log");
    lengthy.termination_message_path = "/dev/termination-log";
    box.run(lengthy);
    const std::string message = box.termination_message("pod", "lengthy");
    CHECK(message.size() == termination_message_bytes_max);
    CHECK(message.ends_with("\n2000\nlast"));
    auto noisy = box.container("noisy", "yes > /dev/termination-log & sleep 0.1");
    noisy.termination_message_path = "/dev/termination-log";
    box.run(noisy);
    CHECK(box.termination_message("pod", "noisy").size() == termination_message_bytes_max);
}

TEST_CASE("a terminal is one, and an open stdin waits") {
    RuntimeBox box;
    auto terminal = box.container("terminal", "tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo $TERM; id -u");
    terminal.tty = true;
    terminal.image_user = "web";
    CHECK(box.run(terminal) == "/dev/pts/0\r\nall\r\nxterm\r\n1000\r\n");
    CHECK(box.run("closed", "cat; echo end") == "end\n");
    auto open = box.container("open", "cat; echo end");
    open.stdin_open = true;
    REQUIRE(await(box.loop, box.runtime->start_container("pod", open)));
    box.sleep_ms(200);
    CHECK(box.state("pod", "open")->phase == ContainerPhase::running);
    CHECK(printed(box.log("open")).empty());
}

TEST_CASE("exec runs in the container with its confinement") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    auto spec = box.container("main", "echo here > /tmp/mark; sleep 1000");
    spec.image_user = "web";
    spec.cwd = "/tmp";
    std::filesystem::permissions(box.image() + "/tmp", std::filesystem::perms(01777));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", spec)));
    box.sleep_ms(50);
    const std::vector<std::string> look = {"sh", "-c", "cat mark; id -u; grep -c . /proc/1/cmdline; echo no >&2; exit 7"};
    auto outcome = await(box.loop, box.runtime->exec("pod", "main", look, 5000));
    REQUIRE(outcome);
    CHECK(outcome->exit_code == 7);
    CHECK(outcome->output == "here\n1000\n1\nno\n");
    const std::vector<std::string> confined = {"grep", "-E", "^(CapBnd|CapEff|NoNewPrivs|Seccomp):", "/proc/self/status"};
    outcome = await(box.loop, box.runtime->exec("pod", "main", confined, 5000));
    CHECK(outcome->output == "CapEff:\t0000000000000000\nCapBnd:\t00000000800405fb\nNoNewPrivs:\t1\nSeccomp:\t2\n");
    const std::vector<std::string> slow = {"sleep", "100"};
    outcome = await(box.loop, box.runtime->exec("pod", "main", slow, 100));
    CHECK(outcome->timed_out);
    CHECK(outcome->exit_code == 137);
    const std::vector<std::string> noisy = {"sh", "-c", "seq 100000"};
    outcome = await(box.loop, box.runtime->exec("pod", "main", noisy, 5000, 1000));
    CHECK(outcome->exit_code == 0);
    CHECK(outcome->output.size() == 1000);
    const std::vector<std::string> none = {"no-such-program"};
    auto failed = await(box.loop, box.runtime->exec("pod", "main", none, 5000));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code() == Code::not_found);
}

TEST_CASE("a disk that does not answer keeps the start on it waiting, and nobody else") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("there", "sleep 1000"))));
    box.disk.fall_silent();
    Started<Result<ContainerState>> start(box.loop, box.runtime->start_container("pod", box.container("late", "echo here")));
    const std::vector<std::string> echo = {"echo", "hi"};
    const auto said = await(box.loop, box.runtime->exec("pod", "there", echo, 5'000));
    REQUIRE(said);
    CHECK(said->output == "hi\n");
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod("other"))));
    box.sleep_ms(50);
    CHECK_FALSE(start.done());
    CHECK_FALSE(box.state("pod", "late"));
    box.disk.answer();
    while (!start.done()) box.loop.turn(true);
    REQUIRE(start.get());
    CHECK(box.wait_for_exit("pod", "late").exit_code == 0);
    CHECK(printed(box.log("late")) == "here\n");
}

TEST_CASE("a pod that is removed while the disk does not answer leaves nothing of the start") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    box.disk.fall_silent();
    const auto spec = box.container("late", "sleep 1000");
    Started<Result<ContainerState>> start(box.loop, box.runtime->start_container("pod", spec));
    box.sleep_ms(20);
    REQUIRE(await(box.loop, box.runtime->remove_pod("pod")));
    CHECK_FALSE(start.done());
    box.disk.answer();
    while (!start.done()) box.loop.turn(true);
    REQUIRE_FALSE(start.get());
    CHECK(start.get().error().code() == Code::unavailable);
    CHECK_FALSE(std::filesystem::exists(spec.scratch_dir));
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/pods/pod"));
    CHECK_FALSE(std::filesystem::exists(cgroup_dir("pids", box.cgroup_root() + "/pods/pod")));
    CHECK(box.run("again", "echo again") == "again\n");
}

TEST_CASE("a start that is given up while the disk does not answer can be tried again") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    box.disk.fall_silent();
    const auto spec = box.container("late", "echo here");
    Started<Result<ContainerState>> given_up(box.loop, box.runtime->start_container("pod", spec));
    box.sleep_ms(20);
    given_up.cancel();
    Started<Result<ContainerState>> start(box.loop, box.runtime->start_container("pod", spec));
    box.sleep_ms(20);
    CHECK_FALSE(start.done());
    box.disk.answer();
    while (!start.done()) box.loop.turn(true);
    if (!start.get()) FAIL(start.get().error().message());
    CHECK(box.wait_for_exit("pod", "late").exit_code == 0);
    CHECK(printed(box.log("late")) == "here\n");
}

TEST_CASE("what a start that was given up has made is removed") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    box.disk.fall_silent();
    const auto spec = box.container("late", "echo here");
    Started<Result<ContainerState>> given_up(box.loop, box.runtime->start_container("pod", spec));
    box.sleep_ms(20);
    given_up.cancel();
    box.disk.answer();
    box.sleep_ms(20);
    for (int pause = 0; pause < 500 && std::filesystem::exists(spec.scratch_dir); ++pause) box.sleep_ms(20);
    CHECK_FALSE(std::filesystem::exists(spec.scratch_dir));
    CHECK(box.run(spec) == "here\n");
}

TEST_CASE("a start that the disk does not answer fails after its limit, and is fine when it answers") {
    RuntimeBox box;
    box.forget();
    box.disk_answer_ms_max = 100;
    box.open();
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    box.disk.fall_silent();
    const auto spec = box.container("late", "echo here");
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto started = await(box.loop, box.runtime->start_container("pod", spec));
        REQUIRE_FALSE(started);
        CHECK(started.error().code() == Code::timeout);
        CHECK(started.error().message().find("start container late: the disk of ") == 0);
    }
    box.disk.answer();
    box.sleep_ms(20);
    for (int pause = 0; pause < 500 && std::filesystem::exists(spec.scratch_dir); ++pause) box.sleep_ms(20);
    CHECK_FALSE(std::filesystem::exists(spec.scratch_dir));
    CHECK(box.run(spec) == "here\n");
}

TEST_CASE("a pod whose removal is given up can be removed again") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("there", "sleep 1000"))));
    Started<Result<void>> given_up(box.loop, box.runtime->remove_pod("pod"));
    REQUIRE_FALSE(given_up.done());
    given_up.cancel();
    Started<Result<void>> removal(box.loop, box.runtime->remove_pod("pod"));
    for (int pause = 0; pause < 500 && !removal.done(); ++pause) box.sleep_ms(20);
    REQUIRE(removal.done());
    CHECK(removal.get());
    CHECK_FALSE(box.runtime->find_pod("pod"));
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/pods/pod"));
}
