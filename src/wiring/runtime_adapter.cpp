#include "runtime_adapter.hpp"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace orilla::wiring {
namespace {

std::string container_id(const std::string& name, int attempt) { return name + "-" + std::to_string(attempt); }

int attempt_of(const std::string& id) {
    const size_t dash = id.rfind('-');
    return dash == std::string::npos ? 0 : atoi(id.c_str() + dash + 1);
}

std::vector<std::string> plan_args(const node::ContainerConfig& config, const images::ImageConfig& image) {
    std::vector<std::string> args = config.command.empty() ? image.entrypoint : config.command;
    const bool own_args = !config.args.empty() || !config.command.empty();
    const auto& rest = own_args ? config.args : image.cmd;
    args.insert(args.end(), rest.begin(), rest.end());
    return args;
}

std::vector<std::string> plan_env(const node::ContainerConfig& config, const images::ImageConfig& image) {
    std::vector<std::string> env;
    for (const auto& entry : image.env) {
        const std::string name = entry.substr(0, entry.find('='));
        const bool replaced = std::any_of(config.env.begin(), config.env.end(), [&](const auto& own) { return own.first == name; });
        if (!replaced) env.push_back(entry);
    }
    const auto has = [&](std::string_view name) {
        return std::any_of(env.begin(), env.end(), [&](const auto& entry) { return entry.rfind(std::string(name) + "=", 0) == 0; });
    };
    for (const auto& [name, value] : config.env) env.push_back(name + "=" + value);
    if (!has("HOSTNAME") && !config.hostname.empty()) env.push_back("HOSTNAME=" + config.hostname);
    if (!has("PATH")) env.emplace_back("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    return env;
}

Result<void> check_non_root(const node::ContainerConfig& config, const images::ImageConfig& image) {
    if (!config.security.run_as_non_root) return ok();
    if (config.security.uid > 0) return ok();
    const std::string user = image.user.substr(0, image.user.find(':'));
    if (config.security.uid == 0 || user.empty() || user == "0" || user == "root")
        return Error(Code::bad_request, "container has runAsNonRoot and image will run as root");
    if (user.find_first_not_of("0123456789") != std::string::npos)
        return Error(Code::bad_request, "container has runAsNonRoot and image has non-numeric user (" + user +
                                        "), cannot verify user is non-root");
    return ok();
}

runtime::Resources to_resources(const node::ResourceConfig& config) {
    runtime::Resources out;
    out.cpu_request_milli = config.cpu_request_milli;
    out.cpu_limit_milli = config.cpu_limit_milli;
    out.memory_limit_bytes = config.memory_limit_bytes;
    return out;
}

runtime::MountSpec to_mount(const node::MountConfig& config) {
    runtime::MountSpec out;
    out.kind = config.source.empty() ? runtime::MountKind::tmpfs : runtime::MountKind::bind;
    out.source = config.source;
    out.label = config.label;
    out.sub_path = config.sub_path;
    out.destination = config.destination;
    out.read_only = config.read_only;
    out.recursive_read_only = config.recursive_read_only;
    out.tmpfs_bytes = config.tmpfs_bytes;
    return out;
}

Result<void> plan_security(runtime::ContainerSpec& spec, const node::SecurityConfig& config) {
    spec.uid = config.uid;
    spec.gid = config.gid;
    spec.supplemental_groups = config.supplemental_groups;
    spec.privileged = config.privileged;
    spec.read_only_root = config.read_only_root;
    spec.no_new_privs = !config.allow_privilege_escalation;
    spec.seccomp = config.seccomp_unconfined ? runtime::SeccompMode::unconfined : runtime::SeccompMode::runtime_default;
    if (config.privileged) {
        spec.capabilities = runtime::all_capabilities();
    } else {
        const auto base = config.hardened ? runtime::hardened_capabilities() : runtime::default_capabilities();
        TRY(spec.capabilities, runtime::plan_capabilities(config.add_capabilities, config.drop_capabilities, base));
    }
    if (config.unmasked_proc) {
        spec.masked_paths.clear();
        spec.read_only_paths.clear();
    }
    return ok();
}

}  // namespace

namespace {
/// 0 to 64; -1 for anything else, the empty text too.
int parse_signal_number(std::string_view digits) {
    int number = -1;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return failed == std::errc() && end == digits.data() + digits.size() && number <= SIGRTMAX ? number : -1;
}

/// RTMIN, RTMIN+3, RTMAX-1, RTMAX (signal(7)); 0 for anything else.
int parse_real_time_signal(std::string_view text) {
    if (text == "RTMIN") return SIGRTMIN;
    if (text == "RTMAX") return SIGRTMAX;
    const bool from_low = text.starts_with("RTMIN+");
    if (!from_low && !text.starts_with("RTMAX-")) return 0;
    const int distance = parse_signal_number(text.substr(6));
    if (distance < 0 || distance > SIGRTMAX - SIGRTMIN) return 0;
    return from_low ? SIGRTMIN + distance : SIGRTMAX - distance;
}
}  // namespace

int parse_stop_signal(std::string_view given) {
    std::string upper(given);
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(toupper(c)); });
    std::string_view text = upper;
    if (const int number = parse_signal_number(text); number > 0) return number;
    if (text.starts_with("SIG")) text.remove_prefix(3);
    constexpr std::pair<std::string_view, int> second_names[] = {{"IOT", SIGABRT}, {"CLD", SIGCHLD}, {"IO", SIGIO}};
    for (const auto& [name, number] : second_names)
        if (text == name) return number;
    for (int number = 1; number < 32; ++number) {
        const char* name = sigabbrev_np(number);
        if (name && text == name) return number;
    }
    const int number = parse_real_time_signal(text);
    return number != 0 ? number : SIGTERM;
}

Result<runtime::ContainerSpec> plan_container_spec(const node::ContainerConfig& config, const images::Image& image,
                                                   std::vector<std::string> layers) {
    TRY_VOID(check_non_root(config, image.config));
    runtime::ContainerSpec spec;
    spec.id = container_id(config.name, config.attempt);
    spec.name = config.name;
    spec.layers = std::move(layers);
    spec.args = plan_args(config, image.config);
    if (spec.args.empty())
        return Error(Code::invalid, "no command specified: neither the container nor the image says what to run");
    spec.env = plan_env(config, image.config);
    spec.cwd = !config.working_dir.empty() ? config.working_dir : !image.config.working_dir.empty() ? image.config.working_dir : "/";
    spec.image_user = image.config.user;
    for (const auto& mount : config.mounts) spec.mounts.push_back(to_mount(mount));
    TRY_VOID(plan_security(spec, config.security));
    spec.resources = to_resources(config.resources);
    spec.log_path = config.log_path;
    spec.termination_message_path = config.termination_message_path;
    spec.stop_signal = parse_stop_signal(config.stop_signal.empty() ? image.config.stop_signal : config.stop_signal);
    spec.tty = config.tty;
    spec.stdin_open = config.stdin_open;
    return spec;
}

RuntimeAdapter::RuntimeAdapter(runtime::Runtime& runtime, images::Images& images, RuntimeAdapterOptions options)
    : runtime_(runtime), images_(images), options_(std::move(options)) {}

void RuntimeAdapter::on_change(std::function<void(const std::string& uid)> listener) { runtime_.on_change(std::move(listener)); }

node::SandboxState RuntimeAdapter::to_sandbox(const runtime::PodState& pod) const {
    node::SandboxState out;
    out.uid = pod.id;
    out.alive = pod.alive;
    out.created_ms = pod.created_ms;
    for (const auto& state : pod.containers) {
        node::ContainerState container;
        container.name = state.name;
        container.attempt = attempt_of(state.id);
        container.phase = state.phase == runtime::ContainerPhase::running ? node::ContainerPhase::running
                                                                         : node::ContainerPhase::exited;
        container.pid = state.pid;
        container.exit_code = state.exit_code;
        container.signal = state.signal;
        container.oom_killed = state.oom_killed;
        container.started_wall_s = state.started_wall_ns / 1'000'000'000;
        container.finished_wall_s = state.finished_wall_ns / 1'000'000'000;
        container.stop = {state.stop.begun_ms, state.stop.hook_begun_ms, state.stop.hook_ended_ms, state.stop.signalled_ms,
                          state.stop.grace_s};
        if (auto image = image_ids_.find(pod.id + "/" + state.id); image != image_ids_.end()) container.image_id = image->second;
        if (container.phase == node::ContainerPhase::exited)
            container.termination_message = runtime_.read_termination_message(pod.id, state.id);
        out.containers.push_back(std::move(container));
    }
    return out;
}

std::vector<node::SandboxState> RuntimeAdapter::observe() const {
    std::vector<node::SandboxState> out;
    for (const auto& pod : runtime_.pods()) out.push_back(to_sandbox(pod));
    return out;
}

std::optional<node::SandboxState> RuntimeAdapter::observe_pod(const std::string& uid) const {
    const auto pod = runtime_.find_pod(uid);
    if (!pod) return std::nullopt;
    return to_sandbox(*pod);
}

std::optional<runtime::ContainerState> RuntimeAdapter::newest(const std::string& uid, const std::string& name) const {
    std::optional<runtime::ContainerState> found;
    if (const auto pod = runtime_.find_pod(uid))
        for (const auto& state : pod->containers)
            if (state.name == name) found = state;
    return found;
}

loop::Task<Result<void>> RuntimeAdapter::create_pod(node::PodConfig config, std::string network_namespace) {
    runtime::PodSandboxSpec spec;
    spec.id = config.uid;
    spec.hostname = config.host_network ? "" : config.hostname;
    spec.network_namespace = std::move(network_namespace);
    spec.host_users = config.host_users;
    spec.host_pid = config.host_pid;
    spec.host_ipc = config.host_ipc;
    spec.share_process_namespace = config.share_process_namespace;
    spec.sysctls = std::move(config.sysctls);
    spec.resolv_conf = std::move(config.resolv_conf);
    spec.hosts = std::move(config.hosts);
    spec.resources = to_resources(config.resources);
    spec.resources.pids_max = runtime::pod_pids_max_default;
    return runtime_.create_pod(std::move(spec));
}

loop::Task<Result<void>> RuntimeAdapter::start_container(node::ContainerConfig config) {
    const images::Image* image = images_.find(config.image);
    if (!image) co_return Error(Code::unavailable, "image " + config.image + " is not here");
    CO_CHECK(runtime::ContainerSpec spec, plan_container_spec(config, *image, images_.layer_paths(*image)));
    spec.scratch_dir = options_.scratch_dir + "/" + config.pod_uid + "_" + spec.id;
    const std::string key = config.pod_uid + "/" + spec.id;
    image_ids_[key] = image->repo_digests.empty() ? image->id : image->repo_digests.front();
    auto task = runtime_.start_container(config.pod_uid, std::move(spec));
    auto started = co_await std::move(task);
    if (!started) {
        image_ids_.erase(key);
        co_return std::move(started).error();
    }
    co_return ok();
}

loop::Task<Result<void>> RuntimeAdapter::signal_container(std::string uid, std::string name, int signal) {
    const auto state = newest(uid, name);
    if (!state || state->phase == runtime::ContainerPhase::exited) co_return ok();
    auto task = runtime_.signal_container(uid, state->id, signal);
    co_return co_await std::move(task);
}

int RuntimeAdapter::stop_signal(const std::string& uid, const std::string& name) const {
    const auto state = newest(uid, name);
    return state ? state->stop_signal : SIGTERM;
}

Result<void> RuntimeAdapter::note_stop(const std::string& uid, const std::string& name, int attempt, node::StopProgress stop) {
    return runtime_.note_stop(uid, container_id(name, attempt),
                              {stop.begun_ms, stop.hook_begun_ms, stop.hook_ended_ms, stop.signalled_ms, stop.grace_s});
}

bool RuntimeAdapter::has_exec(const std::string& uid, const std::string& name) const {
    const auto state = newest(uid, name);
    return state && runtime_.has_exec(uid, state->id);
}

loop::Task<Result<node::ExecResult>> RuntimeAdapter::exec(std::string uid, std::string name, std::vector<std::string> argv,
                                                          int64_t timeout_ms) {
    const auto state = newest(uid, name);
    if (!state) co_return Error(Code::not_found, "container " + name + " is not there");
    CO_TRY(runtime::ExecOutcome outcome, runtime_.exec(uid, state->id, std::move(argv), timeout_ms));
    if (outcome.timed_out)
        co_return Error(Code::timeout, "command timed out after " + std::to_string(timeout_ms) + " ms");
    co_return node::ExecResult{outcome.exit_code, std::move(outcome.output)};
}

loop::Task<Result<void>> RuntimeAdapter::remove_container(std::string uid, std::string name, int attempt) {
    image_ids_.erase(uid + "/" + container_id(name, attempt));
    return runtime_.remove_container(std::move(uid), container_id(name, attempt));
}

loop::Task<Result<void>> RuntimeAdapter::remove_pod(std::string uid) {
    image_ids_.erase(image_ids_.lower_bound(uid + "/"), image_ids_.lower_bound(uid + "0"));
    return runtime_.remove_pod(std::move(uid));
}

}  // namespace orilla::wiring
