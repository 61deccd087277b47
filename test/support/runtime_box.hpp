// A box for runtime tests: a mount namespace, a tmpfs and a cgroup subtree of the test's own, an image made of
// busybox, and a Runtime in the middle. Everything is gone with it.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "await.hpp"
#include "orilla/base/clock.hpp"
#include "orilla/loop/io_pool.hpp"
#include "orilla/loop/timeout.hpp"
#include "orilla/runtime/runtime.hpp"

namespace orilla::test {

constexpr int runtime_skipped = 77;
constexpr const char* busybox_path = "/bin/busybox";

/// The image holds busybox alone: one that wants libraries would not start in it.
inline bool is_static_program(const char* path) {
    std::ifstream in(path, std::ios::binary);
    ElfW(Ehdr) head{};
    if (!in.read(reinterpret_cast<char*>(&head), sizeof head)) return false;
    for (int i = 0; i < head.e_phnum; ++i) {
        ElfW(Phdr) part{};
        in.seekg(static_cast<std::streamoff>(head.e_phoff) + i * head.e_phentsize);
        if (!in.read(reinterpret_cast<char*>(&part), sizeof part) || part.p_type == PT_INTERP) return false;
    }
    return true;
}

/// False where it cannot be done, which is said: exit with `runtime_skipped` then.
inline bool enter_runtime_box() {
    const char* why = nullptr;
    if (::geteuid() != 0) why = "boxes need root";
    else if (!is_static_program(busybox_path)) why = "/bin/busybox is not the static one of the package busybox-static";
    else if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
             ::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0)
        why = "may not make namespaces here";
    if (why) std::printf("1..0 # SKIP %s\n", why);
    return !why;
}

inline std::string read_text(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline void write_text(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
}

/// Whether this machine has cgroup v2 alone.
inline bool unified_cgroups() { return ::access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0; }
/// Where a cgroup is to be seen, by one of its controllers.
inline std::string cgroup_dir(const std::string& controller, const std::string& path) {
    return unified_cgroups() ? "/sys/fs/cgroup" + path : "/sys/fs/cgroup/" + controller + path;
}

/// The log without time stamps and stream names: what the container printed.
inline std::string printed(const std::string& log_path) {
    std::istringstream lines(read_text(log_path));
    std::string line, out;
    while (std::getline(lines, line)) {
        if (line.size() < 40) continue;
        out += line.substr(40);
        if (line[38] == 'F') out += '\n';
    }
    return out;
}

/// A disk that may be told not to answer.
class RuntimeDisk final : public loop::Executor {
  public:
    explicit RuntimeDisk(loop::Loop& loop) : pool_(loop) {}
    void submit(std::function<void()> job, std::function<void()> done) override {
        if (!silent_) return pool_.submit(std::move(job), std::move(done));
        waiting_.push_back({std::move(job), std::move(done)});
    }
    void fall_silent() { silent_ = true; }
    void answer() {
        silent_ = false;
        for (auto& [job, done] : std::exchange(waiting_, {})) pool_.submit(std::move(job), std::move(done));
    }

  private:
    bool silent_ = false;
    std::vector<std::pair<std::function<void()>, std::function<void()>>> waiting_;
    loop::IoPool pool_;
};

class RuntimeBox {
  public:
    explicit RuntimeBox(std::string name = "box") : loop(clock), name_(std::move(name)) {
        std::filesystem::create_directories(dir());
        make_image();
        open();
    }
    RuntimeBox(const RuntimeBox&) = delete;
    RuntimeBox& operator=(const RuntimeBox&) = delete;
    ~RuntimeBox() {
        if (runtime) (void)await(loop, runtime->collect_garbage({}));
        runtime.reset();
        std::filesystem::remove_all(dir());
        remove_cgroups();
    }

    std::string dir() const { return "/run/orilla-test-" + name_; }
    std::string cgroup_root() const { return "/orilla-test-" + name_; }
    std::string image() const { return dir() + "/image"; }
    std::string log(const std::string& id) const { return dir() + "/log/" + id + ".log"; }

    void open() {
        runtime::RuntimeOptions options;
        options.run_dir = dir() + "/pods";
        options.cgroup_root = cgroup_root();
        options.scratch_root = dir() + "/scratch";
        options.base_layer = dir() + "/base-layer";
        options.supervisor_answer_ms_max = supervisor_answer_ms_max;
        options.disk_answer_ms_max = disk_answer_ms_max;
        auto opened = await(loop, runtime::Runtime::open(loop, disk, options));
        if (!opened) {
            std::fprintf(stderr, "%s\n", opened.error().message().c_str());
            std::abort();
        }
        runtime = std::move(*opened);
    }
    /// As if the daemon had died: nothing is told to anybody.
    void forget() { runtime.reset(); }

    runtime::PodSandboxSpec pod(const std::string& id = "pod") const {
        runtime::PodSandboxSpec spec;
        spec.id = id;
        spec.hostname = "box-host";
        spec.hosts = "127.0.0.1 localhost\n";
        spec.resolv_conf = "nameserver 10.43.0.10\n";
        return spec;
    }
    runtime::ContainerSpec container(const std::string& id, const std::string& script) const {
        runtime::ContainerSpec spec;
        spec.id = id;
        spec.name = id;
        spec.layers = {image()};
        spec.scratch_dir = dir() + "/scratch/" + id;
        spec.args = {"sh", "-c", script};
        spec.env = {"PATH=/bin", "COLOUR=blue"};
        spec.log_path = log(id);
        return spec;
    }
    /// Starts it, waits for its end, and gives what it printed. Makes the pod when there is none.
    std::string run(const runtime::ContainerSpec& spec, const runtime::PodSandboxSpec& pod_spec) {
        if (!runtime->find_pod(pod_spec.id)) {
            auto created = await(loop, runtime->create_pod(pod_spec));
            if (!created) return "create_pod: " + created.error().message();
        }
        auto started = await(loop, runtime->start_container(pod_spec.id, spec));
        if (!started) return "start_container: " + started.error().message();
        wait_for_exit(pod_spec.id, spec.id);
        return printed(spec.log_path);
    }
    std::string run(const runtime::ContainerSpec& spec) { return run(spec, pod()); }
    std::string run(const std::string& id, const std::string& script) { return run(container(id, script)); }

    std::optional<runtime::ContainerState> state(const std::string& pod_id, const std::string& id) const {
        const auto found = runtime->find_pod(pod_id);
        if (!found) return std::nullopt;
        for (const auto& container : found->containers)
            if (container.id == id) return container;
        return std::nullopt;
    }
    std::string termination_message(const std::string& pod_id, const std::string& id) const {
        const auto found = state(pod_id, id);
        return found ? found->termination_message : "";
    }
    runtime::ContainerState wait_for_exit(const std::string& pod_id, const std::string& id, int64_t limit_ms = 20'000) {
        const int64_t deadline_ms = loop.now_ms() + limit_ms;
        loop::Timer tick(loop);
        for (;;) {
            auto found = state(pod_id, id);
            if (!found) return {};
            if (found->phase == runtime::ContainerPhase::exited || loop.now_ms() > deadline_ms) return *found;
            if (!tick.armed()) tick.arm_after(20, [] {});
            loop.turn(true);
        }
    }
    void sleep_ms(int64_t ms) {
        bool over = false;
        loop::Timer timer(loop);
        timer.arm_after(ms, [&over] { over = true; });
        while (!over) loop.turn(true);
    }

    int64_t supervisor_answer_ms_max = 10'000;  ///< for the next `open`
    int64_t disk_answer_ms_max = 10'000;        ///< the same
    SystemClock clock;
    loop::Loop loop;
    RuntimeDisk disk{loop};
    std::unique_ptr<runtime::Runtime> runtime;

  private:
    void make_image() const {
        const std::string bin = image() + "/bin";
        std::filesystem::create_directories(bin);
        std::filesystem::copy_file(busybox_path, bin + "/busybox");
        for (const char* applet :
             {"sh",   "cat",  "echo",     "id",     "ls",      "sleep", "mount", "umount", "mkdir", "touch",
              "ps",   "kill", "hostname", "pwd",    "env",     "grep",  "dd",    "yes",    "head",  "readlink",
              "true", "ln",   "mknod",    "chroot", "unshare", "stat",  "wc",    "seq",    "tail",  "chmod",
              "rm",   "nc",   "sync",     "test",   "tty",     "awk",   "tr",    "sort"})
            std::filesystem::create_symlink("busybox", bin + "/" + applet);
        write_text(image() + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web:/home/web:/bin/sh\n");
        write_text(image() + "/etc/group", "root:x:0:\nweb:x:1001:\nlogs:x:1002:web,other\nwww:x:1003:\n");
        std::filesystem::create_directories(image() + "/tmp");
    }
    void remove_cgroups() const {
        std::vector<std::string> hierarchies = {"/sys/fs/cgroup"};
        for (const auto& hierarchy : std::filesystem::directory_iterator("/sys/fs/cgroup"))
            if (!unified_cgroups()) hierarchies.push_back(hierarchy.path().string());
        for (const auto& hierarchy : hierarchies) {
            const std::string root = hierarchy + cgroup_root();
            for (const char* leaf : {"/pods", "/supervisors", "/daemon", ""}) {
                // A supervisor takes a moment to be gone.
                for (int i = 0; i < 100 && ::rmdir((root + leaf).c_str()) != 0 && errno == EBUSY; ++i) ::usleep(10'000);
            }
        }
    }
    std::string name_;
};

}  // namespace orilla::test
