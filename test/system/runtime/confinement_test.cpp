#include <catch2/catch.hpp>

#include "support/runtime_box.hpp"

using namespace orilla;
using namespace orilla::test;
using namespace orilla::runtime;

TEST_CASE("a container has the default capabilities, a filter and no way to more") {
    RuntimeBox box;
    CHECK(box.run("caps", "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status") ==
          "CapInh:\t0000000000000000\nCapPrm:\t00000000800405fb\nCapEff:\t00000000800405fb\n"
          "CapBnd:\t00000000800405fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
    auto user = box.container("user", "grep -E '^(CapPrm|CapEff|CapBnd):' /proc/self/status");
    user.image_user = "web";
    CHECK(box.run(user) == "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t00000000800405fb\n");
    auto none = box.container("none", "grep -E '^(CapPrm|NoNewPrivs)' /proc/self/status");
    none.capabilities = 0;
    none.no_new_privs = false;
    CHECK(box.run(none) == "CapPrm:\t0000000000000000\nNoNewPrivs:\t0\n");
}

TEST_CASE("what the seccomp profile denies fails") {
    RuntimeBox box;
    CHECK(box.run("mount", "mount -t tmpfs none /tmp 2>&1; unshare -m true 2>&1; unshare -U true 2>&1") ==
          "mount: permission denied (are you root?)\nunshare: unshare(0x20000): Operation not permitted\n"
          "unshare: unshare(0x10000000): Operation not permitted\n");
    CHECK(box.run("node", "mknod /tmp/disk b 254 0 2>&1") == "mknod: /tmp/disk: Operation not permitted\n");
    auto loose = box.container("loose", "mount -t tmpfs none /tmp && echo mounted; grep Seccomp: /proc/self/status");
    loose.capabilities |= 1ULL << 21;  // SYS_ADMIN
    loose.seccomp = SeccompMode::unconfined;
    CHECK(box.run(loose) == "mounted\nSeccomp:\t0\n");
}

TEST_CASE("masked paths are empty and read-only paths cannot be written") {
    RuntimeBox box;
    CHECK(box.run("masked",
                  "exec 2>&1; cat /proc/keys /proc/interrupts | wc -c; ls /sys/firmware | wc -l; touch /sys/firmware/x || "
                  "echo no") == "0\n0\ntouch: /sys/firmware/x: Read-only file system\nno\n");
    CHECK(box.run("ro",
                  "exec 2>&1; echo 1 > /proc/sys/kernel/domainname || echo no1; touch /sys/x || echo no2; "
                  "touch /sys/fs/cgroup/x || echo no3; mkdir /sys/fs/cgroup/y || echo no4") ==
          "sh: can't create /proc/sys/kernel/domainname: Read-only file system\nno1\n"
          "touch: /sys/x: Read-only file system\nno2\ntouch: /sys/fs/cgroup/x: Read-only file system\nno3\n"
          "mkdir: can't create directory '/sys/fs/cgroup/y': Read-only file system\nno4\n");
    CHECK(box.run("remount", "umount /proc/keys 2>&1; mount -o remount,rw /proc/sys 2>&1 | tail -c 16") ==
          "umount: can't unmount /proc/keys: Operation not permitted\n(are you root?)\n");
    auto privileged = box.container("all",
                                    "mount -t tmpfs none /tmp && echo m; touch /sys/fs/cgroup/x 2>&1 | grep -c "
                                    "Read-only; ls /dev | grep -c .");
    privileged.privileged = true;
    privileged.capabilities = all_capabilities();
    privileged.no_new_privs = false;
    const std::string seen = box.run(privileged);
    CHECK(seen.starts_with("m\n0\n"));
    CHECK(std::stoi(seen.substr(4)) > 15);
}

TEST_CASE("/dev holds what it should, and only that works") {
    RuntimeBox box;
    CHECK(box.run("dev",
                  "ls /dev; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; echo x > /dev/null; "
                  "readlink /dev/fd; readlink /dev/stdout") ==
          "fd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n4\n4\n"
          "/proc/self/fd\n/proc/self/fd/1\n");
    // With the capability a node can be made, but the cgroup still says no.
    auto maker = box.container("maker",
                               "mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem 2>&1; mknod /tmp/n c 1 3 && echo > "
                               "/tmp/n && echo ok");
    maker.capabilities |= 1ULL << 27;  // MKNOD
    CHECK(box.run(maker) == "head: /tmp/mem: Operation not permitted\nok\n");
    auto device = box.container("device", "stat -c %t:%T /dev/in/mem; head -c 1 /dev/in/mem 2>&1 | wc -c");
    device.devices = {{"/dev/kmsg", "/dev/in/mem"}};
    CHECK(box.run(device).starts_with("1:b\n"));
}

TEST_CASE("a read-only root stays read-only, volumes do not") {
    RuntimeBox box;
    std::filesystem::create_directories(box.dir() + "/volume");
    auto spec = box.container("ro", "touch /x 2>&1; touch /data/x && echo ok; touch /dev/shm/x && echo shm");
    spec.read_only_root = true;
    spec.mounts = {{.source = box.dir() + "/volume", .destination = "/data"}};
    CHECK(box.run(spec) == "touch: /x: Read-only file system\nok\nshm\n");
}

TEST_CASE("containers of a pod share host name, shared memory and network, not processes or files") {
    RuntimeBox box;
    box.run("one", "echo shared > /dev/shm/note; touch /tmp/own");
    CHECK(box.run("two", "cat /dev/shm/note; ls /tmp; hostname") == "shared\nbox-host\n");
    auto other = box.pod("other");
    other.hostname = "other-host";
    auto spec = box.container("three", "ls /dev/shm; hostname");
    CHECK(box.run(spec, other) == "other-host\n");
}

TEST_CASE("a shared process namespace shows the others and an init with nothing behind it") {
    RuntimeBox box;
    auto pod = box.pod("sharing");
    pod.share_process_namespace = true;
    REQUIRE(await(box.loop, box.runtime->create_pod(pod)));
    REQUIRE(await(box.loop, box.runtime->start_container("sharing", box.container("other", "exec sleep 1000"))));
    auto spec = box.container("look",
                              "cat /proc/1/comm; grep -h sleep /proc/[0-9]*/comm; ls /proc/1/root 2>&1 | wc -w; "
                              "test $$ -ne 1 && echo not-first");
    spec.capabilities |= 1ULL << 19;  // SYS_PTRACE
    CHECK(box.run(spec, pod) == "pause\nsleep\n0\nnot-first\n");
    const std::vector<std::string> look = {"sh", "-c", "cat /proc/1/comm"};
    auto seen = await(box.loop, box.runtime->exec("sharing", "other", look, 5000));
    REQUIRE(seen);
    CHECK(seen->output == "pause\n");
    REQUIRE(await(box.loop, box.runtime->remove_pod("sharing")));
}

TEST_CASE("a pod in the host's process namespace leaves nobody behind") {
    RuntimeBox box;
    auto pod = box.pod("host");
    pod.host_pid = true;
    auto spec = box.container("look", "test $$ -gt 1 && echo many; sleep 1000 & echo $! > /tmp/left; exit 3");
    CHECK(box.run(spec, pod) == "many\n");
    CHECK(box.state("host", "look")->exit_code == 3);
    const std::string left = read_text(box.dir() + "/scratch/look/upper/tmp/left");
    box.sleep_ms(100);
    const std::string status = read_text("/proc/" + left.substr(0, left.find('\n')) + "/status");
    CHECK((status.empty() || status.find("State:\tZ") != std::string::npos));
}

TEST_CASE("memory over the limit is told as an OOM kill") {
    RuntimeBox box;
    auto spec = box.container("eater", "exec awk 'BEGIN { s = \"x\"; while (1) s = s s }'");
    spec.resources.memory_limit_bytes = 16 << 20;
    box.run(spec);
    const auto state = *box.state("pod", "eater");
    CHECK(state.exit_code == 137);
    CHECK(state.oom_killed);
}

TEST_CASE("who outlives a child that the OOM killer took was not killed for its memory") {
    if (unified_cgroups()) return;  // there the whole container goes at once
    RuntimeBox box;
    const std::string hungry = "awk 'BEGIN { s = \"x\"; while (1) s = s s }'; ";
    const std::pair<const char*, bool> ends[] = {{"exit 143", false}, {"exit 1", false}, {"exit 0", false}, {"exit $?", true}};
    for (const auto& [end, killed] : ends) {
        auto spec = box.container(std::string("parent") + std::to_string(&end - &ends[0].first), hungry + end);
        spec.resources.memory_limit_bytes = 16 << 20;
        box.run(spec);
        CHECK(box.state("pod", spec.id)->oom_killed == killed);
    }
}

TEST_CASE("the number of processes is bounded, for the container and for the pod") {
    RuntimeBox box;
    auto pod = box.pod();
    pod.resources.pids_max = 20;
    auto spec = box.container("bomb", "for i in $(seq 100); do sleep 5 & done 2>&1; echo started");
    CHECK(box.run(spec, pod).find("can't fork: Resource temporarily unavailable") != std::string::npos);
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("user", "sleep 1000"))));
}

TEST_CASE("what a container and the node have used is read from their cgroups") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    auto spec = box.container("user", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000");
    REQUIRE(await(box.loop, box.runtime->start_container("pod", std::move(spec))));
    std::vector<UsageOf> which = {{"pod", "user"}, {"pod", "gone"}, {"gone", "user"}, {}};
    const auto used = await(box.loop, box.runtime->read_usage(which));
    REQUIRE(used.size() == 4);
    REQUIRE(used[0]);
    CHECK(used[0]->cpu_ns > 0);
    CHECK(used[0]->memory_bytes > 0);
    CHECK(used[0]->taken_ns <= box.clock.monotonic_ns());
    CHECK_FALSE(used[1]);
    CHECK_FALSE(used[2]);
    REQUIRE(used[3]);
    CHECK(used[3]->cpu_ns > used[0]->cpu_ns);
    CHECK(used[3]->memory_bytes > used[0]->memory_bytes);
}

TEST_CASE("limits are written where the kernel looks") {
    RuntimeBox box;
    const char* v1 =
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.shares "
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/pids/pids.max";
    const char* v2 = "cd /sys/fs/cgroup; cat memory.max cpu.weight cpu.max pids.max";
    auto spec = box.container("limits", unified_cgroups() ? v2 : v1);
    spec.resources = {.cpu_request_milli = 250, .cpu_limit_milli = 500, .memory_limit_bytes = 64 << 20, .pids_max = 50};
    CHECK(box.run(spec) == (unified_cgroups() ? "67108864\n10\n50000 100000\n50\n" : "67108864\n256\n50000\n50\n"));
}

TEST_CASE("sysctls of the pod's own namespaces are set, others are refused") {
    RuntimeBox box;
    auto pod = box.pod();
    pod.sysctls = {{"kernel.shm_rmid_forced", "1"}, {"fs.mqueue.msg_max", "20"}};
    CHECK(box.run(box.container("see", "cat /proc/sys/kernel/shm_rmid_forced /proc/sys/fs/mqueue/msg_max"), pod) == "1\n20\n");
    auto bad = box.pod("bad");
    bad.sysctls = {{"kernel.panic", "1"}};
    auto refused = await(box.loop, box.runtime->create_pod(bad));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::invalid);
    auto unknown = box.pod("unknown");
    unknown.sysctls = {{"kernel.shm_no_such", "1"}};
    auto failed = await(box.loop, box.runtime->create_pod(unknown));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message().find("write /proc/sys/kernel/shm_no_such: No such file") != std::string::npos);
    CHECK_FALSE(box.runtime->find_pod("unknown"));
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/pods/unknown"));
}
