#include "schedule_plan.hpp"

#include <algorithm>
#include <map>

namespace orilla::scheduler {
namespace {

/// Requests come from manifests: their sum stops at the top instead of wrapping.
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

bool tolerates(const api::Toleration& toleration, const api::Taint& taint) {
    if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
    if (toleration.key.empty()) return toleration.operator_ == "Exists";
    if (toleration.key != taint.key) return false;
    return toleration.operator_ == "Exists" || toleration.value == taint.value;
}

/// Empty when every taint that keeps pods off is tolerated.
std::string find_taint(const api::Pod& pod, const api::Node& node) {
    for (const auto& taint : node.spec.taints) {
        if (taint.effect == "PreferNoSchedule") continue;
        const bool fine = std::any_of(pod.spec.tolerations.begin(), pod.spec.tolerations.end(),
                                      [&](const auto& t) { return tolerates(t, taint); });
        if (!fine) return "node(s) had untolerated taint {" + taint.key.str() + ": " + taint.value.str() + "}";
    }
    return "";
}

bool selector_matches(const api::Pod& pod, const api::Node& node) {
    for (const auto& [key, value] : pod.spec.node_selector) {
        const api::Str* have = node.metadata.labels.get(key);
        if (!have || *have != value) return false;
    }
    return true;
}

bool same_host_port(const api::ContainerPort& a, const api::ContainerPort& b) {
    const auto any = [](const api::Str& ip) { return ip.empty() || ip == "0.0.0.0"; };
    const auto protocol = [](const api::ContainerPort& p) { return p.protocol.empty() ? "TCP" : p.protocol.view(); };
    return a.host_port == b.host_port && protocol(a) == protocol(b) && (any(a.host_ip) || any(b.host_ip) || a.host_ip == b.host_ip);
}

bool host_ports_collide(const api::Pod& pod, const api::Pod& other) {
    for (const auto& mine : pod.spec.containers)
        for (const auto& port : mine.ports)
            for (const auto& theirs : other.spec.containers)
                for (const auto& taken : theirs.ports)
                    if (port.host_port > 0 && same_host_port(port, taken)) return true;
    return false;
}

void check_resources(const api::Pod& pod, const api::Node& node, const std::vector<const api::Pod*>& here,
                     std::vector<std::string>& reasons) {
    const auto amount = [&](std::string_view name, bool milli) -> int64_t {
        const auto* quantity = node.status.allocatable.get(name);
        return !quantity ? 0 : milli ? quantity->milli_value() : quantity->value();
    };
    const PodRequests wanted = count_requests(pod.spec);
    PodRequests used;
    for (const auto* other : here) {
        const PodRequests one = count_requests(other->spec);
        used.cpu_milli = add(used.cpu_milli, one.cpu_milli);
        used.memory_bytes = add(used.memory_bytes, one.memory_bytes);
        used.storage_bytes = add(used.storage_bytes, one.storage_bytes);
    }
    if (static_cast<int64_t>(here.size()) >= amount("pods", false)) reasons.emplace_back("Too many pods");
    if (wanted.cpu_milli > 0 && add(used.cpu_milli, wanted.cpu_milli) > amount("cpu", true)) reasons.emplace_back("Insufficient cpu");
    if (wanted.memory_bytes > 0 && add(used.memory_bytes, wanted.memory_bytes) > amount("memory", false))
        reasons.emplace_back("Insufficient memory");
    if (wanted.storage_bytes > 0 && add(used.storage_bytes, wanted.storage_bytes) > amount("ephemeral-storage", false))
        reasons.emplace_back("Insufficient ephemeral-storage");
}

bool is_ready(const api::Node& node) {
    return std::any_of(node.status.conditions.begin(), node.status.conditions.end(),
                       [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
}

/// Why the pod may not run on the node; empty when it may.
std::vector<std::string> filter_node(const api::Pod& pod, const api::Node& node, const std::vector<api::Pod>& bound) {
    std::vector<std::string> reasons;
    std::vector<const api::Pod*> here;
    for (const auto& other : bound)
        if (other.spec.node_name == node.metadata.name) here.push_back(&other);
    if (node.spec.unschedulable) reasons.emplace_back("node(s) were unschedulable");
    if (!is_ready(node)) reasons.emplace_back("node(s) were not ready");
    if (auto taint = find_taint(pod, node); !taint.empty()) reasons.push_back(std::move(taint));
    if (!selector_matches(pod, node)) reasons.emplace_back("node(s) didn't match Pod's node affinity/selector");
    if (std::any_of(here.begin(), here.end(), [&](const auto* other) { return host_ports_collide(pod, *other); }))
        reasons.emplace_back("node(s) didn't have free ports for the requested pod ports");
    check_resources(pod, node, here, reasons);
    return reasons;
}

}  // namespace

PodRequests count_requests(const api::PodSpec& spec) {
    PodRequests sum, largest;
    for (const auto& container : spec.containers) {
        const PodRequests one = requests_of(container);
        sum.cpu_milli = add(sum.cpu_milli, one.cpu_milli);
        sum.memory_bytes = add(sum.memory_bytes, one.memory_bytes);
        sum.storage_bytes = add(sum.storage_bytes, one.storage_bytes);
    }
    for (const auto& container : spec.init_containers) {
        const PodRequests one = requests_of(container);
        largest.cpu_milli = std::max(largest.cpu_milli, one.cpu_milli);
        largest.memory_bytes = std::max(largest.memory_bytes, one.memory_bytes);
        largest.storage_bytes = std::max(largest.storage_bytes, one.storage_bytes);
    }
    return {std::max(sum.cpu_milli, largest.cpu_milli), std::max(sum.memory_bytes, largest.memory_bytes),
            std::max(sum.storage_bytes, largest.storage_bytes)};
}

bool offer_the_same(const api::Node& a, const api::Node& b) {
    return a.spec == b.spec && a.metadata.labels == b.metadata.labels && a.status.allocatable == b.status.allocatable &&
           is_ready(a) == is_ready(b);
}

ScheduleDecision plan_schedule(const api::Pod& pod, const std::vector<api::Node>& nodes,
                               const std::vector<api::Pod>& bound) {
    if (nodes.empty()) return Unschedulable{"no nodes available to schedule pods"};
    std::map<std::string, int> counts;
    for (const auto& node : nodes) {
        const auto reasons = filter_node(pod, node, bound);
        if (reasons.empty()) return Bind{node.metadata.name.str()};
        for (const auto& reason : reasons) ++counts[reason];
    }
    std::string message = "0/" + std::to_string(nodes.size()) + " nodes are available";
    std::string separator = ": ";
    for (const auto& [reason, count] : counts) {
        message += separator + std::to_string(count) + " " + reason;
        separator = ", ";
    }
    return Unschedulable{message + "."};
}

}  // namespace orilla::scheduler
