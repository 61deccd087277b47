#include "filters.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "orilla/kinds/node_match.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::scheduler {
namespace {

constexpr std::string_view keeping_off[] = {"NoSchedule", "NoExecute"};

api::Taint taint_of(std::string_view key) {
    api::Taint taint;
    taint.key = api::Str(key);
    taint.effect = "NoSchedule";
    return taint;
}

bool tolerates_all(const api::Pod& pod, const api::Taint& taint) {
    return std::any_of(pod.spec.tolerations.begin(), pod.spec.tolerations.end(),
                       [&](const auto& one) { return api::tolerates(one, taint); });
}

std::string untolerated(const api::Taint& taint) {
    return fmt::format("node(s) had untolerated taint {{{}: {}}}", taint.key.view(), taint.value.view());
}

bool is_ready(const api::Node& node) {
    return std::any_of(node.status.conditions.begin(), node.status.conditions.end(),
                       [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
}

Objection check_cordon(const Question& q) {
    if (!q.node.spec.unschedulable || tolerates_all(q.pod, taint_of(api::unschedulable_taint))) return {};
    return {{"node(s) were unschedulable"}, true};
}

/// A node that is not ready counts as one with the taint that says so.
Objection check_taints(const Question& q) {
    if (const api::Taint* taint = api::find_untolerated(q.node, q.pod.spec.tolerations, keeping_off))
        return {{untolerated(*taint)}, true};
    const api::Taint not_ready = taint_of(api::not_ready_taint);
    if (!is_ready(q.node) && !tolerates_all(q.pod, not_ready)) return {{untolerated(not_ready)}, true};
    return {};
}

Objection check_node_affinity(const Question& q) {
    if (api::asks_for_node(q.pod.spec, q.node)) return {};
    return {{"node(s) didn't match Pod's node affinity/selector"}, true};
}

bool same_host_port(const api::ContainerPort& a, const api::ContainerPort& b) {
    const auto any = [](const api::Str& ip) { return ip.empty() || ip == "0.0.0.0"; };
    const auto protocol = [](const api::ContainerPort& p) { return p.protocol.empty() ? "TCP" : p.protocol.view(); };
    return a.host_port == b.host_port && protocol(a) == protocol(b) &&
           (any(a.host_ip) || any(b.host_ip) || a.host_ip == b.host_ip);
}

Objection check_host_ports(const Question& q) {
    for (const auto& container : q.pod.spec.containers)
        for (const auto& port : container.ports)
            for (const auto& taken : q.load.host_ports)
                if (port.host_port > 0 && same_host_port(port, taken))
                    return {{"node(s) didn't have free ports for the requested pod ports"}};
    return {};
}

class RoomCheck {
  public:
    explicit RoomCheck(const Question& q) : q_(q) {}

    void check(std::string_view resource, int64_t wanted, int64_t taken, bool milli = false) {
        const auto* quantity = q_.node.status.allocatable.get(resource);
        const int64_t offered = !quantity ? 0 : milli ? quantity->milli_value() : quantity->value();
        int64_t sum = 0;
        if (__builtin_add_overflow(wanted, taken, &sum)) sum = INT64_MAX;
        if (wanted <= 0 || sum <= offered) return;
        objection_.reasons.push_back("Insufficient " + std::string(resource));
        objection_.helpless |= wanted > offered;
    }
    void check_number() {
        const auto* quantity = q_.node.status.allocatable.get("pods");
        const int64_t offered = quantity ? quantity->value() : 0;
        if (q_.load.pods < offered) return;
        objection_.reasons.emplace_back("Too many pods");
        objection_.helpless |= offered <= 0;
    }
    Objection take() { return std::move(objection_); }

  private:
    const Question& q_;
    Objection objection_;
};

Objection check_room(const Question& q) {
    RoomCheck room(q);
    const PodRequests &wanted = q.wanted, &taken = q.load.requests;
    room.check_number();
    room.check("cpu", wanted.cpu_milli, taken.cpu_milli, true);
    room.check("memory", wanted.memory_bytes, taken.memory_bytes);
    room.check("ephemeral-storage", wanted.storage_bytes, taken.storage_bytes);
    for (const auto& [name, amount] : wanted.others) {
        const auto its = taken.others.find(name);
        room.check(name, amount, its == taken.others.end() ? 0 : its->second);
    }
    return room.take();
}

/// ReadWriteOncePod: whoever has the claim may go.
Objection check_claim_use(const Question& q) {
    if (!q.volumes.is_taken) return {};
    return {
        {"node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"}};
}

Objection check_volumes(const Question& q) {
    if (q.volumes.has_no_volume) return {{"node(s) didn't find available persistent volumes to bind"}, true};
    for (const auto& volume : q.volumes.bound) {
        const auto& affinity = volume->spec.node_affinity;
        if (affinity && affinity->required && !api::matches(*affinity->required, q.node))
            return {{"node(s) didn't match PersistentVolume's node affinity"}, true};
    }
    return {};
}

Objection from(CompanyVerdict verdict) {
    if (verdict.reason.empty()) return {};
    return {{std::move(verdict.reason)}, verdict.helpless};
}
Objection check_topology_spread(const Question& q) { return from(check_spread(q.pod, q.node, q.others)); }
Objection check_pod_affinity(const Question& q) { return from(check_company(q.pod, q.node, q.others)); }

constexpr Objection (*filters[])(const Question&) = {
    check_cordon,    check_taints,  check_node_affinity,   check_host_ports,   check_room,
    check_claim_use, check_volumes, check_topology_spread, check_pod_affinity,
};

}  // namespace

Objection find_objection(const Question& question) {
    for (const auto& filter : filters) {
        Objection objection = filter(question);
        if (!objection.reasons.empty()) return objection;
    }
    return {};
}

bool offer_the_same(const api::Node& a, const api::Node& b) {
    return a.spec == b.spec && a.metadata.labels == b.metadata.labels && a.status.allocatable == b.status.allocatable &&
           is_ready(a) == is_ready(b);
}

}  // namespace orilla::scheduler
