// What the kernel's maps must say for a set of services, and what a change of one service changes in them. Pure: no
// netlink, no clock. One frontend (address or node port, protocol, port) belongs to the first owner that wants it.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netlink/conntrack.hpp"
#include "orilla/network/service_rules.hpp"

namespace orilla::network {

/// Where the slots of `inside` chains begin.
constexpr uint32_t inside_slots = 1u << 16;
constexpr int64_t affinity_timeout_s_max = 86'400;  ///< the API's own limit

/// Where connections arrive.
struct Frontend {
    bool node_port = false;  ///< on any address of the node; `ip` is 0
    Ipv4 ip;
    Protocol protocol = Protocol::tcp;
    uint16_t port = 0;
    auto operator<=>(const Frontend&) const = default;
    /// "10.43.0.1:443/TCP", "node port 30080/TCP"
    std::string text() const;
};

/// A chain that picks one of `endpoints`; without any it rejects or drops.
struct ServiceChain {
    bool node_port = false;
    uint16_t endpoints = 0;
    uint32_t affinity_timeout_s = 0;
    bool inside = false;      ///< for pods and the node: other slots
    bool restricted = false;  ///< for the clients in `sources` alone
    bool drops = false;
    auto operator<=>(const ServiceChain&) const = default;
    /// The one that is always there.
    bool rejects() const { return endpoints == 0 && !restricted && !drops; }
    /// "endpoints-3", "node-port-affinity-3-10800", "restricted-inside-endpoints-2", "restricted-reject", "dropped", "reject"
    std::string name() const;
};
std::optional<ServiceChain> parse_service_chain(const std::string& name);

enum class ServiceMap : uint8_t {
    chains,
    services,
    node_ports,
    endpoints,
    affinity_slots,
    affinity_endpoints,
    hairpin,
    remote_endpoints,
    inside,
    sources,
    owned,
};
inline constexpr std::array service_maps = {
    ServiceMap::chains,         ServiceMap::services,
    ServiceMap::node_ports,     ServiceMap::endpoints,
    ServiceMap::affinity_slots, ServiceMap::affinity_endpoints,
    ServiceMap::hairpin,        ServiceMap::remote_endpoints,
    ServiceMap::inside,         ServiceMap::sources,
    ServiceMap::owned,
};
const char* map_name(ServiceMap map);

/// One element of one map. What a map's keys do not have is zero.
struct ServiceElement {
    ServiceMap map = ServiceMap::services;
    Ipv4 ip;
    Protocol protocol = Protocol::tcp;
    uint16_t port = 0;
    uint32_t slot = 0;         ///< key in endpoints and affinity_slots
    uint32_t affinity_id = 0;  ///< value in affinity_slots, key in affinity_endpoints
    Endpoint endpoint;         ///< value in endpoints and affinity_endpoints
    ServiceChain chain;        ///< key in chains, value in services, node_ports and inside
    Cidr source = {{}, 0};     ///< key in sources
    auto operator<=>(const ServiceElement&) const = default;
};

/// Everything in the kernel's table that services decide about.
struct ServiceTableContents {
    std::set<ServiceChain> chains;         ///< without the rejecting one, which is always there
    std::vector<ServiceElement> elements;  ///< sorted, each once; without the rejecting chain's
};

/// In this order: chains_added, elements_removed, elements_added, chains_removed.
struct ServiceChange {
    std::vector<ServiceChain> chains_added;
    std::vector<ServiceElement> elements_removed;
    std::vector<ServiceElement> elements_added;
    std::vector<ServiceChain> chains_removed;
    std::vector<UdpFrontend> udp_frontends;  ///< those whose flows are to be looked at
    bool empty() const {
        return chains_added.empty() && elements_removed.empty() && elements_added.empty() && chains_removed.empty();
    }
};

/// What turns `seen` into `desired`.
ServiceChange plan_service_change(const ServiceTableContents& desired, const ServiceTableContents& seen);

class ServiceState {
  public:
    explicit ServiceState(Cidr pod_cidr) : pod_cidr_(pod_cidr) {}

    /// Replaces what `owner` wants.
    ServiceChange set(const std::string& owner, const std::vector<ServicePortSpec>& ports);
    ServiceTableContents contents() const;
    /// Of contents(), without the cost of its elements.
    std::set<ServiceChain> chains() const;
    std::optional<std::string> find_conflict(const std::string& owner) const;
    std::optional<std::string> find_owner(const Frontend& frontend) const;

  private:
    struct Backends {
        std::vector<Endpoint> endpoints;  ///< sorted, each once
        uint32_t affinity_timeout_s = 0;
        bool drops = false;
        std::optional<std::vector<Endpoint>> inside = {};  ///< where they differ
        std::vector<Cidr> sources = {};
        bool owned = false;
        bool operator==(const Backends&) const = default;
    };
    using BackendsPtr = std::shared_ptr<const Backends>;
    using Wants = std::map<Frontend, BackendsPtr>;
    struct Claim {
        const std::string* owner;  ///< a key of owners_
        BackendsPtr backends;
    };
    struct Replacement {
        Frontend frontend;
        BackendsPtr before;
        BackendsPtr after;
    };

    static Wants wants_of(const std::string& owner, const std::vector<ServicePortSpec>& ports);
    BackendsPtr winner(const Frontend& frontend) const;
    void claim(const Frontend& frontend, const std::string* owner, BackendsPtr backends);
    ServiceChange plan(const std::vector<Replacement>& replacements);
    /// Elements that only this frontend has, and those that frontends share.
    using Elements = std::vector<ServiceElement>;
    void render(const Frontend& frontend, const Backends& backends, Elements& own, Elements& shared) const;
    void render_endpoints(const Frontend& frontend, const Backends& backends, bool inside, Elements& own,
                          Elements& shared) const;
    static void render_affinity(const Frontend& frontend, const Backends& backends, bool inside, Elements& own);
    static ServiceChain chain_of(const Frontend& frontend, const Backends& backends, bool inside);
    static std::vector<ServiceChain> chains_of(const Frontend& frontend, const Backends& backends);

    Cidr pod_cidr_;
    std::map<std::string, Wants> owners_;
    std::map<Frontend, std::vector<Claim>> claims_;
    std::map<ServiceElement, int> shared_;
    std::map<ServiceChain, int> chains_;
};

}  // namespace orilla::network
