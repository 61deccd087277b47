// What the cluster's names say, in memory: filled by its owner, read by whoever answers.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orilla/base/ipv4.hpp"

namespace orilla::network {

struct DnsPort {
    std::string name;      ///< "" when the service's port has none
    std::string protocol;  ///< "tcp", "udp", "sctp"
    uint16_t port = 0;
};

/// One address behind a headless service.
struct DnsEndpoint {
    Ipv4 ip;
    std::string hostname;  ///< the pod's hostname where its subdomain is the service; "" gives the name 10-42-0-5
    std::vector<DnsPort> ports;
};

/// What DNS knows of a service. Headless: no cluster_ips, and the endpoints that are to be seen (the ready ones, or all
/// with publishNotReadyAddresses). ExternalName: only external_name.
struct DnsService {
    std::vector<Ipv4> cluster_ips;
    std::vector<DnsPort> ports;
    std::vector<DnsEndpoint> endpoints;
    std::string external_name;
};

/// Everything the cluster's names say; filled by its owner, read by `answer`. Names are lower case, as in the API.
class DnsZone {
  public:
    struct Reverse {
        std::string name;  ///< the full name, without the last dot
        int uses = 0;
    };
    using Services = std::unordered_map<std::string, DnsService>;

    /// The cidrs say which reverse names are ours to deny.
    DnsZone(std::string cluster_domain, Cidr pod_cidr, Cidr service_cidr);

    void set_namespace(const std::string& ns);
    void remove_namespace(const std::string& ns);
    void set_service(const std::string& ns, const std::string& name, DnsService service);
    void remove_service(const std::string& ns, const std::string& name);
    /// For 10-42-0-5.NAMESPACE.pod.DOMAIN. `pod` is unique, for example its uid.
    void set_pod(const std::string& pod, const std::string& ns, Ipv4 ip);
    void remove_pod(const std::string& pod);

    const std::string& domain() const { return domain_; }
    bool owns_reverse(Ipv4 ip) const { return pod_cidr_.contains(ip) || service_cidr_.contains(ip); }
    const DnsService* find_service(std::string_view ns, std::string_view name) const;
    bool has_namespace(std::string_view ns) const;
    bool has_pod(std::string_view ns, Ipv4 ip) const;
    /// Full names that have this address, without the last dot.
    std::vector<std::string> names_of(Ipv4 ip) const;

  private:
    void index(const std::string& ns, const std::string& name, const DnsService& service, int step);

    std::string domain_;
    Cidr pod_cidr_;
    Cidr service_cidr_;
    Services services_;                                   ///< by "name.namespace"
    std::set<std::string> declared_;                      ///< namespaces that were set
    std::map<std::string, int, std::less<>> namespaces_;  ///< those, and those that services and pods use
    std::unordered_map<uint32_t, std::vector<Reverse>> reverse_;
    std::unordered_map<std::string, std::pair<std::string, Ipv4>> pods_;
    std::unordered_map<uint32_t, std::vector<std::string>> pod_namespaces_;
};

}  // namespace orilla::network
