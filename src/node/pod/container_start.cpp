#include "pod/container_start.hpp"

#include <fmt/core.h>
#include <signal.h>

#include "pod/container_spec.hpp"
#include "pod/hooks.hpp"
#include "pod/pod_plan.hpp"

namespace orilla::node {
namespace {
constexpr int64_t post_start_ms_max = 600'000;

/// The container's own fault: its command is missing or cannot be executed.
bool is_start_error(const Error& error) { return error.code() == Code::not_found || error.code() == Code::forbidden; }

/// Attempts of a container whose writable layer can go: all that ended but the newest.
std::vector<std::string> old_attempts(const runtime::PodState& sandbox, const std::string& name, int newest) {
    std::vector<std::string> out;
    for (const auto& state : sandbox.containers)
        if (state.name == name && state.phase == ContainerPhase::exited && state.attempt < newest - 1) out.push_back(state.id);
    return out;
}
}  // namespace

loop::Task<Result<void>> ContainerStart::run(std::shared_ptr<const api::Pod> pod, int attempt) {
    const AgentContext& agent = me_.pod.agent;
    const std::string& uid = me_.pod.key.uid;
    const api::Container& spec = *find_container(*pod, me_.name);
    AWAIT(EnvSources sources, agent.api.read_sources(pod));
    auto files = find_env_files(*pod, spec, me_.pod.dir());
    if (files && !files->empty()) {
        auto reading = loop::run_on(agent.ports.files, agent.loop, [wanted = *files] { return read_env_files(wanted); });
        sources.files = co_await std::move(reading);
    }
    const images::Image* image = image_.take(spec);
    if (!image) co_return ok();
    auto planned = plan_container_spec(*pod, spec, attempt, sources, me_.pod.placement(pod.get()), image->config);
    if (!planned) {
        refuse(planned.error());
        co_return ok();
    }
    const bool hook = spec.lifecycle && spec.lifecycle->post_start;
    post_start_done_ = !hook;
    planned->layers = agent.ports.images.layer_paths(*image);
    planned->scratch_dir = fmt::format("{}/{}_{}", agent.options.containers_dir, uid, planned->id);
    planned->log_path = me_.log_path(attempt);
    std::string image_id = image_.id();
    AWAIT(auto started, agent.ports.runtime.start_container(uid, std::move(*planned)));
    if (!started) {
        fail(attempt, started.error());
        co_return ok();
    }
    image_name_ = spec.image.str();
    image_id_ = std::move(image_id);
    failed_.reset();
    back_off_.clear_failure();
    me_.tell("Normal", "Created", "Created container: " + me_.name);
    me_.tell("Normal", "Started", "Started container " + me_.name);
    if (hook) hooks_.spawn(run_post_start(*spec.lifecycle->post_start, attempt));
    CO_RETURN_AWAIT(remove_old(attempt));
}

loop::Task<Result<void>> ContainerStart::remove_old(int newest) {
    const auto sandbox = me_.pod.find_sandbox();
    for (const auto& id : sandbox ? old_attempts(*sandbox, me_.name, newest) : std::vector<std::string>()) {
        CO_TRY_VOID(me_.pod.agent.ports.runtime.remove_container(me_.pod.key.uid, id));
    }
    co_return ok();
}

void ContainerStart::refuse(const Error& error) {
    const bool of_pod = error.code() == Code::bad_request;
    const std::string why = error.message();
    back_off_.fail(of_pod ? "CreateContainerConfigError" : "CreateContainerError", why, me_.pod.now_ms());
    me_.tell("Warning", "Failed", "Error: " + why);
}

/// A command that cannot run counts as an attempt that ended with 128; what is the node's fault is tried again.
void ContainerStart::fail(int attempt, const Error& error) {
    if (!is_start_error(error)) return refuse(error);
    failed_ = std::make_unique<ContainerState>();
    failed_->name = me_.name;
    failed_->attempt = attempt;
    failed_->phase = ContainerPhase::exited;
    failed_->exit_code = 128;
    failed_->termination_message = "failed to start container: " + error.message();
    failed_->started_wall_ns = failed_->finished_wall_ns = me_.pod.agent.loop.clock().wall_ns();
    image_name_ = back_off_.definition();
    me_.tell("Warning", "Failed", "Error: " + failed_->termination_message);
}

loop::Task<void> ContainerStart::run_post_start(api::LifecycleHandler handler, int attempt) {
    AWAIT(auto done, run_handler(me_, attempt, std::move(handler), post_start_ms_max));
    // One that failed has not started: nothing waits for it that is to come after it.
    post_start_done_ = done.has_value();
    if (!done && me_.pod.runs(me_.name, attempt)) {
        me_.tell("Warning", "FailedPostStartHook", "PostStartHook failed: " + done.error().message());
        const std::string id = runtime::attempt_id(me_.name, attempt);
        AWAIT(auto sent, me_.pod.agent.ports.runtime.signal_container(me_.pod.key.uid, id, SIGKILL));
        (void)sent;  // whether it arrived shows in whether it ends
    }
    me_.pod.wake();
}

}  // namespace orilla::node
