#include "schedule_plan.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <map>

#include "orilla/kinds/node_match.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::scheduler {
namespace {

/// Empty when every taint that keeps pods off is tolerated.
std::string find_taint(const api::Pod& pod, const api::Node& node) {
    constexpr std::string_view effects[] = {"NoSchedule", "NoExecute"};
    const api::Taint* taint = api::find_untolerated(node, pod.spec.tolerations, effects);
    return taint ? "node(s) had untolerated taint {" + taint->key.str() + ": " + taint->value.str() + "}" : "";
}

bool minds_cordon(const api::Pod& pod) {
    api::Taint cordon;
    cordon.key = api::unschedulable_taint;
    cordon.effect = "NoSchedule";
    return std::none_of(pod.spec.tolerations.begin(), pod.spec.tolerations.end(),
                        [&cordon](const auto& one) { return api::tolerates(one, cordon); });
}

bool same_host_port(const api::ContainerPort& a, const api::ContainerPort& b) {
    const auto any = [](const api::Str& ip) { return ip.empty() || ip == "0.0.0.0"; };
    const auto protocol = [](const api::ContainerPort& p) { return p.protocol.empty() ? "TCP" : p.protocol.view(); };
    return a.host_port == b.host_port && protocol(a) == protocol(b) &&
           (any(a.host_ip) || any(b.host_ip) || a.host_ip == b.host_ip);
}

bool host_ports_collide(const api::Pod& pod, const NodeLoad& load) {
    for (const auto& container : pod.spec.containers)
        for (const auto& port : container.ports)
            for (const auto& taken : load.host_ports)
                if (port.host_port > 0 && same_host_port(port, taken)) return true;
    return false;
}

void check_room(const api::Pod& pod, const api::Node& node, const NodeLoad& load, std::vector<std::string>& reasons) {
    const auto amount = [&](std::string_view name, bool milli) -> int64_t {
        const auto* quantity = node.status.allocatable.get(name);
        return !quantity ? 0 : milli ? quantity->milli_value() : quantity->value();
    };
    const PodRequests wanted = count_requests(pod.spec);
    PodRequests sum = load.requests;
    sum += wanted;
    if (host_ports_collide(pod, load)) reasons.emplace_back("node(s) didn't have free ports for the requested pod ports");
    if (load.pods >= amount("pods", false)) reasons.emplace_back("Too many pods");
    if (wanted.cpu_milli > 0 && sum.cpu_milli > amount("cpu", true)) reasons.emplace_back("Insufficient cpu");
    if (wanted.memory_bytes > 0 && sum.memory_bytes > amount("memory", false)) reasons.emplace_back("Insufficient memory");
    if (wanted.storage_bytes > 0 && sum.storage_bytes > amount("ephemeral-storage", false))
        reasons.emplace_back("Insufficient ephemeral-storage");
}

bool reaches(const api::Node& node, const api::PersistentVolume& volume) {
    const auto& affinity = volume.spec.node_affinity;
    return !affinity || !affinity->required || api::matches(*affinity->required, node);
}

bool is_ready(const api::Node& node) {
    return std::any_of(node.status.conditions.begin(), node.status.conditions.end(),
                       [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
}

/// Why the node is not for this pod, whoever else is there; empty when it is.
std::vector<std::string> filter_node(const api::Pod& pod, const api::Node& node) {
    std::vector<std::string> reasons;
    if (node.spec.unschedulable && minds_cordon(pod)) reasons.emplace_back("node(s) were unschedulable");
    if (!is_ready(node)) reasons.emplace_back("node(s) were not ready");
    if (auto taint = find_taint(pod, node); !taint.empty()) reasons.push_back(std::move(taint));
    if (!api::asks_for_node(pod.spec, node)) reasons.emplace_back("node(s) didn't match Pod's node affinity/selector");
    return reasons;
}

}  // namespace

bool offer_the_same(const api::Node& a, const api::Node& b) {
    return a.spec == b.spec && a.metadata.labels == b.metadata.labels && a.status.allocatable == b.status.allocatable &&
           is_ready(a) == is_ready(b);
}

ScheduleDecision plan_schedule(const api::Pod& pod, const std::vector<NodePtr>& nodes, const Placements& placements,
                               const VolumeNeeds& volumes) {
    if (nodes.empty()) return Unschedulable{"no nodes available to schedule pods", false};
    const std::string head = fmt::format("0/{} nodes are available", nodes.size());
    if (!volumes.refusal.empty()) return Unschedulable{head + ": " + volumes.refusal + ".", false};
    std::map<std::string, int> counts;
    bool room_would_do = false;
    for (const auto& node : nodes) {
        auto reasons = filter_node(pod, *node);
        if (!std::ranges::all_of(volumes.bound, [&node](const auto& volume) { return reaches(*node, *volume); }))
            reasons.emplace_back("node(s) didn't match PersistentVolume's node affinity");
        const bool suits = reasons.empty();
        check_room(pod, *node, placements.on(node->metadata.name), reasons);
        if (volumes.is_taken)
            reasons.emplace_back(
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another "
                "pod");
        if (reasons.empty()) return Bind{node->metadata.name.str()};
        room_would_do |= suits;
        for (const auto& reason : reasons) ++counts[reason];
    }
    std::string message = head, separator = ": ";
    for (const auto& [reason, count] : counts) {
        message += fmt::format("{}{} {}", separator, count, reason);
        separator = ", ";
    }
    return Unschedulable{message + ".", room_would_do};
}

}  // namespace orilla::scheduler
