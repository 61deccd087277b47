#include <algorithm>
#include <fstream>

#include "fakes.hpp"

namespace orilla::sim {

FakeRuntime::FakeRuntime(loop::Loop& loop, Host& host) : loop_(loop), host_(host), scope_(loop) {
    for (const auto& [uid, pod] : host_.pods()) look(uid);
    for (const auto& uid : host_.cgroups()) look(uid);
    host_.on_change = [this](const std::string& uid) { hear(uid); };
}

FakeRuntime::~FakeRuntime() { host_.on_change = nullptr; }

/// Some moments, up to what the weather allows.
loop::Loop::SleepAwaiter FakeRuntime::pause() {
    return loop_.sleep_for(
        static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(host_.weather().runtime_ms_max) + 1)));
}

bool FakeRuntime::fails() { return static_cast<int>(host_.random().below(100)) < host_.weather().runtime_errors_percent; }

void FakeRuntime::look(const std::string& uid) {
    auto now = host_.observe(uid);
    if (now) seen_[uid] = std::move(*now);
    else seen_.erase(uid);
}

void FakeRuntime::hear(const std::string& uid) {
    const auto after_ms = static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(host_.weather().event_ms_max) + 1));
    scope_.spawn(hear_later(uid, after_ms));
}

loop::Task<void> FakeRuntime::hear_later(std::string uid, int64_t after_ms) {
    co_await loop_.sleep_for(after_ms);
    if (!seen_.contains(uid)) co_return;
    look(uid);
    if (listener_) listener_(uid);
}

std::vector<runtime::PodState> FakeRuntime::pods() const {
    std::vector<runtime::PodState> out;
    for (const auto& [uid, state] : seen_) out.push_back(state);
    return out;
}

std::optional<runtime::PodState> FakeRuntime::find_pod(const std::string& uid) const {
    const auto found = seen_.find(uid);
    if (found == seen_.end()) return std::nullopt;
    return found->second;
}

loop::Task<Result<void>> FakeRuntime::create_pod(runtime::PodSandboxSpec spec) {
    if (seen_.contains(spec.id)) co_return Error(Code::already_exists, "pod " + spec.id + " exists");
    host_.make_cgroup(spec.id);
    look(spec.id);
    co_await pause();
    if (fails()) {
        host_.remove_cgroup(spec.id);
        look(spec.id);
        co_return Error(Code::unavailable, "create pod: the supervisor does not answer");
    }
    host_.make_pod(spec.id);
    co_await pause();
    look(spec.id);
    co_return ok();
}

loop::Task<Result<runtime::ContainerState>> FakeRuntime::start_container(std::string uid, runtime::ContainerSpec spec) {
    co_await pause();
    if (fails()) co_return Error(Code::unavailable, "start container: mount overlay: input/output error");
    if (!host_.images().contains(image_of(spec)))
        co_return Error(Code::unavailable, "image " + image_of(spec) + " is not here");
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(spec.log_path).parent_path(), error);
    std::ofstream(spec.log_path) << "";
    CO_CHECK(runtime::ContainerState state, host_.start(uid, spec));
    co_await pause();
    look(uid);
    co_return state;
}

loop::Task<Result<void>> FakeRuntime::signal_container(std::string uid, std::string id, int number) {
    co_await pause();
    if (fails()) co_return Error(Code::timeout, "the supervisor does not answer");
    host_.signal(uid, id, number);
    co_return ok();
}

/// Kept on the host, beside the container.
Result<void> FakeRuntime::note_stop(const std::string& uid, const std::string& id, const runtime::StopProgress& stop) {
    const auto found = host_.pods().find(uid);
    HostContainer* container = found == host_.pods().end() ? nullptr : found->second.find_attempt(id);
    if (!container) return Error(Code::not_found, "container " + id + " is not there");
    container->state.stop = stop;
    for (auto& state : seen_[uid].containers)
        if (state.id == id) state.stop = stop;
    return ok();
}

loop::Task<Result<void>> FakeRuntime::update_resources(std::string uid, std::string id, runtime::Resources) {
    co_await pause();
    if (fails()) co_return Error(Code::unavailable, "the limits of " + id + " cannot be written");
    const auto found = host_.pods().find(uid);
    if (found == host_.pods().end()) co_return Error(Code::not_found, "pod " + uid + " is not there");
    co_return ok();
}

/// What runs there is a probe: "ready" or "alive".
loop::Task<Result<runtime::ExecOutcome>> FakeRuntime::exec(std::string uid, std::string id, std::vector<std::string> argv,
                                                           int64_t timeout_ms, size_t) {
    const bool hangs = static_cast<int>(host_.random().below(100)) < host_.weather().exec_hangs_percent;
    co_await loop_.sleep_for(hangs ? timeout_ms : static_cast<int64_t>(host_.random().below(50)));
    const auto found = host_.pods().find(uid);
    HostContainer* container = found == host_.pods().end() ? nullptr : found->second.find_attempt(id);
    if (!container || !container->runs()) co_return Error(Code::not_found, "container " + id + " is not running");
    const bool asks_ready = argv.at(0) == "ready";
    const bool good = !hangs && (asks_ready ? container->ready : container->healthy);
    if (!asks_ready) container->liveness_failures = good ? 0 : container->liveness_failures + 1;
    co_return runtime::ExecOutcome{good ? 0 : 1, good ? "" : "not yet", hangs};
}

loop::Task<Result<void>> FakeRuntime::remove_container(std::string uid, std::string id) {
    co_await pause();
    host_.remove_container(uid, id);
    look(uid);
    co_return ok();
}

loop::Task<Result<void>> FakeRuntime::remove_pod(std::string uid) {
    if (!seen_.contains(uid)) co_return ok();
    co_await pause();
    if (fails()) co_return Error(Code::timeout, "processes in cgroup /pods/" + uid + " do not die");
    host_.remove_pod(uid);
    co_await pause();
    host_.remove_cgroup(uid);
    look(uid);
    co_return ok();
}

loop::Task<std::vector<std::optional<runtime::UsageSample>>> FakeRuntime::read_usage(std::vector<runtime::UsageOf> which) {
    co_await pause();
    host_.account();
    const int64_t now_ns = loop_.clock().monotonic_ns();
    std::vector<std::optional<runtime::UsageSample>> samples;
    for (const auto& one : which) {
        const auto pod = host_.pods().find(one.pod_id);
        const HostContainer* container = pod == host_.pods().end() ? nullptr : pod->second.find_attempt(one.container_id);
        const bool answers = container && container->runs() && !fails();
        const uint64_t used_ns = answers ? static_cast<uint64_t>(container->used_ns) : 0;
        samples.push_back(answers ? std::optional(runtime::UsageSample{now_ns, used_ns, 4 << 20}) : std::nullopt);
    }
    co_return samples;
}

loop::Task<Result<void>> FakeRuntime::remove_tree(std::string path) {
    co_await pause();
    if (fails()) co_return Error(Code::timeout, "remove " + path + ": timed out");
    std::error_code error;
    std::filesystem::remove_all(path, error);
    co_return ok();
}

loop::Task<Result<void>> FakeRuntime::collect_garbage(std::vector<std::string> known) {
    std::vector<std::string> gone;
    for (const auto& [uid, state] : seen_)
        if (std::find(known.begin(), known.end(), uid) == known.end()) gone.push_back(uid);
    for (const auto& uid : gone) {
        co_await pause();
        host_.remove_pod(uid);
        host_.remove_cgroup(uid);
        look(uid);
    }
    co_return ok();
}

}  // namespace orilla::sim
