#include "placements.hpp"

#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"

namespace orilla::scheduler {
namespace {

int64_t add(int64_t a, int64_t b) {
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

PodRequests requests_of(const api::Map<api::Quantity>& requests) {
    PodRequests out;
    for (const auto& [name, amount] : requests) {
        if (name == "cpu") out.cpu_milli = amount.milli_value();
        else if (name == "memory") out.memory_bytes = amount.value();
        else if (name == "ephemeral-storage") out.storage_bytes = amount.value();
        else out.others[name.str()] = amount.value();
    }
    return out;
}

}  // namespace

PodRequests& PodRequests::operator+=(const PodRequests& more) {
    cpu_milli = add(cpu_milli, more.cpu_milli);
    memory_bytes = add(memory_bytes, more.memory_bytes);
    storage_bytes = add(storage_bytes, more.storage_bytes);
    for (const auto& [name, amount] : more.others) {
        int64_t& sum = others[name];
        sum = add(sum, amount);
    }
    return *this;
}

PodRequests PodRequests::at_least(const PodRequests& other) const {
    PodRequests out{std::max(cpu_milli, other.cpu_milli), std::max(memory_bytes, other.memory_bytes),
                    std::max(storage_bytes, other.storage_bytes), others};
    for (const auto& [name, amount] : other.others) out.others[name] = std::max(out.others[name], amount);
    return out;
}

void PodRequests::override_with(const api::Map<api::Quantity>& whole) {
    if (const auto* cpu = whole.get("cpu")) cpu_milli = cpu->milli_value();
    if (const auto* memory = whole.get("memory")) memory_bytes = memory->value();
}

PodRequests count_requests(const api::PodSpec& spec) {
    PodRequests sum, sidecars, largest_start;
    for (const auto& container : spec.containers) sum += requests_of(container.resources.requests);
    for (const auto& container : spec.init_containers) {
        PodRequests step = requests_of(container.resources.requests);
        if (api::is_sidecar(container)) sidecars += step;
        else largest_start = largest_start.at_least(step += sidecars);  // with those that were started before it
    }
    sum += sidecars;
    PodRequests out = sum.at_least(largest_start.at_least(sidecars));
    if (spec.resources) out.override_with(spec.resources->requests);
    return out += requests_of(spec.overhead);
}

int32_t priority_of(const api::Pod& pod) { return pod.spec.priority.value_or(0); }

std::string key_of(const api::Pod& pod) { return pod.metadata.namespace_.str() + "/" + pod.metadata.name.str(); }

PodShare share_of(const api::Pod& pod) {
    PodShare share;
    share.requests = api::is_resizing(pod) ? count_requests(api::held_spec(pod)) : count_requests(pod.spec);
    const auto take_ports = [&](const api::Container& container) {
        for (const auto& port : container.ports)
            if (port.host_port > 0) share.host_ports.push_back(port);
    };
    for (const auto& container : pod.spec.containers) take_ports(container);
    for (const auto& container : pod.spec.init_containers)
        if (api::is_sidecar(container)) take_ports(container);
    share.priority = priority_of(pod);
    const auto& affinity = pod.spec.affinity;
    share.keeps_others_off = affinity && affinity->pod_anti_affinity &&
                             !affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution.empty();
    return share;
}

void NodeLoad::add(const PodShare& share) {
    ++pods;
    requests += share.requests;
    host_ports.insert(host_ports.end(), share.host_ports.begin(), share.host_ports.end());
    lowest_priority = std::min(lowest_priority, share.priority);
    keeps_others_off |= share.keeps_others_off;
}

void NodeLoad::add(const NodeLoad& more) {
    pods += more.pods;
    requests += more.requests;
    host_ports.insert(host_ports.end(), more.host_ports.begin(), more.host_ports.end());
    lowest_priority = std::min(lowest_priority, more.lowest_priority);
    keeps_others_off |= more.keeps_others_off;
}

void Placements::put(const std::string& key, const api::Pod& pod) {
    drop(key);
    if (pod.spec.node_name.empty() || is_finished(pod)) return;
    const std::string node = pod.spec.node_name.str();
    PodShare share = share_of(pod);
    keeping_off_ += share.keeps_others_off;
    NodeShares& shares = shares_[node];
    shares.pods[key] = std::move(share);
    shares.counted = false;
    nodes_[key] = node;
}

void Placements::drop(const std::string& key) {
    const auto found = nodes_.find(key);
    if (found == nodes_.end()) return;
    const auto shares = shares_.find(found->second);
    const auto share = shares->second.pods.find(key);
    keeping_off_ -= share->second.keeps_others_off;
    shares->second.pods.erase(share);
    shares->second.counted = false;
    if (shares->second.pods.empty()) shares_.erase(shares);
    nodes_.erase(found);
}

const NodeLoad& Placements::on(std::string_view node) const {
    static const NodeLoad nothing;
    const auto found = shares_.find(node);
    if (found == shares_.end()) return nothing;
    const NodeShares& shares = found->second;
    if (shares.counted) return shares.load;
    shares.load = NodeLoad{};
    for (const auto& [key, share] : shares.pods) shares.load.add(share);
    shares.counted = true;
    return shares.load;
}

void Placements::nominate(const std::string& key, const std::string& node, PodShare share) {
    nominated_[key] = {node, std::move(share)};
}

void Placements::drop_nomination(const std::string& key) { nominated_.erase(key); }

NodeLoad Placements::nominated_on(std::string_view node, std::string_view asking_key, int32_t priority) const {
    NodeLoad load;
    for (const auto& [key, place] : nominated_)
        if (place.first == node && key != asking_key && place.second.priority >= priority) load.add(place.second);
    return load;
}

}  // namespace orilla::scheduler
