// How long a pod and a container take to start, from our call to the first instruction, and what a supervisor weighs.
// Needs root; works in a mount namespace and a cgroup subtree of its own. One line a figure: NAME VALUE UNIT.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "support/runtime_box.hpp"

using namespace orilla;
using namespace orilla::test;

namespace {

constexpr int rounds = 50;

void print(const char* name, std::vector<int64_t> samples_ns) {
    std::sort(samples_ns.begin(), samples_ns.end());
    const auto us = [&](size_t index) { return static_cast<double>(samples_ns[index]) / 1000; };
    std::printf("%-28s least %7.0f us   median %7.0f us   p90 %7.0f us   max %7.0f us\n", name, us(0),
                us(samples_ns.size() / 2), us(samples_ns.size() * 9 / 10), us(samples_ns.size() - 1));
}

long read_pss_kib(pid_t pid) {
    const std::string text = read_text("/proc/" + std::to_string(pid) + "/smaps_rollup");
    const size_t at = text.find("\nPss:");
    return at == std::string::npos ? -1 : std::strtol(text.c_str() + at + 5, nullptr, 10);
}

}  // namespace

int main() {
    if (!enter_runtime_box()) return runtime_skipped;
    RuntimeBox box("bench");
    std::vector<int64_t> pods, starts, runs, used, execs, removals;
    for (int round = 0; round < rounds; ++round) {
        const std::string id = "pod" + std::to_string(round);
        int64_t before = box.clock.monotonic_ns();
        if (auto made = await(box.loop, box.runtime->create_pod(box.pod(id))); !made) return 1;
        pods.push_back(box.clock.monotonic_ns() - before);
        auto spec = box.container("main" + std::to_string(round), "sleep 1000");
        before = box.clock.monotonic_ns();
        if (auto started = await(box.loop, box.runtime->start_container(id, spec)); !started) return 1;
        starts.push_back(box.clock.monotonic_ns() - before);
        runs.push_back(pods.back() + starts.back());
        const std::vector<runtime::UsageOf> which = {{id, spec.id}};
        const auto usage = await(box.loop, box.runtime->read_usage(which));
        if (usage[0]) used.push_back(static_cast<int64_t>(usage[0]->cpu_ns));
        const std::vector<std::string> nothing = {"true"};
        before = box.clock.monotonic_ns();
        if (auto done = await(box.loop, box.runtime->exec(id, spec.id, nothing, 5000)); !done) return 1;
        execs.push_back(box.clock.monotonic_ns() - before);
    }
    long pss_kib = 0;
    for (const auto& pod : box.runtime->pods()) pss_kib += read_pss_kib(pod.supervisor_pid);
    for (const auto& pod : box.runtime->pods()) {
        const int64_t before = box.clock.monotonic_ns();
        if (auto removed = await(box.loop, box.runtime->remove_pod(pod.id)); !removed) return 1;
        removals.push_back(box.clock.monotonic_ns() - before);
    }
    print("create_pod", pods);
    print("start_container", starts);
    print("its CPU until exec", used);
    print("pod and first container", runs);
    print("exec true, to its end", execs);
    print("remove_pod", removals);
    std::printf("%-28s %8.1f KiB of %d\n", "supervisor PSS, mean", static_cast<double>(pss_kib) / rounds, rounds);
    return 0;
}
