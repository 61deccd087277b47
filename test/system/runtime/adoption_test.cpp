#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <catch2/catch.hpp>

#include "support/runtime_box.hpp"

using namespace orilla;
using namespace orilla::test;
using namespace orilla::runtime;

namespace {

/// PSS in KiB, from smaps_rollup.
long read_pss_kib(pid_t pid) {
    const std::string text = read_text("/proc/" + std::to_string(pid) + "/smaps_rollup");
    const size_t at = text.find("\nPss:");
    return at == std::string::npos ? -1 : std::strtol(text.c_str() + at + 5, nullptr, 10);
}

/// A zombie waits for its new parent and counts as dead.
bool runs(pid_t pid) {
    const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    const size_t end = stat.rfind(')');
    return end != std::string::npos && stat.size() > end + 2 && stat[end + 2] != 'Z' && stat[end + 2] != 'X';
}

int connect_to_supervisor(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

/// Starts the given containers in another process and kills that with SIGKILL once they run.
void start_in_daemon_that_dies(RuntimeBox& box, const std::vector<ContainerSpec>& specs) {
    box.forget();
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t daemon = fork();
    if (daemon == 0) {
        // A loop of its own: epoll must not be shared with the parent.
        SystemClock clock;
        loop::Loop loop(clock);
        loop::IoPool files(loop);
        RuntimeOptions options;
        options.run_dir = box.dir() + "/pods";
        options.cgroup_root = box.cgroup_root();
        auto runtime = await(loop, Runtime::open(loop, files, options));
        bool good = runtime && await(loop, (*runtime)->create_pod(box.pod()));
        for (const auto& spec : specs) good = good && await(loop, (*runtime)->start_container("pod", spec));
        (void)!write(ready[1], good ? "y" : "n", 1);
        for (;;) pause();
    }
    char answer = 'n';
    REQUIRE(read(ready[0], &answer, 1) == 1);
    kill(daemon, SIGKILL);
    waitpid(daemon, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    REQUIRE(answer == 'y');
}

}  // namespace

TEST_CASE("containers, logs and exit codes survive a kill -9 of the daemon") {
    RuntimeBox box;
    auto brief = box.container("brief", "echo before; sleep 0.3; echo after; exit 42");
    auto lasting = box.container("lasting", "while :; do echo tick; sleep 0.1; done");
    lasting.stop_signal = 10;
    start_in_daemon_that_dies(box, {brief, lasting});
    box.sleep_ms(600);
    box.open();
    const auto pod = box.runtime->find_pod("pod");
    REQUIRE(pod);
    CHECK(pod->alive);
    CHECK(runs(pod->supervisor_pid));
    REQUIRE(pod->containers.size() == 2);
    const auto ended = box.state("pod", "brief");
    CHECK(ended->phase == ContainerPhase::exited);
    CHECK(ended->exit_code == 42);
    CHECK(printed(box.log("brief")) == "before\nafter\n");
    const auto running = box.state("pod", "lasting");
    REQUIRE(running->phase == ContainerPhase::running);
    CHECK(runs(running->pid));
    CHECK(running->stop_signal == 10);
    CHECK(running->log_path == box.log("lasting"));

    // The same process, reconnected once more, still obeys.
    const pid_t pid = running->pid;
    box.forget();
    box.open();
    CHECK(box.state("pod", "lasting")->pid == pid);
    const std::vector<std::string> echo = {"echo", "hi"};
    auto said = await(box.loop, box.runtime->exec("pod", "lasting", echo, 5000));
    REQUIRE(said);
    CHECK(said->output == "hi\n");
    CHECK(box.run("later", "exit 9") == "");
    CHECK(box.state("pod", "later")->exit_code == 9);
    REQUIRE(await(box.loop, box.runtime->signal_container("pod", "lasting", SIGKILL)));
    CHECK(box.wait_for_exit("pod", "lasting").exit_code == 137);
}

TEST_CASE("how far a stop has come, and a command under way, are known to the next daemon") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "sleep 1000"))));
    const StopProgress stop{.begun_ms = 5, .hook_begun_ms = 6};
    REQUIRE(box.runtime->note_stop("pod", "main", stop));
    CHECK_FALSE(box.runtime->has_exec("pod", "main"));
    {
        loop::Scope scope(box.loop);
        auto forget = [](loop::Task<Result<ExecOutcome>> task) -> loop::Task<void> { (void)co_await std::move(task); };
        const std::vector<std::string> args = {"sleep", "1"};
        scope.spawn(forget(box.runtime->exec("pod", "main", args, 5'000)));
        box.sleep_ms(200);
        CHECK(box.runtime->has_exec("pod", "main"));
    }
    box.forget();
    box.open();
    CHECK(box.state("pod", "main")->stop == stop);
    CHECK(box.runtime->has_exec("pod", "main"));
    box.sleep_ms(1'500);
    CHECK_FALSE(box.runtime->has_exec("pod", "main"));
    REQUIRE(await(box.loop, box.runtime->remove_container("pod", "main")));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "sleep 1000"))));
    CHECK(box.state("pod", "main")->stop == StopProgress{});
}

TEST_CASE("a lost connection is not a lost pod") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "sleep 1000"))));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("brief", "sleep 0.2; exit 8"))));
    // Whoever connects last is the daemon: this one takes the supervisor away and leaves.
    const int thief = connect_to_supervisor(box.dir() + "/pods/pod/socket");
    usleep(400'000);  // the exit is told to the thief
    close(thief);
    CHECK(box.wait_for_exit("pod", "brief", 5'000).exit_code == 8);
    CHECK(box.runtime->find_pod("pod")->alive);
    CHECK(box.state("pod", "main")->phase == ContainerPhase::running);
    CHECK(box.run("more", "echo on") == "on\n");
}

TEST_CASE("a supervisor's death takes its containers along and is told") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "sleep 1000"))));
    auto other_user = box.container("user", "sleep 1000");
    other_user.image_user = "web";
    REQUIRE(await(box.loop, box.runtime->start_container("pod", other_user)));
    const pid_t pid = box.state("pod", "main")->pid, user_pid = box.state("pod", "user")->pid;
    std::string told;
    box.runtime->on_change([&](const std::string& pod_id) { told = pod_id; });
    kill(box.runtime->find_pod("pod")->supervisor_pid, SIGKILL);
    CHECK(box.wait_for_exit("pod", "main").exit_code == 137);
    CHECK(told == "pod");
    CHECK_FALSE(box.runtime->find_pod("pod")->alive);
    box.sleep_ms(50);
    CHECK_FALSE(runs(pid));
    CHECK_FALSE(runs(user_pid));
    auto refused = await(box.loop, box.runtime->start_container("pod", box.container("more", "true")));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::unavailable);
}

TEST_CASE("a pod whose supervisor died while nobody looked is listed as dead") {
    RuntimeBox box;
    box.run("first", "exit 4");
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("second", "sleep 1000"))));
    const pid_t supervisor = box.runtime->find_pod("pod")->supervisor_pid;
    box.forget();
    kill(supervisor, SIGKILL);
    waitpid(supervisor, nullptr, 0);
    box.open();
    const auto pod = box.runtime->find_pod("pod");
    REQUIRE(pod);
    CHECK_FALSE(pod->alive);
    CHECK(box.state("pod", "first")->exit_code == 4);
    CHECK(box.state("pod", "second")->exit_code == 137);
    CHECK(box.state("pod", "second")->phase == ContainerPhase::exited);
}

namespace {

/// Pods with a container each; their supervisors' pids.
std::vector<pid_t> start_pods(RuntimeBox& box, int count) {
    std::vector<pid_t> supervisors;
    for (int i = 0; i < count; ++i) {
        const std::string id = "pod" + std::to_string(i);
        REQUIRE(await(box.loop, box.runtime->create_pod(box.pod(id))));
        REQUIRE(await(box.loop, box.runtime->start_container(id, box.container("main-" + id, "sleep 1000"))));
        supervisors.push_back(box.runtime->find_pod(id)->supervisor_pid);
    }
    return supervisors;
}

/// Killed is not gone at once.
bool ends(RuntimeBox& box, pid_t pid) {
    constexpr int tries = 100;
    for (int i = 0; i < tries && runs(pid); ++i) box.sleep_ms(50);
    return !runs(pid);
}

}  // namespace

TEST_CASE("supervisors that hang cost a start one wait together, and do not stay") {
    RuntimeBox box;
    const auto supervisors = start_pods(box, 4);
    const pid_t container = box.state("pod0", "main-pod0")->pid;
    box.forget();
    for (pid_t pid : supervisors) kill(pid, SIGSTOP);
    box.supervisor_answer_ms_max = 1'000;
    const int64_t begun_ms = box.loop.now_ms();
    box.open();
    CHECK(box.loop.now_ms() - begun_ms < 3'000);
    CHECK_FALSE(box.runtime->find_pod("pod0")->alive);
    CHECK(box.state("pod0", "main-pod0")->exit_code == 137);
    for (pid_t pid : supervisors) CHECK(ends(box, pid));
    CHECK(ends(box, container));
    REQUIRE(await(box.loop, box.runtime->remove_pod("pod0")));
    CHECK(box.run(box.container("again", "echo again"), box.pod("pod0")) == "again\n");
}

TEST_CASE("a supervisor whose files are damaged or gone does not stay") {
    RuntimeBox box;
    const auto supervisors = start_pods(box, 4);
    auto sharing = box.pod("sharing");
    sharing.share_process_namespace = true;
    REQUIRE(await(box.loop, box.runtime->create_pod(sharing)));
    REQUIRE(await(box.loop, box.runtime->start_container("sharing", box.container("kept", "sleep 1000"))));
    box.forget();
    const std::string pods = box.dir() + "/pods";
    std::ofstream(pods + "/pod0/pod") << "rubbish";
    std::filesystem::remove(pods + "/pod1/pod");
    std::filesystem::remove(pods + "/pod2/socket");
    for (const char* name : {"/pod3/shm", "/pod3/files"}) umount2((pods + name).c_str(), MNT_DETACH);
    std::filesystem::remove_all(pods + "/pod3");
    box.open();
    for (pid_t pid : supervisors) CHECK(ends(box, pid));
    CHECK_FALSE(box.runtime->find_pod("pod3"));
    // The init of a shared process namespace is a supervisor's child, and no stranger.
    CHECK(box.runtime->find_pod("sharing")->alive);
    CHECK(runs(box.state("sharing", "kept")->pid));
    CHECK(box.run(box.container("more", "echo more"), sharing) == "more\n");
}

TEST_CASE("a supervisor that cannot be reached any more does not stay") {
    RuntimeBox box;
    const pid_t supervisor = start_pods(box, 1).front();
    const int thief = connect_to_supervisor(box.dir() + "/pods/pod0/socket");
    // The daemon's connection is dropped for the thief's, and a new one cannot be made.
    std::filesystem::remove(box.dir() + "/pods/pod0/socket");
    CHECK(box.wait_for_exit("pod0", "main-pod0").exit_code == 137);
    CHECK(ends(box, supervisor));
    close(thief);
}

TEST_CASE("removing a pod leaves no process, mount, cgroup or directory") {
    RuntimeBox box;
    auto spec = box.container("main", "sleep 1000 & sleep 1000 & wait");
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", spec)));
    const auto before = *box.runtime->find_pod("pod");
    const std::string cgroup = cgroup_dir("memory", box.cgroup_root() + "/pods/pod");
    CHECK(std::filesystem::exists(cgroup + "/main"));
    REQUIRE(await(box.loop, box.runtime->remove_pod("pod")));
    CHECK_FALSE(runs(before.containers[0].pid));
    CHECK_FALSE(std::filesystem::exists(cgroup));
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/pods/pod"));
    CHECK_FALSE(std::filesystem::exists(spec.scratch_dir));
    CHECK(read_text("/proc/self/mountinfo").find(box.dir()) == std::string::npos);
    box.sleep_ms(20);
    CHECK_FALSE(runs(before.supervisor_pid));
    CHECK_FALSE(box.runtime->find_pod("pod"));
    CHECK(await(box.loop, box.runtime->remove_pod("pod")));
    // And it can be made anew.
    CHECK(box.run("again", "echo again") == "again\n");
}

TEST_CASE("garbage of pods that nobody knows is collected") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod("kept"))));
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod("lost"))));
    REQUIRE(await(box.loop, box.runtime->start_container("lost", box.container("main", "sleep 1000"))));
    std::filesystem::create_directories(cgroup_dir("pids", box.cgroup_root() + "/pods/stray/inner"));
    REQUIRE(await(box.loop, box.runtime->start_container("kept", box.container("stays", "sleep 1000"))));
    write_text(box.dir() + "/scratch/of-an-earlier-boot/upper/file", "x");
    REQUIRE(await(box.loop, box.runtime->collect_garbage({"kept"})));
    CHECK_FALSE(std::filesystem::exists(box.dir() + "/scratch/of-an-earlier-boot"));
    CHECK(std::filesystem::exists(box.dir() + "/scratch/stays"));
    CHECK(box.runtime->find_pod("kept"));
    CHECK_FALSE(box.runtime->find_pod("lost"));
    CHECK_FALSE(std::filesystem::exists(cgroup_dir("pids", box.cgroup_root() + "/pods/stray")));
}

TEST_CASE("a supervisor is small and has nothing of ours open") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "seq 20000; sleep 1000"))));
    box.sleep_ms(200);
    const pid_t pid = box.runtime->find_pod("pod")->supervisor_pid;
    const long pss_kib = read_pss_kib(pid);
    WARN("supervisor PSS: " << pss_kib << " KiB");
    CHECK(pss_kib > 0);
    CHECK(pss_kib < 300);
    // null x 3, listener, epoll, signalfd, pid namespace, pidfd, peer, log, two pipes.
    const auto fds = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd");
    CHECK(std::distance(begin(fds), end(fds)) <= 12);
    CHECK(read_text("/proc/" + std::to_string(pid) + "/comm") == "orilla-pod\n");
    char link[128] = {};
    REQUIRE(readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), link, sizeof link - 1) > 0);
    CHECK(std::string(link).starts_with("/memfd:orilla-supervisor"));
}

TEST_CASE("what a daemon left half-way does not stand in the way of the next start") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    write_text(box.dir() + "/scratch/main/upper/old", "x");
    std::filesystem::create_directories(std::filesystem::path(box.dir()) / "scratch" / "main" / "work" / "work");
    std::filesystem::create_directories(cgroup_dir("memory", box.cgroup_root() + "/pods/pod/main"));
    CHECK(box.run("main", "ls /old || echo fresh") == "ls: /old: No such file or directory\nfresh\n");
}

TEST_CASE("kill -9 of the daemon at any moment leaves something the next one can go on from") {
    RuntimeBox box;
    constexpr int rounds = 40;
    for (int round = 0; round < rounds; ++round) {
        box.forget();
        const pid_t daemon = fork();
        if (daemon == 0) {
            SystemClock clock;
            loop::Loop loop(clock);
            loop::IoPool files(loop);
            RuntimeOptions options{.run_dir = box.dir() + "/pods", .cgroup_root = box.cgroup_root()};
            auto runtime = await(loop, Runtime::open(loop, files, options));
            for (int i = 0; runtime; ++i) {
                (void)await(loop, (*runtime)->create_pod(box.pod()));
                const std::string id = "main-" + std::to_string(round) + "-" + std::to_string(i);
                (void)await(loop, (*runtime)->start_container("pod", box.container(id, "sleep 1000")));
                if (i % 3 == 2) (void)await(loop, (*runtime)->remove_pod("pod"));
            }
            _exit(1);
        }
        usleep(static_cast<useconds_t>(2'000 + round * 1'700));
        kill(daemon, SIGKILL);
        waitpid(daemon, nullptr, 0);
        box.open();
        if (const auto pod = box.runtime->find_pod("pod"); pod && pod->alive) {
            for (const auto& container : pod->containers)
                if (container.phase == ContainerPhase::running) CHECK(runs(container.pid));
        } else {
            CHECK(await(box.loop, box.runtime->remove_pod("pod")));
        }
        CHECK(box.run("check-" + std::to_string(round), "echo fine") == "fine\n");
        if (round % 4 == 3) CHECK(await(box.loop, box.runtime->collect_garbage({})));
    }
    CHECK(await(box.loop, box.runtime->collect_garbage({})));
    CHECK_FALSE(std::filesystem::exists(cgroup_dir("memory", box.cgroup_root() + "/pods/pod")));
    CHECK(read_text("/proc/self/mountinfo").find(box.dir()) == std::string::npos);
}

TEST_CASE("a cgroup that a killed daemon left frozen is thawed") {
    RuntimeBox box;
    REQUIRE(await(box.loop, box.runtime->create_pod(box.pod())));
    REQUIRE(await(box.loop, box.runtime->start_container("pod", box.container("main", "sleep 1000"))));
    box.forget();
    const std::string cgroup = cgroup_dir("freezer", box.cgroup_root() + "/pods/pod");
    std::ofstream(cgroup + (unified_cgroups() ? "/cgroup.freeze" : "/freezer.state")) << (unified_cgroups() ? "1" : "FROZEN");
    box.open();
    CHECK(box.run("next", "echo warm") == "warm\n");
}
