#include "placements.hpp"

#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"

namespace orilla::scheduler {
namespace {

int64_t add(int64_t a, int64_t b) {
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

PodRequests requests_of(const api::Container& container) {
    PodRequests out;
    if (const auto* cpu = container.resources.requests.get("cpu")) out.cpu_milli = cpu->milli_value();
    if (const auto* memory = container.resources.requests.get("memory")) out.memory_bytes = memory->value();
    if (const auto* storage = container.resources.requests.get("ephemeral-storage")) out.storage_bytes = storage->value();
    return out;
}

}  // namespace

PodRequests& PodRequests::operator+=(const PodRequests& more) {
    cpu_milli = add(cpu_milli, more.cpu_milli);
    memory_bytes = add(memory_bytes, more.memory_bytes);
    storage_bytes = add(storage_bytes, more.storage_bytes);
    return *this;
}

PodRequests PodRequests::at_least(const PodRequests& other) const {
    return {std::max(cpu_milli, other.cpu_milli), std::max(memory_bytes, other.memory_bytes),
            std::max(storage_bytes, other.storage_bytes)};
}

PodRequests count_requests(const api::PodSpec& spec) {
    PodRequests sum, largest;
    for (const auto& container : spec.containers) sum += requests_of(container);
    for (const auto& container : spec.init_containers) largest = largest.at_least(requests_of(container));
    return sum.at_least(largest);
}

void Placements::put(const std::string& key, const api::Pod& pod) {
    drop(key);
    if (pod.spec.node_name.empty() || is_finished(pod)) return;
    const std::string node = pod.spec.node_name.str();
    Share share;
    share.requests = count_requests(pod.spec);
    for (const auto& container : pod.spec.containers)
        for (const auto& port : container.ports)
            if (port.host_port > 0) share.host_ports.push_back(port);
    NodeShares& shares = shares_[node];
    shares.pods[key] = std::move(share);
    shares.counted = false;
    nodes_[key] = node;
}

void Placements::drop(const std::string& key) {
    const auto found = nodes_.find(key);
    if (found == nodes_.end()) return;
    const auto shares = shares_.find(found->second);
    shares->second.pods.erase(key);
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
    for (const auto& [key, share] : shares.pods) {
        ++shares.load.pods;
        shares.load.requests += share.requests;
        shares.load.host_ports.insert(shares.load.host_ports.end(), share.host_ports.begin(), share.host_ports.end());
    }
    shares.counted = true;
    return shares.load;
}

}  // namespace orilla::scheduler
