#include "pod/pod_sandbox.hpp"

#include "orilla/base/log.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/node/host_ports.hpp"
#include "pod/sandbox_spec.hpp"

namespace orilla::node {
namespace {

constexpr size_t host_file_bytes_max = 1U << 20;

struct HostFiles {
    Result<std::string> resolv_conf = std::string(), hosts = std::string();
};

bool has_own_users(const api::Pod& pod) { return !pod.spec.host_users.value_or(true); }

}  // namespace

/// Its namespaces as far as they are its own, its address and its hostPorts. Nothing of all that on the host's network.
loop::Task<Result<network::PodLink>> PodSandbox::connect(std::shared_ptr<const api::Pod> pod) {
    const PodPorts& ports = me_.agent.ports;
    const std::string& uid = me_.key.uid;
    network::PodLink link;
    if (pod->spec.host_network) co_return link;
    if (has_own_users(*pod)) {
        CO_TRY(std::string made, ports.runtime.make_namespaces(uid));
        CO_TRY(link, ports.links.attach_namespace(uid, std::move(made)));
    } else {
        CO_TRY(link, ports.links.attach(uid));
    }
    auto host_ports = plan_host_ports(*pod, link.ip);
    if (host_ports.empty()) co_return link;
    const std::string owner = host_ports_owner(uid);
    CO_CHECK_VOID(ports.rules.update(owner, std::move(host_ports)));
    if (auto conflict = ports.rules.find_conflict(owner)) co_return Error(Code::conflict, "hostPort: " + *conflict);
    co_return link;
}

loop::Task<Result<void>> PodSandbox::disconnect() {
    CO_CHECK_VOID(me_.agent.ports.rules.update(host_ports_owner(me_.key.uid), {}));
    CO_RETURN_AWAIT(me_.agent.ports.links.detach(me_.key.uid));
}

/// The next try begins with namespaces made anew, and must not find a network in the old ones.
loop::Task<void> PodSandbox::fail(bool has_users_of_its_own, Error error) {
    failure_.record(me_, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + error.message());
    if (!has_users_of_its_own) co_return;
    AWAIT(auto removed, me_.agent.ports.runtime.remove_pod(me_.key.uid));
    if (!removed) log::warning(removed.error().message());
    AWAIT(auto detached, disconnect());
    if (!detached) log::warning(detached.error().message());
}

loop::Task<Result<void>> PodSandbox::set_up(std::shared_ptr<const api::Pod> pod) {
    const AgentContext& agent = me_.agent;
    if (const auto name = plan_hostname(*pod, agent.options.cluster_domain); !name) {
        failure_.record(me_, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + name.error().message());
        co_return ok();
    }
    AWAIT(auto connected, connect(pod));
    if (!connected) {
        AWAIT_VOID(fail(has_own_users(*pod), connected.error()));
        co_return ok();
    }
    HostFiles host;
    if (shows_host_files(*pod)) {
        auto reading = [conf = agent.options.host_resolv_conf, hosts = agent.options.host_hosts] {
            return HostFiles{read_file(conf, host_file_bytes_max), read_file(hosts, host_file_bytes_max)};
        };
        AWAIT(host, loop::run_on(agent.ports.files, agent.loop, std::move(reading)));
    }
    // A pod does without what cannot be read.
    for (const auto* file : {&host.resolv_conf, &host.hosts})
        if (!*file) log::warning(file->error().message());
    const std::string& domain = agent.options.cluster_domain;
    const std::string resolv_conf =
        render_resolv_conf(*pod, agent.ports.links.gateway().text(), domain, std::move(host.resolv_conf).value_or(""));
    const std::string ip = pod->spec.host_network ? agent.options.node_ip : connected->ip.text();
    runtime::PodSandboxSpec spec = plan_sandbox_spec(*pod, resolv_conf, ip, domain, std::move(host.hosts).value_or(""));
    spec.network_namespace = connected->netns_path;
    AWAIT(auto created, agent.ports.runtime.create_pod(std::move(spec)));
    if (created) failure_.clear();
    else AWAIT_VOID(fail(has_own_users(*pod), created.error()));
    co_return ok();
}

loop::Task<Result<void>> PodSandbox::tear_down() {
    CO_TRY_VOID(me_.agent.ports.runtime.remove_pod(me_.key.uid));
    CO_RETURN_AWAIT(disconnect());
}

void PodSandbox::tell_change(const api::Pod& pod, const PodObserved& seen) {
    const bool over = api::is_finished(pod) || pod.metadata.deletion_timestamp.set;
    const bool changed = seen.network_lost || (seen.sandbox_known && !seen.sandbox_alive);
    if (changed && !change_told_ && !over)
        me_.tell("", "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    change_told_ = changed;
}

}  // namespace orilla::node
