// Acting: one idempotent step per action. No choices here but what the kernel or the API leaves open.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "orilla/base/log.hpp"
#include "orilla/images/reference.hpp"
#include "orilla/loop/timeout.hpp"
#include "orilla/node/host_ports.hpp"
#include "pod/pod_agent_impl.hpp"
#include "pod/sandbox_spec.hpp"
#include "volumes/volumes.hpp"

namespace orilla::node {
namespace {

std::string read_small_file(const std::string& path) {
    constexpr size_t bytes_max = 64 * 1024;
    std::ifstream in(path);
    std::string text(bytes_max, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return text;
}

struct HostFiles {
    std::string resolv_conf, hosts;
};

/// Attempts of a container whose writable layer can go: all that ended but the newest.
std::vector<std::string> old_attempts(const runtime::PodState& sandbox, const std::string& name, int newest) {
    std::vector<std::string> out;
    for (const auto& state : sandbox.containers)
        if (state.name == name && state.phase == ContainerPhase::exited && state.attempt < newest - 1) out.push_back(state.id);
    return out;
}

/// The container's own fault: its command is missing or cannot be executed.
bool is_start_error(const Error& error) { return error.code() == Code::not_found || error.code() == Code::forbidden; }

}  // namespace

std::string shown_id(const images::Image& image) { return image.repo_digests.empty() ? image.id : image.repo_digests.front(); }

loop::Task<Result<void>> PodAgent::Impl::apply(PodMemory& memory, std::shared_ptr<const api::Pod> pod, PodAction action) {
    loop::Task<Result<void>> task;
    if (std::holds_alternative<PrepareVolumes>(action)) {
        task = apply_volumes_action(memory, pod);
    } else if (std::holds_alternative<SetUpSandbox>(action)) {
        task = apply_sandbox(memory, *pod);
    } else if (const auto* start = std::get_if<StartContainer>(&action)) {
        task = apply_start(memory, pod, *start);
    } else if (std::holds_alternative<TearDownSandbox>(action)) {
        task = apply_teardown(memory);
    } else if (std::holds_alternative<RemovePodFiles>(action)) {
        task = apply_remove_files(memory);
    } else if (std::holds_alternative<FinishDelete>(action)) {
        task = api_.finish_delete(memory.key);
    } else {
        if (const auto* image = std::get_if<EnsureImage>(&action)) apply_ensure_image(memory, *pod, *image);
        if (const auto* stop = std::get_if<StopContainer>(&action)) apply_stop(memory, pod.get(), *stop);
        co_return ok();
    }
    co_return co_await std::move(task);
}

void PodAgent::Impl::fail_setup(PodMemory& memory, std::string_view reason, const std::string& message) {
    memory.setup_reason = reason;
    memory.setup_message = message;
    const int shift = std::min(memory.setup_failures++, 20);
    memory.setup_retry_at_ms = loop_.now_ms() + std::min(setup_backoff_ms_min << shift, setup_backoff_ms_max);
    api_.record_event(memory.key, "", "Warning", reason, message);
}

void PodAgent::Impl::fail_container(PodMemory& memory, const std::string& container, std::string_view reason,
                                    const std::string& message) {
    ContainerMemory& own = memory.containers[container];
    own.failure_reason = reason;
    own.failure_message = message;
    own.failed_at_ms = loop_.now_ms();
    own.backing_off = false;
    const int shift = std::min(own.failures++, 10);
    own.retry_at_ms = loop_.now_ms() + std::min(start_backoff_ms_min << shift, start_backoff_ms_max);
    // What is wrong with an image was told already: then only the reason.
    const bool about_image = own.image == ImagePhase::failed;
    api_.record_event(memory.key, container, "Warning", "Failed", "Error: " + (about_image ? std::string(reason) : message));
}

void PodAgent::Impl::refuse_image(PodMemory& memory, const std::string& container, std::string_view reason,
                                  std::string_view event, const std::string& message) {
    memory.containers[container].image = ImagePhase::failed;
    api_.record_event(memory.key, container, "Warning", event, message);
    fail_container(memory, container, reason, message);
}

loop::Task<Result<void>> PodAgent::Impl::apply_volumes_action(PodMemory& memory, std::shared_ptr<const api::Pod> pod) {
    AWAIT(const EnvSources sources, api_.read_sources(pod));
    auto volumes = plan_volumes(*pod, sources, placement(memory, pod.get()));
    if (!volumes) {
        fail_setup(memory, "FailedMount", volumes.error().message());
        co_return ok();
    }
    std::vector<std::string> directories;
    for (const auto* list : {&pod->spec.init_containers, &pod->spec.containers})
        for (const auto& container : *list) directories.push_back(log_dir(memory.key) + "/" + container.name.str());
    memory.projected_metadata = hash_metadata(*pod);
    memory.preparing_volumes = memory.on_disk = true;
    memory.sources_changed = false;
    memory.scope.spawn(prepare_volumes(memory, std::move(*volumes), std::move(directories)));
    co_return ok();
}

loop::Task<void> PodAgent::Impl::note_prepared(PodMemory& memory, std::vector<VolumeWork> volumes,
                                               std::vector<std::string> directories, std::optional<Result<void>>* made) {
    auto making = memory.files.make(std::move(volumes), std::move(directories));
    made->emplace(co_await std::move(making));
    memory.changed.notify_all();
}

/// Beside the pod's turns: a file system that does not answer keeps one thread, and nobody else.
loop::Task<void> PodAgent::Impl::prepare_volumes(PodMemory& memory, std::vector<VolumeWork> volumes,
                                                 std::vector<std::string> directories) {
    std::optional<Result<void>> made;
    loop::Scope making(loop_);
    making.spawn(note_prepared(memory, std::move(volumes), std::move(directories), &made));
    for (int64_t told_ms = loop_.now_ms(); !made;) {
        const int64_t left_ms = told_ms + volume_answer_ms_max - loop_.now_ms();
        if (left_ms <= 0) {
            told_ms = loop_.now_ms();
            tell_hung_volume(memory);
            continue;
        }
        AWAIT_VOID(loop::wait_for(loop_, memory.changed, left_ms));
    }
    memory.preparing_volumes = false;
    memory.volumes_ready = made->has_value();
    if (!*made) fail_setup(memory, "FailedMount", made->error().message());
    else memory.setup_failures = 0;
    const auto pod = *made && memory.sources_changed ? api_.find_pod(memory.key) : nullptr;
    if (pod) memory.scope.spawn(refresh_volumes(memory, pod));
    wake(memory.key.uid);
}

void PodAgent::Impl::tell_hung_volume(const PodMemory& memory) {
    const VolumeWork* volume = memory.files.at_work();
    if (!volume) return;
    const Error late(Code::timeout, "timed out waiting for the condition: " + volume->path + " does not answer");
    api_.record_event(memory.key, "", "Warning", "FailedMount", failed_volume(late, volume->name).message());
}

/// Its namespaces as far as they are its own, its address and its hostPorts. Nothing of all that on the host's network.
loop::Task<Result<network::PodLink>> PodAgent::Impl::connect_sandbox(const PodMemory& memory, const api::Pod& pod) {
    const std::string& uid = memory.key.uid;
    network::PodLink link;
    if (pod.spec.host_network) co_return link;
    if (pod.spec.host_users.value_or(true)) {
        CO_TRY(link, links_.attach(uid));
    } else {
        CO_TRY(std::string made, runtime_.make_namespaces(uid));
        CO_TRY(link, links_.attach_namespace(uid, std::move(made)));
    }
    auto ports = plan_host_ports(pod, link.ip);
    if (ports.empty()) co_return link;
    const std::string owner = host_ports_owner(uid);
    CO_CHECK_VOID(rules_.update(owner, std::move(ports)));
    if (auto conflict = rules_.find_conflict(owner)) co_return Error(Code::conflict, "hostPort: " + *conflict);
    co_return link;
}

loop::Task<Result<void>> PodAgent::Impl::disconnect(std::string uid) {
    CO_CHECK_VOID(rules_.update(host_ports_owner(uid), {}));
    auto detaching = links_.detach(std::move(uid));
    co_return co_await std::move(detaching);
}

/// The next try begins with namespaces made anew, and must not find a network in the old ones.
loop::Task<void> PodAgent::Impl::fail_sandbox(PodMemory& memory, const api::Pod& pod, const Error& error) {
    fail_setup(memory, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + error.message());
    if (pod.spec.host_users.value_or(true)) co_return;
    auto removing = runtime_.remove_pod(memory.key.uid);
    if (auto removed = co_await std::move(removing); !removed) log::warning(removed.error().message());
    auto detaching = disconnect(memory.key.uid);
    if (auto detached = co_await std::move(detaching); !detached) log::warning(detached.error().message());
}

loop::Task<Result<void>> PodAgent::Impl::apply_sandbox(PodMemory& memory, const api::Pod& pod) {
    AWAIT(auto connected, connect_sandbox(memory, pod));
    if (!connected) {
        AWAIT_VOID(fail_sandbox(memory, pod, connected.error()));
        co_return ok();
    }
    HostFiles host;
    if (shows_host_files(pod)) {
        auto reading = loop::run_on(files_, loop_, [conf = options_.host_resolv_conf, hosts = options_.host_hosts] {
            return HostFiles{read_small_file(conf), read_small_file(hosts)};
        });
        host = co_await std::move(reading);
    }
    const std::string resolv_conf = render_resolv_conf(pod, links_.gateway().text(), options_.cluster_domain, host.resolv_conf);
    const std::string ip = pod.spec.host_network ? options_.node_ip : connected->ip.text();
    runtime::PodSandboxSpec spec = plan_sandbox_spec(pod, resolv_conf, ip, options_.cluster_domain, host.hosts);
    spec.network_namespace = connected->netns_path;
    AWAIT(auto created, runtime_.create_pod(std::move(spec)));
    if (!created) {
        AWAIT_VOID(fail_sandbox(memory, pod, created.error()));
        co_return ok();
    }
    memory.setup_failures = 0;
    memory.setup_reason.clear();
    memory.setup_message.clear();
    co_return ok();
}

void PodAgent::Impl::apply_ensure_image(PodMemory& memory, const api::Pod& pod, const EnsureImage& action) {
    const api::Container& spec = *find_container(pod, action.container);
    const std::string image = spec.image.str();
    ContainerMemory& own = memory.containers[action.container];
    if (auto parsed = images::parse_reference(image); !parsed) {
        return refuse_image(memory, action.container, "InvalidImageName", "InspectFailed",
                            "Failed to apply default image tag \"" + image + "\": couldn't parse image name \"" + image +
                                "\": " + parsed.error().message());
    }
    const images::Image* found = images_.find(image);
    if (found && spec.image_pull_policy != "Always") {
        own.image = ImagePhase::present;
        own.image_id = shown_id(*found);
        own.clear_failure();
        api_.record_event(memory.key, action.container, "Normal", "Pulled",
                          "Container image \"" + image + "\" already present on machine");
        return;
    }
    if (spec.image_pull_policy == "Never") {
        return refuse_image(memory, action.container, "ErrImageNeverPull", "ErrImageNeverPull",
                            "Container image \"" + image + "\" is not present with pull policy of Never");
    }
    own.image = ImagePhase::pulling;
    api_.record_event(memory.key, action.container, "Normal", "Pulling", "Pulling image \"" + image + "\"");
    memory.scope.spawn(pull_image(memory, action.container, image));
}

loop::Task<void> PodAgent::Impl::pull_image(PodMemory& memory, std::string container, std::string image) {
    const int64_t started_ms = loop_.now_ms();
    std::vector<std::string> docker_configs;
    if (auto pod = api_.find_pod(memory.key)) {
        AWAIT(const EnvSources sources, api_.read_sources(pod));
        docker_configs = find_docker_configs(pod->spec, sources);
    }
    images::PullRequest request;
    request.image = image;
    request.docker_configs = std::move(docker_configs);
    AWAIT(auto pulled, images_.pull(std::move(request)));
    ContainerMemory& own = memory.containers[container];
    if (own.definition != image) co_return;  // the spec names another one by now
    if (pulled) {
        own.image = ImagePhase::present;
        own.image_id = shown_id(*pulled);
        own.clear_failure();
        api_.record_event(memory.key, container, "Normal", "Pulled",
                          "Successfully pulled image \"" + image + "\" in " + std::to_string(loop_.now_ms() - started_ms) +
                              "ms. Image size: " + std::to_string(pulled->size_bytes) + " bytes.");
    } else {
        const std::string why = pulled.error().message();
        own.image = ImagePhase::failed;
        api_.record_event(memory.key, container, "Warning", "Failed", "Failed to pull image \"" + image + "\": " + why);
        fail_container(memory, container, "ErrImagePull", why);
    }
    wake(memory.key.uid);
}

loop::Task<Result<void>> PodAgent::Impl::apply_start(PodMemory& memory, std::shared_ptr<const api::Pod> pod,
                                                     StartContainer action) {
    const api::Container& spec = *find_container(*pod, action.container);
    AWAIT(const EnvSources sources, api_.read_sources(pod));
    // The image may have been removed since it was looked up.
    const images::Image* image = images_.find(spec.image.view());
    ContainerMemory& own = memory.containers[action.container];
    if (!image) {
        own.image = ImagePhase::unknown;
        co_return ok();
    }
    auto planned = plan_container_spec(*pod, spec, action.attempt, sources, placement(memory, pod.get()), image->config);
    if (!planned) {
        refuse_start(memory, action.container, planned.error());
        co_return ok();
    }
    own.image_id = shown_id(*image);
    own.stopping = false;
    const bool hook = spec.lifecycle && spec.lifecycle->post_start;
    own.post_start_done = !hook;
    planned->layers = images_.layer_paths(*image);
    planned->scratch_dir = options_.containers_dir + "/" + memory.key.uid + "_" + planned->id;
    planned->log_path = log_dir(memory.key) + "/" + action.container + "/" + std::to_string(action.attempt) + ".log";
    const std::string image_id = own.image_id;
    AWAIT(auto started, runtime_.start_container(memory.key.uid, std::move(*planned)));
    if (!started) {
        fail_start(memory, action, started.error());
        co_return ok();
    }
    own.started_image = spec.image.str();
    own.started_image_id = image_id;
    own.start_error.reset();
    own.clear_failure();
    api_.record_event(memory.key, action.container, "Normal", "Created", "Created container: " + action.container);
    api_.record_event(memory.key, action.container, "Normal", "Started", "Started container " + action.container);
    if (hook) memory.scope.spawn(run_post_start(memory, action.container, *spec.lifecycle->post_start, action.attempt));
    const auto sandbox = runtime_.find_pod(memory.key.uid);
    for (const auto& id : sandbox ? old_attempts(*sandbox, action.container, action.attempt) : std::vector<std::string>()) {
        AWAIT(auto removed, runtime_.remove_container(memory.key.uid, id));
        if (!removed) co_return std::move(removed).error();
    }
    co_return ok();
}

void PodAgent::Impl::refuse_start(PodMemory& memory, const std::string& container, const Error& error) {
    const bool of_pod = error.code() == Code::bad_request;
    fail_container(memory, container, of_pod ? "CreateContainerConfigError" : "CreateContainerError", error.message());
}

/// A command that cannot run counts as an attempt that ended with 128; what is the node's fault is tried again.
void PodAgent::Impl::fail_start(PodMemory& memory, const StartContainer& action, const Error& error) {
    if (!is_start_error(error)) return refuse_start(memory, action.container, error);
    ContainerState ended;
    ended.name = action.container;
    ended.attempt = action.attempt;
    ended.phase = ContainerPhase::exited;
    ended.exit_code = 128;
    ended.termination_message = "failed to start container: " + error.message();
    ended.started_wall_ns = ended.finished_wall_ns = loop_.clock().wall_ns();
    ContainerMemory& own = memory.containers[action.container];
    own.start_error = std::make_unique<ContainerState>(std::move(ended));
    own.started_image = own.definition;
    api_.record_event(memory.key, action.container, "Warning", "Failed",
                      "Error: failed to start container: " + error.message());
}

loop::Task<Result<void>> PodAgent::Impl::apply_teardown(PodMemory& memory) {
    memory.scope.cancel();
    for (auto& [name, container] : memory.containers) {
        container.prober.reset();
        // A pull or a stop that was under way is under way no more.
        if (container.image == ImagePhase::pulling) container.image = ImagePhase::unknown;
        container.stopping = false;
    }
    CO_TRY_VOID(runtime_.remove_pod(memory.key.uid));
    CO_TRY_VOID(disconnect(memory.key.uid));
    memory.volumes_ready = memory.preparing_volumes = false;
    co_return ok();
}

loop::Task<Result<void>> PodAgent::Impl::apply_remove_files(PodMemory& memory) {
    const std::string dir = pod_dir(memory.key.uid);
    memory.scope.cancel();  // nobody waits for its volumes any more
    memory.preparing_volumes = false;
    CO_TRY_VOID(memory.files.unpublish());
    CO_TRY_VOID(runtime_.remove_tree(dir));
    if (!memory.key.name.empty()) CO_TRY_VOID(runtime_.remove_tree(log_dir(memory.key)));
    memory.on_disk = false;
    co_return ok();
}

}  // namespace orilla::node
