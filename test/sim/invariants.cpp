#include "invariants.hpp"

#include "budget_clients.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "clients.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/quota.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/selectors.hpp"
#include "set_invariants.hpp"

namespace orilla::sim {

namespace {

using Complaints = std::vector<std::string>;
using PodPtr = std::shared_ptr<const api::Pod>;

std::string label(const api::ObjectMeta& meta) { return meta.namespace_.str() + "/" + meta.name.str(); }

bool is_ready(const api::Pod& pod) {
    return std::any_of(pod.status.conditions.begin(), pod.status.conditions.end(),
                       [](const auto& one) { return one.type == "Ready" && one.status == "True"; });
}
bool has_ended(const api::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }

void check_deployments(objects::Objects& objects, Complaints& out) {
    for (const auto& one : objects.list<api::Deployment>()) {
        const std::string name = "Deployment " + label(one->metadata);
        const int32_t wanted = one->spec.replicas.value_or(1);
        const auto& status = one->status;
        if (one->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        if (status.observed_generation != one->metadata.generation) out.push_back(name + ": its last change was not observed");
        if (status.replicas != wanted || status.updated_replicas != wanted || status.ready_replicas != wanted ||
            status.available_replicas != wanted)
            out.push_back(name + ": wants " + std::to_string(wanted) + " replicas, has " + std::to_string(status.replicas) +
                          ", updated " + std::to_string(status.updated_replicas) + ", ready " +
                          std::to_string(status.ready_replicas) + ", available " + std::to_string(status.available_replicas));
        int32_t sets = 0, size = 0;
        for (const auto& set : objects.list<api::ReplicaSet>(one->metadata.namespace_)) {
            if (set->metadata.owner_references.empty() || set->metadata.owner_references[0].uid != one->metadata.uid) continue;
            ++sets;
            size += set->spec.replicas.value_or(1);
        }
        if (size != wanted) out.push_back(name + ": its ReplicaSets want " + std::to_string(size) + " pods");
        if (sets > one->spec.revision_history_limit.value_or(10) + 1)
            out.push_back(name + ": keeps " + std::to_string(sets) + " ReplicaSets");
    }
}

/// Whatever its pods use, and whoever else writes the number: it is within the bounds by now, unless it is switched off.
void check_autoscalers(objects::Objects& objects, Complaints& out) {
    for (const auto& hpa : objects.list<api::HorizontalPodAutoscaler>()) {
        const auto target = objects.get<api::Deployment>(hpa->metadata.namespace_, hpa->spec.scale_target_ref.name);
        if (!target) continue;
        const int32_t replicas = target->spec.replicas.value_or(1);
        if (replicas != 0 && (replicas < hpa->spec.min_replicas.value_or(1) || replicas > hpa->spec.max_replicas))
            out.push_back("Deployment " + label(target->metadata) + " has " + std::to_string(replicas) +
                          " replicas, out of its autoscaler's bounds");
        if (hpa->status.conditions.empty()) out.push_back("autoscaler " + label(hpa->metadata) + " says nothing");
    }
}

void check_replica_sets(objects::Objects& objects, Complaints& out) {
    for (const auto& set : objects.list<api::ReplicaSet>()) {
        const std::string name = "ReplicaSet " + label(set->metadata);
        int32_t own = 0;
        for (const auto& pod : objects.list<api::Pod>(set->metadata.namespace_))
            for (const auto& owner : pod->metadata.owner_references) own += owner.uid == set->metadata.uid;
        if (own != set->spec.replicas.value_or(1))
            out.push_back(name + " wants " + std::to_string(set->spec.replicas.value_or(1)) + " pods and has " +
                          std::to_string(own));
        if (set->status.replicas != own)
            out.push_back(name + " says it has " + std::to_string(set->status.replicas) + " pods of " + std::to_string(own));
        if (set->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
    }
}

/// Owners are there, and namespaces.
void check_owners(objects::Objects& objects, Complaints& out) {
    std::set<std::string> uids;
    for (const auto& kind : api::builtin_kinds())
        for (const auto& entry : objects.store().list(kind.resource).entries) {
            auto object = entry->json ? objects.decode(kind, entry) : Result<objects::ObjectPtr>(objects::ObjectPtr());
            if (object && *object) uids.insert((*object)->meta().uid.str());
        }
    for (const auto& kind : api::builtin_kinds())
        for (const auto& entry : objects.store().list(kind.resource).entries) {
            auto object = entry->json ? objects.decode(kind, entry) : Result<objects::ObjectPtr>(objects::ObjectPtr());
            if (!object || !*object) continue;
            const std::string name = std::string(kind.kind) + " " + label((*object)->meta());
            if (kind.namespaced && !objects.get<api::Namespace>(entry->key.ns))
                out.push_back(name + " is in a namespace that is gone");
            for (const auto& owner : (*object)->meta().owner_references)
                if (!uids.contains(owner.uid.str()))
                    out.push_back(name + " is an orphan: its owner " + owner.name.str() + " is gone");
        }
    for (const auto& ns : objects.list<api::Namespace>())
        if (ns->metadata.deletion_timestamp) out.push_back("Namespace " + ns->metadata.name.str() + " is still being deleted");
}

/// Every Job has come to its end; nobody waits to be counted.
void check_jobs(objects::Objects& objects, Complaints& out) {
    for (const auto& job : objects.list<api::Job>()) {
        const std::string name = "Job " + label(job->metadata);
        bool ended = false, complete = false;
        for (const auto& one : job->status.conditions) {
            ended |= (one.type == "Complete" || one.type == "Failed") && one.status == "True";
            complete |= one.type == "Complete" && one.status == "True";
        }
        if (job->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        if (!ended) out.push_back(name + " has not come to its end");
        if (job->status.active != 0) out.push_back(name + " says that pods of it run");
        const auto& uncounted = job->status.uncounted_terminated_pods;
        if (uncounted && !(uncounted->succeeded.empty() && uncounted->failed.empty()))
            out.push_back(name + " has pods to count");
        if (complete && !job->spec.success_policy && job->spec.completions && job->status.succeeded != *job->spec.completions)
            out.push_back(name + " is complete with " + std::to_string(job->status.succeeded) + " successes");
    }
    for (const auto& pod : objects.list<api::Pod>())
        for (const auto& finalizer : pod->metadata.finalizers)
            if (finalizer == "batch.kubernetes.io/job-tracking")
                out.push_back("Pod " + label(pod->metadata) + " is not counted");
    for (const auto& cronjob : objects.list<api::CronJob>())
        if (!cronjob->status.active.empty()) out.push_back("CronJob " + label(cronjob->metadata) + " says that Jobs of it run");
}

void check_pods(objects::Objects& objects, Host& host, Complaints& out) {
    for (const auto& pod : objects.list<api::Pod>()) {
        const std::string uid = pod->metadata.uid.str(), name = "Pod " + label(pod->metadata) + " (" + uid.substr(0, 8) + ")";
        if (pod->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        if (has_ended(*pod)) {
            if (host.pods().contains(uid)) out.push_back(name + " has ended and its sandbox is there");
            continue;
        }
        const std::string why = pod->status.container_statuses.empty() || !pod->status.container_statuses[0].state.waiting
                                    ? ""
                                    : ": " + pod->status.container_statuses[0].state.waiting->reason.str();
        if (pod->spec.node_name.empty()) out.push_back(name + " has no node");
        // One that restarts nothing may have containers that are done.
        if (pod->spec.restart_policy != "Always") continue;
        if (!is_ready(*pod)) out.push_back(name + " is " + pod->status.phase.str() + " and not ready" + why);
        if (!host.runs_ready(uid)) out.push_back(name + " does not run");
        const auto ip = host.addresses().find(uid);
        if (ip == host.addresses().end() || pod->status.pod_ip != ip->second)
            out.push_back(name + " says its address is " + pod->status.pod_ip.str());
    }
}

/// Nothing is left on the host of pods that are gone.
void check_host(objects::Objects& objects, Host& host, Complaints& out) {
    std::set<std::string> known, logs;
    for (const auto& pod : objects.list<api::Pod>()) {
        known.insert(pod->metadata.uid.str());
        logs.insert(pod->metadata.namespace_.str() + "_" + pod->metadata.name.str() + "_" + pod->metadata.uid.str());
    }
    for (const auto& [uid, pod] : host.pods())
        if (!known.contains(uid)) out.push_back("sandbox " + uid + " belongs to no pod");
    for (const auto& uid : host.cgroups())
        if (!known.contains(uid)) out.push_back("cgroup " + uid + " belongs to no pod");
    for (const auto& [uid, ip] : host.addresses())
        if (!known.contains(uid)) out.push_back("address " + ip + " belongs to no pod");
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("pods", error))
        if (!known.contains(entry.path().filename()))
            out.push_back("volumes of " + entry.path().filename().string() + " belong to no pod");
    for (const auto& entry : std::filesystem::directory_iterator("logs", error))
        if (!logs.contains(entry.path().filename()))
            out.push_back("logs " + entry.path().filename().string() + " belong to no pod");
}

std::string joined(const std::set<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

/// Of the pool that a LAN leaves.
constexpr size_t balancer_addresses = 3;

/// EndpointSlices and the kernel's table hold the ready pods of each Service, and nothing else.
void check_services(objects::Objects& objects, Host& host, Complaints& out) {
    std::set<std::string> owners;
    for (const auto& service : objects.list<api::Service>()) {
        const std::string name = label(service->metadata);
        if (service->spec.selector.empty()) continue;
        std::set<std::string> wanted, ending, shown, served;
        for (const auto& pod : objects.list<api::Pod>(service->metadata.namespace_)) {
            bool matches = is_ready(*pod);
            for (const auto& [key, value] : service->spec.selector)
                matches &= pod->metadata.labels.get(key) && *pod->metadata.labels.get(key) == value;
            if (matches) (pod->metadata.deletion_timestamp ? ending : wanted).insert(pod->status.pod_ip.str());
        }
        for (const auto& slice : objects.list<api::EndpointSlice>(service->metadata.namespace_)) {
            const auto* of = slice->metadata.labels.get("kubernetes.io/service-name");
            if (!of || *of != service->metadata.name) continue;
            for (const auto& endpoint : slice->endpoints)
                if (endpoint.conditions.ready.value_or(true)) shown.insert(endpoint.addresses[0].str());
        }
        if (shown != wanted)
            out.push_back("EndpointSlices of " + name + " show [" + joined(shown) + "], ready are [" + joined(wanted) + "]");
        if (service->spec.cluster_ip == "None") continue;
        owners.insert(name);
        for (const auto& port : host.rules()[name])
            for (const auto& endpoint : port.endpoints) served.insert(endpoint.ip.text());
        // Those that end serve until the last has.
        if (served != (wanted.empty() ? ending : wanted))
            out.push_back("the rules of " + name + " lead to [" + joined(served) + "], ready are [" + joined(wanted) + "]");
    }
    for (const auto& [owner, ports] : host.rules())
        if (!owners.contains(owner) && owner != "default/kubernetes") out.push_back("rules of " + owner + ", which is gone");
    for (const auto& slice : objects.list<api::EndpointSlice>()) {
        const auto* of = slice->metadata.labels.get("kubernetes.io/service-name");
        if (of && !objects.get<api::Service>(slice->metadata.namespace_, *of))
            out.push_back("EndpointSlice " + label(slice->metadata) + " of a Service that is gone");
    }
}

/// It has what it asks for, on the disk too, and no word of an expansion is left.
void check_growth(const api::PersistentVolumeClaim& claim, Host& host, Complaints& out) {
    const std::string name = "claim " + label(claim.metadata);
    const api::Quantity* have = claim.status.capacity.get("storage");
    const auto data = host.volumes.there.find(claim.spec.volume_name.str());
    if (!have || have->value() < api::requested_bytes(claim.spec)) out.push_back(name + " is smaller than it asks for");
    if (have && data != host.volumes.there.end() && data->second.bytes < have->value())
        out.push_back(name + " has less data than it says");
    if (!claim.status.conditions.empty()) out.push_back(name + " is still " + claim.status.conditions[0].type.str());
}

/// Each load balancer has an address of its own that the node has on its LAN, or there is none left; nobody else has one.
void check_load_balancers(objects::Objects& objects, Host& host, Complaints& out) {
    std::set<std::string> given, on_lan;
    size_t waiting = 0;
    for (const auto& service : objects.list<api::Service>()) {
        const auto& ingress = service->status.load_balancer.ingress;
        const bool is_one = service->spec.type == "LoadBalancer";
        if (is_one == service->metadata.finalizers.empty())
            out.push_back("service " + label(service->metadata) + " of type " + service->spec.type.str() +
                          (is_one ? " has no" : " has a") + " finalizer");
        if (is_one && ingress.empty()) ++waiting;
        if (!is_one && !ingress.empty()) out.push_back("service " + label(service->metadata) + " keeps an address");
        for (const auto& one : ingress)
            if (!given.insert(one.ip.str()).second) out.push_back("two services have the address " + one.ip.str());
    }
    for (const Ipv4 ip : host.lan()) on_lan.insert(ip.text());
    if (given != on_lan) out.push_back("services have [" + joined(given) + "], the node has [" + joined(on_lan) + "]");
    if (waiting > 0 && given.size() < balancer_addresses)
        out.push_back(std::to_string(waiting) + " services wait for an address, given are [" + joined(given) + "]");
}

/// Every snapshot is ready and has a content, every content a snapshot and data. By the snapshot's uid.
std::map<std::string, std::string> check_snapshots(objects::Objects& objects, Host& host, Complaints& out) {
    std::map<std::string, std::string> handles;
    for (const auto& content : objects.list<api::VolumeSnapshotContent>()) {
        const std::string name = "content " + content->metadata.name.str();
        const auto handle = content->status.snapshot_handle;
        handles[content->spec.volume_snapshot_ref.uid.str()] = std::string(handle.value_or(""));
        if (content->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        const auto data = host.volumes.there.find(std::string(handle.value_or("")));
        if (data == host.volumes.there.end() || !data->second.snapshot) out.push_back(name + " has no data");
        else if (data->second.fresh) out.push_back(name + " may lose its data");
    }
    size_t bound = 0;
    for (const auto& snapshot : objects.list<api::VolumeSnapshot>()) {
        const std::string name = "snapshot " + label(snapshot->metadata);
        if (snapshot->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        if (!snapshot->status.ready_to_use.value_or(false)) out.push_back(name + " is not ready");
        if (!handles.contains(snapshot->metadata.uid.str())) out.push_back(name + " has no content");
        ++bound;
    }
    if (bound != handles.size()) out.push_back("there are contents without snapshots");
    for (const auto& claim : objects.list<api::PersistentVolumeClaim>())
        if (api::has_finalizer(claim->metadata, api::copied_claim_finalizer))
            out.push_back("claim " + label(claim->metadata) + " is still held for a snapshot");
    return handles;
}

/// Nothing is half made or half removed; each volume has a project of its own with a limit, and no limit is left of another.
void check_projects(const test::FakeVolumes& volumes, Complaints& out) {
    for (const auto* left : {&volumes.begun, &volumes.going})
        for (const auto& [name, data] : *left) out.push_back("data " + name + " is half made or half removed");
    std::set<int> held = {test::FakeVolumes::foreign_project};
    for (const auto& [name, project] : volumes.projects) {
        const auto data = volumes.there.find(name);
        const auto limit = volumes.limits.find(project);
        if (!held.insert(project).second) out.push_back("data " + name + " has a project of another one");
        if (data == volumes.there.end()) out.push_back("data " + name + " is gone, and its project is not");
        else if (limit == volumes.limits.end() || limit->second > data->second.bytes)
            out.push_back("data " + name + " is not held to its size");
    }
    for (const auto& [project, bytes] : volumes.limits)
        if (!held.contains(project)) out.push_back("the limit of project " + std::to_string(project) + " is nobody's");
    if (held.size() != volumes.there.size() + 1) out.push_back("there is data without a project");
}

/// Every claim has a volume of its own, every volume its data, and nothing is on the disk besides.
void check_claims(objects::Objects& objects, Host& host, Complaints& out) {
    std::map<std::string, std::string> holders;  // by volume
    for (const auto& claim : objects.list<api::PersistentVolumeClaim>()) {
        const std::string name = "claim " + label(claim->metadata);
        if (claim->metadata.deletion_timestamp) out.push_back(name + " is still being deleted");
        if (claim->status.phase != "Bound") out.push_back(name + " is " + claim->status.phase.str());
        const auto [holder, first] = holders.emplace(claim->spec.volume_name.str(), name);
        if (!first) out.push_back(name + " has the volume of " + holder->second);
        check_growth(*claim, host, out);
    }
    std::set<std::string> named;
    for (const auto& volume : objects.list<api::PersistentVolume>()) {
        const std::string name = volume->metadata.name.str();
        named.insert(name);
        if (volume->status.phase != "Bound") out.push_back("volume " + name + " is " + volume->status.phase.str());
        if (!holders.contains(name)) out.push_back("volume " + name + " belongs to no claim");
        if (!host.volumes.there.contains(name)) out.push_back("volume " + name + " has no data");
    }
    for (const auto& [uid, handle] : check_snapshots(objects, host, out)) named.insert(handle);
    for (const auto& [name, data] : host.volumes.there)
        if (!named.contains(name)) out.push_back("data " + name + " belongs to no volume");
    check_projects(host.volumes, out);
}

/// Every quota shows what a recount finds.
void check_quotas(objects::Objects& objects, Complaints& out) {
    for (const auto& quota : objects.list<api::ResourceQuota>()) {
        api::Amounts counted;
        for (const auto& hard : quota->spec.hard) counted[hard.key] = api::Quantity::from_milli(0);
        for (const auto& kind : api::builtin_kinds())
            for (const auto& entry : objects.store().list(kind.resource, quota->metadata.namespace_).entries) {
                const auto object =
                    entry->json ? objects.decode(kind, entry) : Result<objects::ObjectPtr>(objects::ObjectPtr());
                if (!object || !*object) continue;
                const auto charge = api::charge_of(**object, objects.clock().wall_s());
                for (const auto& [name, amount] : api::counted_of(quota->spec, charge))
                    counted[name] = counted[name].plus(amount);
            }
        const std::string shown = api::amounts_text(quota->status.used), found = api::amounts_text(counted);
        if (shown != found) out.push_back("quota " + label(quota->metadata) + " shows " + shown + ", there are " + found);
    }
}

}  // namespace

std::vector<std::string> find_unsettled(Daemon& daemon, Host& host) {
    Complaints out;
    check_deployments(daemon.objects(), out);
    check_autoscalers(daemon.objects(), out);
    check_replica_sets(daemon.objects(), out);
    check_stateful_sets(daemon.objects(), out);
    check_daemon_sets(daemon.objects(), out);
    check_jobs(daemon.objects(), out);
    check_budgets(daemon.objects(), out);
    check_owners(daemon.objects(), out);
    check_pods(daemon.objects(), host, out);
    check_host(daemon.objects(), host, out);
    check_services(daemon.objects(), host, out);
    check_load_balancers(daemon.objects(), host, out);
    check_claims(daemon.objects(), host, out);
    check_quotas(daemon.objects(), out);
    return out;
}

}  // namespace orilla::sim
