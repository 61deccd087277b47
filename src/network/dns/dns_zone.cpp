#include <fmt/core.h>
#include <algorithm>

#include "dns/dns_names.hpp"
#include "orilla/network/dns_zone.hpp"

namespace orilla::network {

DnsZone::DnsZone(std::string cluster_domain, Cidr pod_cidr, Cidr service_cidr)
    : domain_(std::move(cluster_domain)), pod_cidr_(pod_cidr), service_cidr_(service_cidr) {}

namespace {
void count(std::map<std::string, int, std::less<>>& uses, const std::string& name, int step) {
    const auto place = uses.try_emplace(name, 0).first;
    place->second += step;
    if (place->second <= 0) uses.erase(place);
}

std::string joined(std::string_view name, std::string_view ns) {
    std::string key;
    key.reserve(name.size() + ns.size() + 1);
    return key.append(name).append(".").append(ns);
}
}  // namespace

void DnsZone::set_namespace(const std::string& ns) {
    if (declared_.insert(ns).second) count(namespaces_, ns, 1);
}

void DnsZone::remove_namespace(const std::string& ns) {
    if (declared_.erase(ns)) count(namespaces_, ns, -1);
}

void DnsZone::index(const std::string& ns, const std::string& name, const DnsService& service, int step) {
    const std::string full = fmt::format("{}.{}.svc.{}", name, ns, domain_);
    const auto note = [this, step](Ipv4 ip, const std::string& text) {
        std::vector<Reverse>& names = reverse_[ip.value];
        auto found = std::find_if(names.begin(), names.end(), [&text](const Reverse& r) { return r.name == text; });
        if (found == names.end()) found = names.insert(names.end(), Reverse{text, 0});
        found->uses += step;
        if (found->uses <= 0) names.erase(found);
        if (names.empty()) reverse_.erase(ip.value);
    };
    for (const Ipv4 ip : service.cluster_ips) note(ip, full);
    for (const DnsEndpoint& endpoint : service.endpoints)
        note(endpoint.ip, fmt::format("{}.{}", endpoint_label(endpoint), full));
    count(namespaces_, ns, step);
}

void DnsZone::set_service(const std::string& ns, const std::string& name, DnsService service) {
    remove_service(ns, name);
    index(ns, name, service, 1);
    services_.insert_or_assign(joined(name, ns), std::move(service));
}

void DnsZone::remove_service(const std::string& ns, const std::string& name) {
    const auto found = services_.find(joined(name, ns));
    if (found == services_.end()) return;
    index(ns, name, found->second, -1);
    services_.erase(found);
}

void DnsZone::set_pod(const std::string& pod, const std::string& ns, Ipv4 ip) {
    remove_pod(pod);
    pods_[pod] = {ns, ip};
    pod_namespaces_[ip.value].push_back(ns);
    count(namespaces_, ns, 1);
}

void DnsZone::remove_pod(const std::string& pod) {
    const auto found = pods_.find(pod);
    if (found == pods_.end()) return;
    const auto& [ns, ip] = found->second;
    auto& namespaces = pod_namespaces_[ip.value];
    const auto one = std::find(namespaces.begin(), namespaces.end(), ns);
    if (one != namespaces.end()) namespaces.erase(one);
    if (namespaces.empty()) pod_namespaces_.erase(ip.value);
    count(namespaces_, ns, -1);
    pods_.erase(found);
}

const DnsService* DnsZone::find_service(std::string_view ns, std::string_view name) const {
    const auto found = services_.find(joined(name, ns));
    return found == services_.end() ? nullptr : &found->second;
}

bool DnsZone::has_namespace(std::string_view ns) const { return namespaces_.find(ns) != namespaces_.end(); }

bool DnsZone::has_pod(std::string_view ns, Ipv4 ip) const {
    const auto found = pod_namespaces_.find(ip.value);
    if (found == pod_namespaces_.end()) return false;
    return std::find(found->second.begin(), found->second.end(), ns) != found->second.end();
}

std::vector<std::string> DnsZone::names_of(Ipv4 ip) const {
    std::vector<std::string> names;
    const auto found = reverse_.find(ip.value);
    if (found == reverse_.end()) return names;
    for (const Reverse& reverse : found->second) names.push_back(reverse.name);
    return names;
}

std::string dashed(Ipv4 ip) {
    std::string text = ip.text();
    std::replace(text.begin(), text.end(), '.', '-');
    return text;
}

std::string endpoint_label(const DnsEndpoint& endpoint) {
    return endpoint.hostname.empty() ? dashed(endpoint.ip) : endpoint.hostname;
}

}  // namespace orilla::network
