#include "admission/service_allocation.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cassert>
#include <set>
#include <vector>

#include "admission/plugins.hpp"
#include "orilla/kinds/service_facts.hpp"
#include "orilla/kinds/validation.hpp"

namespace orilla::apiserver {
namespace {

constexpr uint32_t kubernetes_index = 1;
constexpr uint32_t dns_index = 10;

using api::may_have_node_ports;
using api::needs_cluster_ip;
using api::needs_health_check;

bool in_port_range(int32_t port) { return port >= api::node_port_min && port <= api::node_port_max; }

std::optional<uint32_t> ip_of(const api::Service& service) {
    if (!needs_cluster_ip(service.spec)) return std::nullopt;
    const auto ip = parse_ipv4(service.spec.cluster_ip);
    return ip ? std::optional(ip->value) : std::nullopt;
}

std::set<uint32_t> ports_of(const api::Service& service) {
    std::set<uint32_t> out;
    if (!may_have_node_ports(service.spec)) return out;
    const int32_t health = service.spec.health_check_node_port;
    if (needs_health_check(service.spec) && in_port_range(health)) out.insert(static_cast<uint32_t>(health));
    for (const auto& port : service.spec.ports)
        if (in_port_range(port.node_port)) out.insert(static_cast<uint32_t>(port.node_port));
    return out;
}

/// Where the search for a free number begins: spread by the Service's random uid, so that a number that was just freed
/// is rarely given again at once.
uint32_t spread(const api::Str& uid, size_t salt) {
    uint32_t hash = 2166136261U + static_cast<uint32_t>(salt);  // FNV-1a
    for (unsigned char c : uid.view()) hash = (hash ^ c) * 16777619U;
    return hash;
}

/// The low part of a range is for those that ask for a number; it is given freely only when the rest is used up.
uint32_t static_band(uint32_t size, uint32_t step, uint32_t most) {
    if (size <= 16) return 0;
    return std::min(std::max<uint32_t>(16, size / step), most);
}

Error invalid(const api::Service& service, std::string field, const std::string& value, const std::string& why) {
    Cause cause{"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, why), std::move(field)};
    return api::make_invalid_error("", "Service", service.metadata.name, {std::move(cause)});
}

void fill_families(api::ServiceSpec& spec) {
    if (spec.ip_families.empty()) spec.ip_families.push_back("IPv4");
    if (!spec.ip_family_policy) spec.ip_family_policy = "SingleStack";
}

void carry_over_node_ports(api::ServiceSpec& spec, const api::ServiceSpec& old) {
    for (auto& port : spec.ports) {
        if (port.node_port != 0) continue;
        for (const auto& before : old.ports) {
            if (before.port != port.port || before.protocol != port.protocol) continue;
            const bool taken = std::any_of(spec.ports.begin(), spec.ports.end(), [&](const auto& other) {
                return other.node_port == before.node_port && other.protocol == port.protocol;
            });
            if (!taken) port.node_port = before.node_port;
        }
    }
}

/// What the new type has no use for and the client did not change goes with the old type.
template <class T>
void drop_same(T& now, const T& before, const T& nothing) {
    if (now == before) now = nothing;
}

void drop_cluster_ip(api::ServiceSpec& spec, const api::ServiceSpec& old) {
    drop_same(spec.cluster_ips, old.cluster_ips, {});
    drop_same(spec.cluster_ip, old.cluster_ip, {});
    drop_same(spec.ip_families, old.ip_families, {});
    drop_same(spec.ip_family_policy, old.ip_family_policy, {});
}

void drop_node_ports(api::ServiceSpec& spec, const api::ServiceSpec& old) {
    for (auto& port : spec.ports)
        for (const auto& before : old.ports)
            if (port.node_port == before.node_port) {
                port.node_port = 0;
                break;
            }
}

void drop_unused(api::ServiceSpec& spec, const api::ServiceSpec& old) {
    if (needs_cluster_ip(old) && !needs_cluster_ip(spec)) drop_cluster_ip(spec, old);
    if (may_have_node_ports(old) && !may_have_node_ports(spec)) drop_node_ports(spec, old);
    if (needs_health_check(old) && !needs_health_check(spec))
        drop_same(spec.health_check_node_port, old.health_check_node_port, 0);
    if (old.type == "LoadBalancer" && spec.type != "LoadBalancer") {
        drop_same(spec.allocate_load_balancer_node_ports, old.allocate_load_balancer_node_ports, {});
        drop_same(spec.load_balancer_class, old.load_balancer_class, {});
    }
    if (api::is_reached_from_outside(old) && !api::is_reached_from_outside(spec))
        drop_same(spec.external_traffic_policy, old.external_traffic_policy, {});
}

}  // namespace

// ---- NumberPool ------------------------------------------------------------------------------------------------------

bool NumberPool::is_free_for(uint32_t number, const api::Str& uid) const {
    const auto found = held_.find(number);
    return found == held_.end() || found->second.uid == uid;
}

void NumberPool::hold(uint32_t number, const api::Str& uid) {
    auto [holder, fresh] = held_.try_emplace(number);
    if (fresh) holder->second.uid = uid;
    if (holder->second.uid == uid) ++holder->second.holds;
}

void NumberPool::release(uint32_t number, const api::Str& uid) {
    const auto found = held_.find(number);
    if (found == held_.end() || !(found->second.uid == uid)) return;
    if (--found->second.holds <= 0) held_.erase(found);
}

void NumberPool::release_all(const api::Str& uid) {
    std::erase_if(held_, [&uid](const auto& held) { return held.second.uid == uid; });
}

// ---- ServiceAllocation -----------------------------------------------------------------------------------------------

ServiceAllocation::ServiceAllocation(objects::Objects& objects, std::string service_cidr)
    : cidr_(std::move(service_cidr)),
      services_(objects, api::kind_of<api::Service>(), [this](const objects::FeedEvent& event) { follow(event); }) {
    const auto range = parse_cidr(cidr_);
    assert(range.has_value() && "the service CIDR was checked when the configuration was read");
    range_ = *range;
    for (const auto& service : objects.list<api::Service>()) {
        if (const auto ip = ip_of(*service)) ips_.hold(*ip, service->metadata.uid);
        for (const uint32_t port : ports_of(*service)) ports_.hold(port, service->metadata.uid);
    }
    services_.start();
}

bool ServiceAllocation::handles(const objects::WriteInfo& write) const { return &write.kind == &api::kind_of<api::Service>(); }

void ServiceAllocation::follow(const objects::FeedEvent& event) {
    if (const auto* last = event.is_deleted() ? event.as<api::Service>() : nullptr) return release_all(*last);
    if (event.type != objects::FeedEvent::Type::modified) return;
    const auto *before = event.before_as<api::Service>(), *now = event.as<api::Service>();
    if (!before || !now) return;
    const auto ip = ip_of(*before);
    if (ip && ip != ip_of(*now)) ips_.release(*ip, before->metadata.uid);
    const auto kept = ports_of(*now);
    for (const uint32_t port : ports_of(*before))
        if (!kept.contains(port)) ports_.release(port, before->metadata.uid);
}

objects::Task<Result<void>> ServiceAllocation::on_create(api::Object& object, const objects::AdmissionRequest& request) {
    co_return allocate(object.as<api::Service>(), nullptr, request.undo);
}

objects::Task<Result<void>> ServiceAllocation::on_update(api::Object& updated, const api::Object& old,
                                                         const objects::AdmissionRequest& request) {
    carry_over_allocation(updated.as<api::Service>(), old.as<api::Service>());
    co_return allocate(updated.as<api::Service>(), &old.as<api::Service>(), request.undo);
}

void ServiceAllocation::on_committed(const api::Object* now, const api::Object* old) {
    if (!now) release_all(old->as<api::Service>());
}

void ServiceAllocation::release_all(const api::Service& service) {
    ips_.release_all(service.metadata.uid);
    ports_.release_all(service.metadata.uid);
}

void ServiceAllocation::hold(NumberPool& pool, uint32_t number, const api::Str& uid, objects::Undo& undo) {
    pool.hold(number, uid);
    undo.add([&pool, number, uid] { pool.release(number, uid); });
}

Result<void> ServiceAllocation::allocate(api::Service& service, const api::Service* old, objects::Undo& undo) {
    api::ServiceSpec& spec = service.spec;
    if (spec.cluster_ips.empty() && !spec.cluster_ip.empty()) spec.cluster_ips.push_back(spec.cluster_ip);
    if (!needs_cluster_ip(spec)) return ok();
    fill_families(spec);
    // What validation is going to refuse holds nothing.
    const bool new_ip = !old || !(old->spec.cluster_ip == spec.cluster_ip) || !needs_cluster_ip(old->spec);
    const bool own_ip =
        new_ip && spec.cluster_ip != "None" && (spec.cluster_ip.empty() || parse_ipv4(spec.cluster_ip).has_value());
    if (own_ip) TRY_VOID(allocate_ip(service, undo));
    return may_have_node_ports(spec) ? allocate_ports(service, old, undo) : ok();
}

bool ServiceAllocation::is_reserved(uint32_t ip, const api::Service& service) const {
    const bool is_kubernetes = service.metadata.namespace_ == "default" && service.metadata.name == "kubernetes";
    return ip == range_.at(kubernetes_index).value && !is_kubernetes;
}

Result<void> ServiceAllocation::allocate_ip(api::Service& service, objects::Undo& undo) {
    api::ServiceSpec& spec = service.spec;
    const api::Str& uid = service.metadata.uid;
    if (!spec.cluster_ip.empty()) {
        const Ipv4 ip = *parse_ipv4(spec.cluster_ip);
        const std::string text = ip.text(), value = fmt::format("[\"{}\"]", text);
        const std::string failed = fmt::format("failed to allocate IP {}: ", text);
        if (!range_.has_host(ip))
            return invalid(service, "spec.clusterIPs", value,
                           fmt::format("{}the provided IP ({}) is not in the valid range. The range of valid IPs is {}", failed,
                                       text, cidr_));
        if (is_reserved(ip.value, service) || !ips_.is_free_for(ip.value, uid))
            return invalid(service, "spec.clusterIPs", value, failed + "provided IP is already allocated");
        hold(ips_, ip.value, uid, undo);
        return ok();
    }
    const uint32_t hosts = static_cast<uint32_t>(range_.size()) - 2, band = static_band(hosts, 16, 256), upper = hosts - band;
    for (uint32_t i = 0, start = spread(uid, 0) % upper; i < hosts; ++i) {
        // The upper part from its start on and around, then the static band.
        const uint32_t index = 1 + (i < upper ? band + (start + i) % upper : i - upper);
        if (index == kubernetes_index || index == dns_index || !ips_.is_free(range_.at(index).value)) continue;
        hold(ips_, range_.at(index).value, uid, undo);
        spec.cluster_ip = api::Str(range_.at(index).text());
        spec.cluster_ips = api::List<api::Str>{spec.cluster_ip};
        return ok();
    }
    return Error(Code::internal, "Internal error occurred: failed to allocate a serviceIP: range is full");
}

Result<int32_t> ServiceAllocation::find_port(const api::Service& service, size_t index) const {
    const auto& ports = service.spec.ports;
    const api::ServicePort& wanted = ports[index];
    // One number for one port in two protocols (DNS), as long as nobody took it in this protocol.
    for (const auto& other : ports) {
        if (other.node_port == 0 || other.port != wanted.port || other.protocol == wanted.protocol) continue;
        const bool taken = std::any_of(ports.begin(), ports.end(), [&](const auto& port) {
            return port.node_port == other.node_port && port.protocol == wanted.protocol;
        });
        if (!taken && in_port_range(other.node_port)) return other.node_port;
    }
    return find_free_port(service, index + 1);
}

Result<int32_t> ServiceAllocation::find_free_port(const api::Service& service, size_t salt) const {
    const auto chosen = ports_of(service);
    constexpr uint32_t size = api::node_port_max - api::node_port_min + 1;
    const uint32_t band = static_band(size, 32, 128), upper = size - band;
    for (uint32_t i = 0, start = spread(service.metadata.uid, salt) % upper; i < size; ++i) {
        const uint32_t port = api::node_port_min + (i < upper ? band + (start + i) % upper : i - upper);
        if (ports_.is_free(port) && !chosen.contains(port)) return static_cast<int32_t>(port);
    }
    return Error(Code::internal, "Internal error occurred: failed to allocate a nodePort: range is full");
}

/// A number of the node ports' range, beside those of its ports.
Result<void> ServiceAllocation::allocate_health_check(api::Service& service, const api::Service* old, objects::Undo& undo) {
    int32_t& port = service.spec.health_check_node_port;
    if (!needs_health_check(service.spec)) return ok();
    constexpr size_t salt = 0x48434e50;
    if (port == 0) {
        TRY(port, find_free_port(service, salt));
    } else if (in_port_range(port) && !ports_.is_free_for(static_cast<uint32_t>(port), service.metadata.uid)) {
        return invalid(service, "spec.healthCheckNodePort", std::to_string(port), "provided port is already allocated");
    }
    const bool had_it = old && needs_health_check(old->spec) && old->spec.health_check_node_port == port;
    if (!had_it && in_port_range(port)) hold(ports_, static_cast<uint32_t>(port), service.metadata.uid, undo);
    return ok();
}

Result<void> ServiceAllocation::allocate_ports(api::Service& service, const api::Service* old, objects::Undo& undo) {
    const api::Str& uid = service.metadata.uid;
    auto& ports = service.spec.ports;
    for (size_t i = 0; i < ports.size(); ++i) {
        const int32_t port = ports[i].node_port;
        if (in_port_range(port) && !ports_.is_free_for(static_cast<uint32_t>(port), uid))
            return invalid(service, fmt::format("spec.ports[{}].nodePort", i), std::to_string(port),
                           "provided port is already allocated");
    }
    for (size_t i = 0; i < ports.size(); ++i) {
        if (ports[i].node_port != 0 || !api::gets_node_ports(service.spec)) continue;
        TRY(ports[i].node_port, find_port(service, i));
    }
    const auto before = old ? ports_of(*old) : std::set<uint32_t>();
    for (const uint32_t port : ports_of(service))
        if (!before.contains(port) && port != static_cast<uint32_t>(service.spec.health_check_node_port))
            hold(ports_, port, uid, undo);
    return allocate_health_check(service, old, undo);
}

void carry_over_allocation(api::Service& updated, const api::Service& old) {
    api::ServiceSpec& spec = updated.spec;
    if (needs_cluster_ip(spec) && needs_cluster_ip(old.spec)) {
        if (spec.cluster_ip.empty()) {
            spec.cluster_ip = old.spec.cluster_ip;
            if (spec.cluster_ips.empty()) spec.cluster_ips = old.spec.cluster_ips;
        } else if (!(spec.cluster_ip == old.spec.cluster_ip) && spec.cluster_ips == old.spec.cluster_ips) {
            spec.cluster_ips = api::List<api::Str>{spec.cluster_ip};
        }
        if (spec.ip_families.empty()) spec.ip_families = old.spec.ip_families;
        if (!spec.ip_family_policy) spec.ip_family_policy = old.spec.ip_family_policy;
    }
    if (may_have_node_ports(spec) && may_have_node_ports(old.spec)) carry_over_node_ports(spec, old.spec);
    if (needs_health_check(spec) && needs_health_check(old.spec) && spec.health_check_node_port == 0)
        spec.health_check_node_port = old.spec.health_check_node_port;
    drop_unused(spec, old.spec);
}

Plugin make_service_allocation(objects::Objects& objects, const AdmissionOptions& options) {
    return options.service_cidr.empty() ? nullptr : std::make_unique<ServiceAllocation>(objects, options.service_cidr);
}

}  // namespace orilla::apiserver
