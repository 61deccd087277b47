#include "nft/service_state.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cassert>
#include <iterator>

#include "orilla/base/log.hpp"

namespace orilla::network {

namespace {
using Elements = std::vector<ServiceElement>;

void sort_unique(Elements& elements) {
    std::sort(elements.begin(), elements.end());
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
}

ServiceElement element_of(const ServiceChain& chain) {
    ServiceElement element;
    element.map = ServiceMap::chains;
    element.chain = chain;
    return element;
}

const char* protocol_name(Protocol protocol) {
    switch (protocol) {
        case Protocol::tcp: return "TCP";
        case Protocol::udp: return "UDP";
        case Protocol::sctp: return "SCTP";
    }
    return "?";
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::optional<uint32_t> take_short_number(std::string_view& text) {
    uint32_t number = 0;
    size_t digits = 0;
    while (digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9')
        number = number * 10 + static_cast<uint32_t>(text[digits++] - '0');
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    return number;
}
}  // namespace

// ---- names -----------------------------------------------------------------------------------------------------------

std::string Frontend::text() const {
    const std::string where = node_port ? "node port " : ip.text() + ":";
    return fmt::format("{}{}/{}", where, port, protocol_name(protocol));
}

std::string ServiceChain::name() const {
    if (rejects()) return "reject";
    const std::string count = std::to_string(endpoints);
    const std::string prefix = node_port ? "node-port-" : "";
    if (affinity_timeout_s == 0) return fmt::format("{}endpoints-{}", prefix, count);
    return fmt::format("{}affinity-{}-{}", prefix, count, affinity_timeout_s);
}

std::optional<ServiceChain> parse_service_chain(const std::string& name) {
    ServiceChain chain;
    if (name == chain.name()) return chain;
    std::string_view rest(name);
    chain.node_port = take_prefix(rest, "node-port-");
    const bool affinity = take_prefix(rest, "affinity-");
    if (!affinity && !take_prefix(rest, "endpoints-")) return std::nullopt;
    const auto count = take_short_number(rest);
    if (!count || *count > endpoints_per_service_port_max) return std::nullopt;
    chain.endpoints = static_cast<uint16_t>(*count);
    if (affinity) {
        if (!take_prefix(rest, "-")) return std::nullopt;
        chain.affinity_timeout_s = take_short_number(rest).value_or(0);
    }
    if (chain.name() != name) return std::nullopt;
    return chain;
}

const char* map_name(ServiceMap map) {
    switch (map) {
        case ServiceMap::chains: return "chains";
        case ServiceMap::services: return "services";
        case ServiceMap::node_ports: return "node_ports";
        case ServiceMap::endpoints: return "endpoints";
        case ServiceMap::affinity_slots: return "affinity_slots";
        case ServiceMap::affinity_endpoints: return "affinity_endpoints";
        case ServiceMap::hairpin: return "hairpin";
        case ServiceMap::remote_endpoints: return "remote_endpoints";
    }
    return "?";
}

// ---- what the services want ------------------------------------------------------------------------------------------

ServiceState::Wants ServiceState::wants_of(const std::string& owner, const std::vector<ServicePortSpec>& ports) {
    Wants wants;
    for (const ServicePortSpec& port : ports) {
        auto backends = std::make_shared<Backends>();
        backends->endpoints = port.endpoints;
        std::sort(backends->endpoints.begin(), backends->endpoints.end());
        backends->endpoints.erase(std::unique(backends->endpoints.begin(), backends->endpoints.end()),
                                  backends->endpoints.end());
        if (backends->endpoints.size() > endpoints_per_service_port_max) {
            log::warning(fmt::format("service {} has {} endpoints: only {} are used", owner, backends->endpoints.size(),
                                     endpoints_per_service_port_max));
            backends->endpoints.resize(endpoints_per_service_port_max);
        }
        backends->affinity_timeout_s =
            static_cast<uint32_t>(std::clamp<int64_t>(port.affinity_timeout_s, 0, affinity_timeout_s_max));
        for (const Ipv4 ip : port.cluster_ips)
            if (ip) wants.emplace(Frontend{false, ip, port.protocol, port.port}, backends);
        if (port.node_port) wants.emplace(Frontend{true, {}, port.protocol, port.node_port}, backends);
    }
    return wants;
}

ServiceChain ServiceState::chain_of(const Frontend& frontend, const Backends& backends) {
    if (backends.endpoints.empty()) return {};
    return {frontend.node_port, static_cast<uint16_t>(backends.endpoints.size()), backends.affinity_timeout_s};
}

void ServiceState::render(const Frontend& frontend, const Backends& backends, Elements& own, Elements& shared) const {
    ServiceElement entry;
    entry.map = frontend.node_port ? ServiceMap::node_ports : ServiceMap::services;
    entry.ip = frontend.ip;
    entry.protocol = frontend.protocol;
    entry.port = frontend.port;
    entry.chain = chain_of(frontend, backends);
    own.push_back(entry);
    entry.chain = {};
    for (const Endpoint& endpoint : backends.endpoints) {
        entry.map = ServiceMap::endpoints;
        entry.endpoint = endpoint;
        own.push_back(entry);
        ++entry.slot;
        // A pod that reaches itself must believe it talks to the node; an endpoint elsewhere must answer through us.
        ServiceElement far;
        if (pod_cidr_.contains(endpoint.ip)) far = {ServiceMap::hairpin, endpoint.ip};
        else far = {ServiceMap::remote_endpoints, endpoint.ip, frontend.protocol, endpoint.port};
        shared.push_back(far);
    }
    if (backends.affinity_timeout_s > 0) render_affinity(frontend, backends, own);
}

/// Clients are remembered with a number for their endpoint that stays when others come and go.
void ServiceState::render_affinity(const Frontend& frontend, const Backends& backends, Elements& own) {
    std::set<uint32_t> taken;
    for (uint32_t slot = 0; slot < backends.endpoints.size(); ++slot) {
        const Endpoint& endpoint = backends.endpoints[slot];
        uint32_t id = (endpoint.ip.value ^ uint32_t{endpoint.port} << 16) * 0x9e3779b1u;
        while (!taken.insert(id).second) ++id;
        ServiceElement element;
        element.ip = frontend.ip;
        element.protocol = frontend.protocol;
        element.port = frontend.port;
        element.affinity_id = id;
        element.map = ServiceMap::affinity_slots;
        element.slot = slot;
        own.push_back(element);
        element.map = ServiceMap::affinity_endpoints;
        element.slot = 0;
        element.endpoint = endpoint;
        own.push_back(element);
    }
}

ServiceState::BackendsPtr ServiceState::winner(const Frontend& frontend) const {
    const auto found = claims_.find(frontend);
    return found == claims_.end() ? nullptr : found->second.front().backends;
}

/// Without backends the claim is given up.
void ServiceState::claim(const Frontend& frontend, const std::string* owner, BackendsPtr backends) {
    auto& claims = claims_[frontend];
    auto mine = std::find_if(claims.begin(), claims.end(), [owner](const Claim& c) { return c.owner == owner; });
    if (backends) {
        if (mine == claims.end()) claims.push_back({owner, std::move(backends)});
        else mine->backends = std::move(backends);
    } else if (mine != claims.end()) {
        claims.erase(mine);
    }
    if (claims.empty()) claims_.erase(frontend);
}

ServiceChange ServiceState::set(const std::string& owner, const std::vector<ServicePortSpec>& ports) {
    Wants wants = wants_of(owner, ports);
    const auto place = owners_.try_emplace(owner).first;
    Wants& had = place->second;
    std::set<Frontend> touched;
    for (const auto& [frontend, backends] : had) touched.insert(frontend);
    for (const auto& [frontend, backends] : wants) touched.insert(frontend);
    std::vector<Replacement> replacements;
    for (const Frontend& frontend : touched) {
        const BackendsPtr before = winner(frontend);
        const auto wanted = wants.find(frontend);
        claim(frontend, &place->first, wanted == wants.end() ? nullptr : wanted->second);
        const BackendsPtr after = winner(frontend);
        if (before && after && *before == *after) continue;
        if (before || after) replacements.push_back({frontend, before, after});
    }
    if (wants.empty()) owners_.erase(place);
    else had = std::move(wants);
    return plan(replacements);
}

ServiceChange ServiceState::plan(const std::vector<Replacement>& replacements) {
    ServiceChange change;
    std::vector<ServiceElement> released;
    std::vector<ServiceChain> left;
    for (const auto& [frontend, before, after] : replacements) {
        Elements old_own, old_shared, new_own, new_shared;
        if (before) render(frontend, *before, old_own, old_shared);
        if (after) render(frontend, *after, new_own, new_shared);
        for (Elements* elements : {&old_own, &old_shared, &new_own, &new_shared}) sort_unique(*elements);
        std::set_difference(old_own.begin(), old_own.end(), new_own.begin(), new_own.end(),
                            std::back_inserter(change.elements_removed));
        std::set_difference(new_own.begin(), new_own.end(), old_own.begin(), old_own.end(),
                            std::back_inserter(change.elements_added));
        for (const ServiceElement& element : new_shared)
            if (shared_[element]++ == 0) change.elements_added.push_back(element);
        released.insert(released.end(), old_shared.begin(), old_shared.end());
        const ServiceChain chain = after ? chain_of(frontend, *after) : ServiceChain{};
        if (!chain.rejects() && chains_[chain]++ == 0) {
            change.chains_added.push_back(chain);
            change.elements_added.push_back(element_of(chain));
        }
        if (before) left.push_back(chain_of(frontend, *before));
        if (frontend.protocol == Protocol::udp)
            change.udp_frontends.push_back({{frontend.ip, frontend.port}, after ? after->endpoints : std::vector<Endpoint>{}});
    }
    // What is given up comes after what is taken, so that nothing is removed that is needed again.
    for (const ServiceElement& element : released) {
        if (--shared_[element] > 0) continue;
        shared_.erase(element);
        change.elements_removed.push_back(element);
    }
    for (const ServiceChain& chain : left) {
        if (chain.rejects() || --chains_[chain] > 0) continue;
        chains_.erase(chain);
        change.chains_removed.push_back(chain);
        change.elements_removed.push_back(element_of(chain));
    }
    std::sort(change.elements_removed.begin(), change.elements_removed.end());
    std::sort(change.elements_added.begin(), change.elements_added.end());
    return change;
}

std::set<ServiceChain> ServiceState::chains() const {
    std::set<ServiceChain> all;
    for (const auto& [chain, uses] : chains_) all.insert(chain);
    return all;
}

ServiceTableContents ServiceState::contents() const {
    ServiceTableContents all;
    all.chains = chains();
    for (const ServiceChain& chain : all.chains) all.elements.push_back(element_of(chain));
    for (const auto& [frontend, claims] : claims_) render(frontend, *claims.front().backends, all.elements, all.elements);
    sort_unique(all.elements);
    return all;
}

std::optional<std::string> ServiceState::find_conflict(const std::string& owner) const {
    const auto found = owners_.find(owner);
    if (found == owners_.end()) return std::nullopt;
    for (const auto& [frontend, backends] : found->second) {
        const Claim& first = claims_.at(frontend).front();
        if (*first.owner != owner) return fmt::format("{} is already served for {}", frontend.text(), *first.owner);
    }
    return std::nullopt;
}

// ---- against what the kernel has -------------------------------------------------------------------------------------

ServiceChange plan_service_change(const ServiceTableContents& desired, const ServiceTableContents& seen) {
    ServiceChange change;
    std::set_difference(desired.chains.begin(), desired.chains.end(), seen.chains.begin(), seen.chains.end(),
                        std::back_inserter(change.chains_added));
    std::set_difference(seen.chains.begin(), seen.chains.end(), desired.chains.begin(), desired.chains.end(),
                        std::back_inserter(change.chains_removed));
    std::set_difference(seen.elements.begin(), seen.elements.end(), desired.elements.begin(), desired.elements.end(),
                        std::back_inserter(change.elements_removed));
    std::set_difference(desired.elements.begin(), desired.elements.end(), seen.elements.begin(), seen.elements.end(),
                        std::back_inserter(change.elements_added));
    // Nobody knows what changed while nobody looked: every UDP service's flows are looked at.
    std::map<Endpoint, std::set<Endpoint>> udp;
    for (const ServiceTableContents* contents : {&seen, &desired})
        for (const ServiceElement& element : contents->elements) {
            if (element.map != ServiceMap::endpoints || element.protocol != Protocol::udp) continue;
            auto& endpoints = udp[{element.ip, element.port}];
            if (contents == &desired) endpoints.insert(element.endpoint);
        }
    for (const auto& [destination, endpoints] : udp)
        change.udp_frontends.push_back({destination, {endpoints.begin(), endpoints.end()}});
    return change;
}

}  // namespace orilla::network
