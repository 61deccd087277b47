#include "host.hpp"

#include <signal.h>

#include <algorithm>

namespace orilla::sim {

namespace {
constexpr uint32_t addresses_max = 250;
/// Ten minutes, less what the daemon may hear late.
constexpr int64_t back_off_reset_ms = 590'000;

/// The documented back-off: at once, then 10 s, doubled up to 5 min.
int64_t expected_back_off_ms(int crashes) {
    if (crashes <= 0) return 0;
    return std::min<int64_t>(10'000LL << std::min(crashes - 1, 10), 300'000);
}
std::string container_label(const std::string& uid, const std::string& name) { return uid.substr(0, 8) + "/" + name; }
}  // namespace

HostContainer* HostPod::find(const std::string& name) {
    HostContainer* found = nullptr;
    for (const auto& container : containers)
        if (container->state.name == name) found = container.get();
    return found;
}

void Host::make_pod(const std::string& uid) {
    auto& pod = pods_[uid];
    if (pod.alive) trace_.fail("a second sandbox was made for pod " + uid);
    pod.alive = true;
    trace_.add("host: sandbox " + uid.substr(0, 8));
}

HostContainer* HostPod::find_attempt(const std::string& id) {
    for (const auto& container : containers)
        if (container->state.id == id) return container.get();
    return nullptr;
}

void Host::check_start(const std::string& uid, const HostPod& pod, const runtime::ContainerSpec& spec) {
    const int attempt = runtime::attempt_of(spec.id);
    const std::string what = container_label(uid, spec.name) + " attempt " + std::to_string(attempt);
    for (const auto& container : pod.containers) {
        if (container->state.name != spec.name) continue;
        if (container->runs())
            trace_.fail("container " + what + " is started while attempt " + std::to_string(container->state.attempt) +
                        " runs");
        if (container->state.attempt >= attempt) trace_.fail("container " + what + " was started before");
    }
}

/// A container that ended by itself is not started again before its back-off is over. A daemon that starts anew has
/// forgotten how often it ended, but counts again.
void Host::check_back_off(const std::string& uid, const HostContainer& last) {
    const std::string key = uid + "/" + last.state.name;
    CrashRun& run = crashes_[key];
    if (run.daemon_life != daemon_life) run = {0, daemon_life};
    if (last.ended_ms - last.started_ms >= back_off_reset_ms) run.crashes = 0;
    const int64_t waited_ms = loop_.now_ms() - last.ended_ms;
    const int64_t wanted_ms = expected_back_off_ms(run.crashes++);
    if (waited_ms < wanted_ms)
        trace_.fail("container " + container_label(uid, last.state.name) + " was started again after " +
                    std::to_string(waited_ms) + " ms, its back-off is " + std::to_string(wanted_ms) + " ms");
}

Result<runtime::ContainerState> Host::start(const std::string& uid, const runtime::ContainerSpec& spec) {
    auto found = pods_.find(uid);
    if (found == pods_.end() || !found->second.alive) return Error(Code::unavailable, "pod " + uid + " has no supervisor");
    HostPod& pod = found->second;
    check_start(uid, pod, spec);
    if (finished_.contains(uid)) trace_.fail("pod " + uid + " has done its work and runs again");
    if (const HostContainer* last = pod.find(spec.name)) check_back_off(uid, *last);
    if (image_of(spec).starts_with("nocommand")) return Error(Code::not_found, "exec /bin/none: no such file or directory");
    auto made = std::make_unique<HostContainer>(loop_);
    made->state.id = spec.id;
    made->state.name = spec.name;
    made->state.attempt = runtime::attempt_of(spec.id);
    made->state.pid = next_pid_++;
    made->state.started_wall_ns = clock_.wall_ns();
    made->state.stop_signal = spec.stop_signal;
    made->image = image_of(spec);
    made->started_ms = made->accounted_ms = loop_.now_ms();
    pod.containers.push_back(std::move(made));
    ++starts_;
    const HostContainer& started = *pod.containers.back();
    trace_.add("host: start " + container_label(uid, spec.name) + " #" + std::to_string(started.state.attempt) + " " +
               started.image);
    begin_life(uid, *pod.containers.back());
    return runtime::ContainerState(started.state);
}

/// web, api, stubborn: until told; the last does not hear SIGTERM. crash: fails after a while. job: succeeds.
void Host::begin_life(const std::string& uid, HostContainer& container) {
    HostContainer* one = &container;
    container.warm_up.arm_after(static_cast<int64_t>(random_.below(8'000)), [one] { one->ready = true; });
    const auto after = [&](int64_t ms, int code) {
        container.life.arm_after(ms, [this, uid, one, code] { end(uid, *one, code, 0, false); });
    };
    if (container.image.starts_with("crash")) after(1'000 + static_cast<int64_t>(random_.below(20'000)), 1);
    if (container.image.starts_with("job")) after(2'000 + static_cast<int64_t>(random_.below(30'000)), 0);
}

void Host::end(const std::string& uid, HostContainer& container, int exit_code, int number, bool oom) {
    if (!container.runs()) return;
    container.life.disarm();
    container.warm_up.disarm();
    if (!container.asked_to_stop) disturb(uid);
    container.ready = false;
    container.ended_ms = loop_.now_ms();
    container.state.phase = runtime::ContainerPhase::exited;
    container.state.pid = 0;
    container.state.exit_code = exit_code;
    container.state.signal = number;
    container.state.oom_killed = oom;
    container.state.finished_wall_ns = clock_.wall_ns();
    trace_.add("host: end " + container_label(uid, container.state.name) + " #" + std::to_string(container.state.attempt) +
               " " + std::to_string(exit_code));
    tell(uid);
}

void Host::check_kill(const std::string& uid, const std::string& name) {
    const std::string why = why_not_kill ? why_not_kill(uid, name) : "";
    if (!why.empty()) trace_.fail("the daemon kills " + container_label(uid, name) + " although " + why);
}

void Host::signal(const std::string& uid, const std::string& id, int number) {
    auto found = pods_.find(uid);
    HostContainer* container = found == pods_.end() ? nullptr : found->second.find_attempt(id);
    if (!container || !container->runs()) return;
    const std::string name = container->state.name;
    check_kill(uid, name);
    container->asked_to_stop = true;
    trace_.add("host: signal " + std::to_string(number) + " to " + container_label(uid, name));
    if (number == SIGKILL) return end(uid, *container, 137, SIGKILL, false);
    if (container->image.starts_with("stubborn")) return;
    container->life.arm_after(static_cast<int64_t>(random_.below(4'000)),
                              [this, uid, container] { end(uid, *container, 143, SIGTERM, false); });
}

void Host::remove_container(const std::string& uid, const std::string& id) {
    auto found = pods_.find(uid);
    if (found == pods_.end()) return;
    auto& list = found->second.containers;
    const auto gone = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one->state.id == id; });
    if (gone == list.end()) return;
    if ((*gone)->runs()) trace_.fail("container " + container_label(uid, id) + " is removed while it runs");
    list.erase(gone);
}

void Host::remove_pod(const std::string& uid) {
    auto found = pods_.find(uid);
    if (found == pods_.end()) return;
    for (const auto& container : found->second.containers)
        if (container->runs()) check_kill(uid, container->state.name), container->asked_to_stop = true;
    const auto& containers = found->second.containers;
    const auto succeeded = [](const auto& one) { return !one->runs() && !one->asked_to_stop && one->state.exit_code == 0; };
    if (found->second.alive && !containers.empty() && std::all_of(containers.begin(), containers.end(), succeeded))
        finished_.insert(uid);
    trace_.add("host: remove sandbox " + uid.substr(0, 8));
    pods_.erase(found);
}

std::optional<runtime::PodState> Host::observe(const std::string& uid) const {
    const auto found = pods_.find(uid);
    if (found == pods_.end() && !cgroups_.contains(uid)) return std::nullopt;
    runtime::PodState out;
    out.id = uid;
    if (found == pods_.end()) return out;
    out.alive = found->second.alive;
    for (const auto& container : found->second.containers) out.containers.push_back(container->state);
    return out;
}

void Host::lose_supervisor(const std::string& uid) {
    HostPod& pod = pods_[uid];
    pod.alive = false;
    trace_.add("host: supervisor of " + uid.substr(0, 8) + " dies");
    for (const auto& container : pod.containers) end(uid, *container, 137, SIGKILL, false);
    disturb(uid);
    tell(uid);
}

/// As if those that run now had run since the last time: they are looked at every few seconds.
void Host::account() {
    static constexpr int64_t idle_milli = 1, ms_to_milli_ns = 1'000;
    std::map<std::string, int64_t> running;
    const auto each = [this](const auto& act) {
        for (auto& [uid, pod] : pods_)
            for (auto& container : pod.containers)
                if (container->runs()) act(*container);
    };
    each([&running](HostContainer& container) { ++running[container.image]; });
    each([this, &running](HostContainer& container) {
        const auto load = load_milli_.find(container.image);
        const int64_t milli = load == load_milli_.end() ? 0 : load->second / running[container.image];
        container.used_ns += (loop_.now_ms() - container.accounted_ms) * std::max(milli, idle_milli) * ms_to_milli_ns;
        container.accounted_ms = loop_.now_ms();
    });
}

void Host::reboot() {
    trace_.add("host: reboot");
    for (const auto& [uid, pod] : pods_) disturb(uid);
    pods_.clear();
    cgroups_.clear();
    addresses_.clear();
    rules_.clear();
    lan_.clear();
}

Result<std::string> Host::attach(const std::string& uid) {
    if (const auto found = addresses_.find(uid); found != addresses_.end()) return std::string(found->second);
    for (uint32_t tried = 0; tried < addresses_max; ++tried) {
        const std::string ip = "10.42.0." + std::to_string(2 + next_address_++ % addresses_max);
        const bool taken = std::any_of(addresses_.begin(), addresses_.end(), [&](const auto& one) { return one.second == ip; });
        if (taken) continue;
        addresses_[uid] = ip;
        return std::string(ip);
    }
    return Error(Code::unavailable, "no address is left");
}

void Host::detach(const std::string& uid) {
    if (pods_.contains(uid)) trace_.fail("pod " + uid + " loses its address while its sandbox is there");
    addresses_.erase(uid);
}

bool Host::runs_ready(const std::string& uid) const {
    const auto found = pods_.find(uid);
    if (found == pods_.end() || !found->second.alive || found->second.containers.empty()) return false;
    std::map<std::string, bool> newest;
    for (const auto& container : found->second.containers)
        newest[container->state.name] =
            container->runs() ? container->ready && !container->asked_to_stop : container->image.starts_with("job");
    return std::all_of(newest.begin(), newest.end(), [](const auto& one) { return one.second; });
}

}  // namespace orilla::sim
