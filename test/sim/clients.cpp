#include "clients.hpp"

#include <algorithm>

#include "budget_clients.hpp"
#include "client_requests.hpp"
#include "orilla/objects/budgets.hpp"
#include "set_clients.hpp"

namespace orilla::sim {

namespace {
constexpr int namespaces_max = 3;
constexpr int deployments_per_namespace_max = 3;
constexpr int bare_pods_max = 3;
constexpr int services_per_namespace_max = 3;
constexpr int claims_per_namespace_max = 4;
constexpr int snapshots_per_namespace_max = 3;
constexpr int evictions_at_once_max = 6;
/// The disk has room for a few of the largest.
constexpr int claim_mib_max = 64;
const char* const config_names[] = {"config-a", "config-b"};
}  // namespace

bool is_good_image(std::string_view image) {
    return image.starts_with("web") || image.starts_with("api") || image.starts_with("stubborn");
}

loop::Task<void> Clients::run(Trace& trace, std::string what, Request request) {
    auto done = co_await std::move(request);
    trace.add("client: " + what + (done ? ": ok" : ": " + done.error().message()));
}

void Clients::spawn(Daemon& daemon, const std::string& what, Request request) {
    daemon.clients().spawn(run(trace_, what, std::move(request)));
}

void Clients::act(Daemon& daemon) {
    const int what = number(100);
    if (what < 8) return act_on_namespaces(daemon);
    if (what < 34) return act_on_deployments(daemon);
    if (what < 45) return act_on_sets(daemon);
    if (what < 57) return act_on_jobs(daemon);
    if (what < 61) return act_on_cronjobs(daemon);
    if (what < 72) return act_on_pods(daemon);
    if (what < 81) return act_on_services(daemon);
    if (what < 88) return act_on_config_maps(daemon);
    if (what < 91) return act_on_claims(daemon);
    if (what < 98) return act_on_budgets(daemon);
    update_late(daemon);
}

std::string Clients::draw_namespace(Daemon& daemon) {
    const auto all = daemon.objects().list<api::Namespace>();
    std::vector<std::string> names = {"default"};
    for (const auto& ns : all)
        if (ns->metadata.name.view().starts_with("team-")) names.push_back(ns->metadata.name.str());
    return names[random_.below(names.size())];
}

objects::DeleteOptions Clients::draw_delete_options() {
    objects::DeleteOptions options;
    switch (number(6)) {
        case 0: options.propagation = objects::Propagation::foreground; break;
        case 1: options.propagation = objects::Propagation::background; break;
        case 2: options.propagation = objects::Propagation::orphan; break;
        default: break;
    }
    return options;
}

void Clients::delete_object(Daemon& daemon, const api::KindInfo& kind, const api::ObjectMeta& meta,
                            objects::DeleteOptions options) {
    const std::string ns = meta.namespace_.str(), name = meta.name.str();
    spawn(daemon, "delete " + std::string(kind.resource) + " " + ns + "/" + name,
          request_delete(daemon.objects(), kind, ns, name, std::move(options)));
}

void Clients::act_on_namespaces(Daemon& daemon) {
    const std::string name = "team-" + std::to_string(number(namespaces_max));
    const auto found = daemon.objects().get<api::Namespace>(name);
    if (found && chance(70)) return;
    if (found) return delete_object(daemon, api::kind_of<api::Namespace>(), found->metadata, {});
    spawn(daemon, "create namespace " + name, request_namespace(daemon.objects(), name));
}

// ---- deployments -----------------------------------------------------------------------------------------------------

std::string Clients::draw_image() {
    static const char* const good[] = {"web:1", "web:2", "web:3", "api:1", "api:2", "stubborn:1"};
    static const char* const bad[] = {"crash:1", "missing:1", "nocommand:1", "job:1", "Bad:1"};
    return chance(85) ? good[random_.below(std::size(good))] : bad[random_.below(std::size(bad))];
}

api::PodSpec Clients::draw_pod_spec() {
    api::PodSpec spec;
    spec.termination_grace_period_seconds = number(3) == 0 ? 30 : number(6);
    api::Container container;
    container.name = "main";
    container.image = draw_image();
    if (chance(20)) container.image_pull_policy = "Always";
    if (chance(70)) container.readiness_probe = exec_probe("ready", 1 + number(5), 1);
    if (chance(30)) container.liveness_probe = exec_probe("alive", 5 + number(10), 3);
    if (chance(20)) add_config_volume(spec, container, config_names[number(2)], chance(50));
    if (chance(20)) add_empty_dir(spec, container);
    spec.containers.push_back(std::move(container));
    if (chance(15)) spec.containers.push_back(plain_container("side", "api:1"));
    if (chance(15)) spec.init_containers.push_back(sidecar());
    if (chance(15)) spec.init_containers.push_back(plain_container("setup", "job:1"));
    return spec;
}

void Clients::draw_strategy(api::Deployment& deployment) {
    if (chance(20)) {
        deployment.spec.strategy.type = "Recreate";
        deployment.spec.strategy.rolling_update.reset();
        return;
    }
    deployment.spec.strategy.type = "RollingUpdate";
    auto& rolling = deployment.spec.strategy.rolling_update.ensure();
    rolling.max_surge = api::IntOrString(number(3));
    rolling.max_unavailable = api::IntOrString(number(3));
    if (rolling.max_surge->number == 0 && rolling.max_unavailable->number == 0) rolling.max_surge = api::IntOrString(1);
}

api::Deployment Clients::draw_deployment(const std::string& ns, const std::string& name) {
    api::Deployment out;
    out.metadata.name = name;
    out.metadata.namespace_ = ns;
    out.spec.replicas = number(5);
    out.spec.selector.ensure().match_labels["app"] = name;
    out.spec.template_.metadata.labels["app"] = name;
    out.spec.template_.spec = draw_pod_spec();
    out.spec.min_ready_seconds = chance(20) ? number(8) : 0;
    if (chance(30)) out.spec.revision_history_limit = number(3);
    draw_strategy(out);
    return out;
}

void Clients::edit_deployment(Daemon& daemon, const api::Deployment& deployment) {
    std::string what;
    std::function<void(api::Deployment&)> edit;
    switch (number(8)) {
        case 0:
        case 1: what = "scale", edit = [n = number(6)](api::Deployment& one) { one.spec.replicas = n; }; break;
        case 2:
        case 3:
        case 4:
            what = "set image",
            edit = [image = draw_image()](api::Deployment& one) { one.spec.template_.spec.containers[0].image = image; };
            break;
        case 5: what = "pause", edit = [](api::Deployment& one) { one.spec.paused = !one.spec.paused; }; break;
        case 6:
            what = "restart", edit = [n = std::to_string(number(1000))](api::Deployment& one) {
                one.spec.template_.metadata.annotations["restartedAt"] = n;
            };
            break;
        default:
            what = "set strategy",
            edit = [spec = draw_deployment("", "x").spec](api::Deployment& one) { one.spec.strategy = spec.strategy; };
            break;
    }
    const std::string ns = deployment.metadata.namespace_.str(), name = deployment.metadata.name.str();
    spawn(daemon, what + " " + ns + "/" + name, request_edit<api::Deployment>(daemon.objects(), ns, name, std::move(edit)));
}

void Clients::act_on_deployments(Daemon& daemon) {
    const std::string ns = draw_namespace(daemon), name = "d" + std::to_string(number(deployments_per_namespace_max));
    const auto found = daemon.objects().get<api::Deployment>(ns, name);
    if (!found)
        return spawn(daemon, "create deployment " + ns + "/" + name,
                     request_create(daemon.objects(), api::Object(draw_deployment(ns, name))));
    if (chance(10)) return delete_object(daemon, api::kind_of<api::Deployment>(), found->metadata, draw_delete_options());
    edit_deployment(daemon, *found);
}

void Clients::act_on_sets(Daemon& daemon) {
    const std::string ns = draw_namespace(daemon);
    const bool daemons = chance(30);
    api::PodSpec pods = draw_pod_spec();
    auto request = daemons ? act_on_daemon_set(daemon.objects(), random_, ns, std::move(pods))
                           : act_on_stateful_set(daemon.objects(), random_, ns, std::move(pods));
    spawn(daemon, request.what, std::move(request.task));
}

// ---- everything else -------------------------------------------------------------------------------------------------

void Clients::touch(Daemon& daemon, const api::ObjectMeta& pod) {
    rollouts_.touched.insert(pod.uid.str());
    const std::string name = pod.name.str();
    rollouts_.touched_ms[pod.namespace_.str() + "/" + name.substr(0, name.find('-'))] = daemon.loop().now_ms();
}

void Clients::act_on_pods(Daemon& daemon) {
    const auto pods = daemon.objects().list<api::Pod>();
    if (!pods.empty() && chance(60)) {
        const auto& pod = pods[random_.below(pods.size())];
        touch(daemon, pod->metadata);
        objects::DeleteOptions options;
        if (chance(40)) options.grace_period_seconds = number(4);
        return delete_object(daemon, api::kind_of<api::Pod>(), pod->metadata, std::move(options));
    }
    if (!pods.empty() && chance(20)) {
        // Out of its ReplicaSet, or back into it.
        const auto& pod = pods[random_.below(pods.size())];
        touch(daemon, pod->metadata);
        const std::string ns = pod->metadata.namespace_.str(), name = pod->metadata.name.str();
        const std::string app = chance(50) ? "stray" : name.substr(0, name.find('-'));
        auto edit = [app](api::Pod& one) { one.metadata.labels["app"] = app; };
        return spawn(daemon, "label pod " + ns + "/" + name + " " + app,
                     request_edit<api::Pod>(daemon.objects(), ns, name, std::move(edit)));
    }
    api::Pod pod;
    pod.metadata.namespace_ = draw_namespace(daemon);
    pod.metadata.name = "bare" + std::to_string(number(bare_pods_max));
    pod.metadata.labels["app"] = "bare";
    pod.spec = draw_pod_spec();
    pod.spec.restart_policy = chance(40) ? "Always" : chance(50) ? "OnFailure" : "Never";
    // Pods that do their work and end, as Jobs will make them.
    if (pod.spec.restart_policy != "Always" && chance(60))
        for (auto& container : pod.spec.containers) container.image = "job:1";
    if (chance(10)) pod.spec.active_deadline_seconds = 20 + number(100);
    spawn(daemon, "create pod " + pod.metadata.namespace_.str() + "/" + pod.metadata.name.str(),
          request_create(daemon.objects(), api::Object(std::move(pod))));
}

/// As a drain does, several pods at once: those of a budget for the most part.
void Clients::act_on_budgets(Daemon& daemon) {
    objects::Objects& objects = daemon.objects();
    const auto budgets = objects.list<api::PodDisruptionBudget>();
    if (budgets.empty() || chance(25)) {
        auto request = act_on_budget(objects, random_, draw_namespace(daemon));
        return spawn(daemon, request.what, std::move(request.task));
    }
    auto pods = objects.list<api::Pod>();
    if (chance(80)) pods = objects::pods_of(objects, *budgets[random_.below(budgets.size())]);
    const size_t first = pods.empty() ? 0 : random_.below(pods.size());
    const size_t count = std::min<size_t>(1 + number(evictions_at_once_max), pods.size());
    for (size_t i = 0; i < count; ++i) {
        const auto& pod = pods[(first + i) % pods.size()];
        touch(daemon, pod->metadata);
        auto request = request_eviction(daemon, pod->metadata);
        spawn(daemon, request.what, std::move(request.task));
    }
}

void Clients::act_on_services(Daemon& daemon) {
    const std::string ns = draw_namespace(daemon), name = "d" + std::to_string(number(services_per_namespace_max));
    const auto found = daemon.objects().get<api::Service>(ns, name);
    if (found && chance(30)) return delete_object(daemon, api::kind_of<api::Service>(), found->metadata, {});
    if (found) {
        static constexpr const char* types[] = {"ClusterIP", "NodePort", "LoadBalancer"};
        auto edit = [type = types[number(std::size(types))]](api::Service& one) {
            // Another type forgets what the old one had; a headless one is ClusterIP for good.
            if (one.spec.cluster_ip != "None") one.spec.type = type;
        };
        return spawn(daemon, "set type of service " + ns + "/" + name,
                     request_edit<api::Service>(daemon.objects(), ns, name, std::move(edit)));
    }
    spawn(daemon, "create service " + ns + "/" + name,
          request_create(daemon.objects(), api::Object(service_for(ns, name, chance(30)))));
}

void Clients::act_on_config_maps(Daemon& daemon) {
    const std::string ns = draw_namespace(daemon), name = config_names[number(2)];
    const std::string what = " configmap " + ns + "/" + name;
    if (chance(20))
        return spawn(daemon, "delete" + what, request_delete(daemon.objects(), api::kind_of<api::ConfigMap>(), ns, name, {}));
    const std::string text(chance(20) ? 20'000 : 20, static_cast<char>('a' + number(26)));
    spawn(daemon, "apply" + what, request_apply_config_map(daemon.objects(), ns, name, text));
}

/// Read, think, write: a conflict when somebody was faster.
void Clients::update_late(Daemon& daemon) {
    const auto all = daemon.objects().list<api::Deployment>();
    if (all.empty()) return;
    const auto& one = all[random_.below(all.size())];
    api::Deployment changed = *one;
    changed.spec.replicas = number(5);
    spawn(daemon, "replace " + changed.metadata.namespace_.str() + "/" + changed.metadata.name.str(),
          request_update_late(daemon.loop(), daemon.objects(), std::move(changed), number(3000)));
}

// ---- claims ----------------------------------------------------------------------------------------------------------

void Clients::act_on_claims(Daemon& daemon) {
    if (chance(10)) return disturb_disk(daemon);
    if (chance(25)) return act_on_snapshots(daemon);
    const std::string ns = draw_namespace(daemon), name = "claim-" + std::to_string(number(claims_per_namespace_max));
    const auto found = daemon.objects().get<api::PersistentVolumeClaim>(ns, name);
    if (found && chance(50)) return grow_claim(daemon, *found);
    if (found) return delete_object(daemon, api::kind_of<api::PersistentVolumeClaim>(), found->metadata, {});
    api::PersistentVolumeClaim claim = claim_of(ns, name, 1 + number(claim_mib_max));
    if (chance(30)) begin_with(claim, "PersistentVolumeClaim", "claim-" + std::to_string(number(claims_per_namespace_max)));
    else if (chance(30)) begin_with(claim, "VolumeSnapshot", "shot-" + std::to_string(number(snapshots_per_namespace_max)));
    spawn(daemon, "create claim " + ns + "/" + name, request_create(daemon.objects(), api::Object(std::move(claim))));
}

void Clients::act_on_snapshots(Daemon& daemon) {
    const std::string ns = draw_namespace(daemon), name = "shot-" + std::to_string(number(snapshots_per_namespace_max));
    const auto found = daemon.objects().get<api::VolumeSnapshot>(ns, name);
    if (found) return delete_object(daemon, api::kind_of<api::VolumeSnapshot>(), found->metadata, {});
    api::VolumeSnapshot snapshot;
    snapshot.metadata.name = name;
    snapshot.metadata.namespace_ = ns;
    snapshot.spec.source.persistent_volume_claim_name = "claim-" + std::to_string(number(claims_per_namespace_max));
    spawn(daemon, "create snapshot " + ns + "/" + name, request_create(daemon.objects(), api::Object(std::move(snapshot))));
}

void Clients::grow_claim(Daemon& daemon, const api::PersistentVolumeClaim& claim) {
    const std::string ns = claim.metadata.namespace_.str(), name = claim.metadata.name.str();
    std::function<void(api::PersistentVolumeClaim&)> edit = [mib = 1 + number(2 * claim_mib_max)](auto& edited) {
        edited.spec.resources.requests["storage"] = api::Quantity::from_bytes(int64_t{mib} << 20);
    };
    spawn(daemon, "resize claim " + ns + "/" + name,
          request_edit<api::PersistentVolumeClaim>(daemon.objects(), ns, name, std::move(edit)));
}

void Clients::disturb_disk(Daemon& daemon) {
    daemon.host().volumes.failures_due = number(4);
    trace_.add("the disk of volumes fails " + std::to_string(daemon.host().volumes.failures_due) + " times");
}

// ---- mend ------------------------------------------------------------------------------------------------------------

void Clients::mend(Daemon& daemon) {
    auto& objects = daemon.objects();
    daemon.host().volumes.failures_due = 0;
    daemon.host().volumes.bytes_max = INT64_MAX;
    // What waits for a source that never comes, or that is larger, would wait for ever.
    for (const auto& claim : objects.list<api::PersistentVolumeClaim>())
        if (claim->spec.data_source && claim->spec.volume_name.empty())
            delete_object(daemon, api::kind_of<api::PersistentVolumeClaim>(), claim->metadata, {});
    for (const auto& snapshot : objects.list<api::VolumeSnapshot>())
        if (!snapshot->status.ready_to_use.value_or(false))
            delete_object(daemon, api::kind_of<api::VolumeSnapshot>(), snapshot->metadata, {});
    for (const auto& ns : objects.list<api::Namespace>())
        for (const char* name : config_names)
            if (!ns->metadata.deletion_timestamp)
                spawn(daemon, "apply " + std::string(name),
                      request_apply_config_map(objects, ns->metadata.name.str(), name, "mended"));
    for (const auto& deployment : objects.list<api::Deployment>()) {
        const std::string ns = deployment->metadata.namespace_.str(), name = deployment->metadata.name.str();
        spawn(daemon, "mend " + ns + "/" + name, request_edit<api::Deployment>(objects, ns, name, mend_deployment));
    }
    for (auto& request : mend_sets(objects)) spawn(daemon, request.what, std::move(request.task));
    mend_jobs(daemon);
    // A ReplicaSet whose Deployment was deleted around it keeps what cannot work.
    for (const auto& set : objects.list<api::ReplicaSet>())
        if (set->metadata.owner_references.empty()) delete_object(daemon, api::kind_of<api::ReplicaSet>(), set->metadata, {});
    for (const auto& pod : objects.list<api::Pod>())
        if (pod->metadata.owner_references.empty() && !is_good_image(pod->spec.containers[0].image))
            delete_object(daemon, api::kind_of<api::Pod>(), pod->metadata, {});
}

}  // namespace orilla::sim
