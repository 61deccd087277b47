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
    const std::string prefix =
        fmt::format("{}{}{}", restricted ? "restricted-" : "", inside ? "inside-" : "", node_port ? "node-port-" : "");
    if (endpoints == 0) return prefix + (drops ? "dropped" : "reject");
    if (affinity_timeout_s == 0) return fmt::format("{}endpoints-{}", prefix, endpoints);
    return fmt::format("{}affinity-{}-{}", prefix, endpoints, affinity_timeout_s);
}

std::optional<ServiceChain> parse_service_chain(const std::string& name) {
    ServiceChain chain;
    std::string_view rest(name);
    chain.restricted = take_prefix(rest, "restricted-");
    chain.inside = take_prefix(rest, "inside-");
    chain.node_port = take_prefix(rest, "node-port-");
    if (rest == "reject" || rest == "dropped") {
        chain.drops = rest == "dropped";
        return chain;
    }
    const bool affinity = take_prefix(rest, "affinity-");
    if (!affinity && !take_prefix(rest, "endpoints-")) return std::nullopt;
    const auto count = take_short_number(rest);
    if (!count || *count == 0 || *count > endpoints_per_service_port_max) return std::nullopt;
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
        case ServiceMap::inside: return "inside";
        case ServiceMap::sources: return "sources";
        case ServiceMap::owned: return "owned";
    }
    return "?";
}

// ---- what the services want ------------------------------------------------------------------------------------------

namespace {
std::vector<Endpoint> usable_endpoints(const std::string& owner, std::vector<Endpoint> endpoints) {
    std::sort(endpoints.begin(), endpoints.end());
    endpoints.erase(std::unique(endpoints.begin(), endpoints.end()), endpoints.end());
    if (endpoints.size() > endpoints_per_service_port_max) {
        log::warning(fmt::format("service {} has {} endpoints: only {} are used", owner, endpoints.size(),
                                 endpoints_per_service_port_max));
        endpoints.resize(endpoints_per_service_port_max);
    }
    return endpoints;
}
}  // namespace

ServiceState::Wants ServiceState::wants_of(const std::string& owner, const std::vector<ServicePortSpec>& ports) {
    Wants wants;
    for (const ServicePortSpec& port : ports) {
        Backends one;
        one.endpoints = usable_endpoints(owner, port.endpoints);
        one.affinity_timeout_s = static_cast<uint32_t>(std::clamp<int64_t>(port.affinity_timeout_s, 0, affinity_timeout_s_max));
        one.drops = port.drops && one.endpoints.empty();
        if (port.inside_endpoints) one.inside = usable_endpoints(owner, *port.inside_endpoints);
        if (one.inside == one.endpoints) one.inside.reset();
        if (port.node_port) wants.emplace(Frontend{true, {}, port.protocol, port.node_port}, std::make_shared<Backends>(one));
        one.owned = port.owns_ips;
        one.sources = port.sources;
        std::sort(one.sources.begin(), one.sources.end());
        one.sources.erase(std::unique(one.sources.begin(), one.sources.end()), one.sources.end());
        const auto backends = std::make_shared<Backends>(std::move(one));
        for (const Ipv4 ip : port.cluster_ips)
            if (ip) wants.emplace(Frontend{false, ip, port.protocol, port.port}, backends);
    }
    return wants;
}

ServiceChain ServiceState::chain_of(const Frontend& frontend, const Backends& backends, bool inside) {
    const std::vector<Endpoint>& endpoints = inside ? *backends.inside : backends.endpoints;
    ServiceChain chain;
    chain.drops = endpoints.empty() && backends.drops && !inside;
    chain.restricted = !backends.sources.empty() && !chain.drops;
    if (endpoints.empty()) return chain;
    chain.node_port = frontend.node_port;
    chain.inside = inside;
    chain.endpoints = static_cast<uint16_t>(endpoints.size());
    chain.affinity_timeout_s = backends.affinity_timeout_s;
    return chain;
}

/// Of the rejecting one there is nothing to count.
std::vector<ServiceChain> ServiceState::chains_of(const Frontend& frontend, const Backends& backends) {
    std::vector<ServiceChain> chains{chain_of(frontend, backends, false)};
    if (backends.inside) chains.push_back(chain_of(frontend, backends, true));
    std::erase_if(chains, [](const ServiceChain& chain) { return chain.rejects(); });
    return chains;
}

namespace {
ServiceElement element_at(const Frontend& frontend, ServiceMap map) {
    ServiceElement element;
    element.map = map;
    element.ip = frontend.ip;
    element.protocol = frontend.protocol;
    element.port = frontend.port;
    return element;
}
}  // namespace

void ServiceState::render(const Frontend& frontend, const Backends& backends, Elements& own, Elements& shared) const {
    ServiceElement entry = element_at(frontend, frontend.node_port ? ServiceMap::node_ports : ServiceMap::services);
    entry.chain = chain_of(frontend, backends, false);
    own.push_back(entry);
    render_endpoints(frontend, backends, false, own, shared);
    if (backends.inside) {
        entry.map = ServiceMap::inside;
        entry.chain = chain_of(frontend, backends, true);
        own.push_back(entry);
        render_endpoints(frontend, backends, true, own, shared);
    }
    ServiceElement source = element_at(frontend, ServiceMap::sources);
    for (const Cidr& range : backends.sources) {
        source.source = range;
        own.push_back(source);
    }
    if (backends.owned) shared.push_back({ServiceMap::owned, frontend.ip});
}

void ServiceState::render_endpoints(const Frontend& frontend, const Backends& backends, bool inside, Elements& own,
                                    Elements& shared) const {
    ServiceElement entry = element_at(frontend, ServiceMap::endpoints);
    if (inside) entry.slot = inside_slots;
    for (const Endpoint& endpoint : inside ? *backends.inside : backends.endpoints) {
        entry.endpoint = endpoint;
        own.push_back(entry);
        ++entry.slot;
        // A pod that reaches itself must believe it talks to the node; an endpoint elsewhere must answer through us.
        ServiceElement far;
        if (pod_cidr_.contains(endpoint.ip)) far = {ServiceMap::hairpin, endpoint.ip};
        else far = {ServiceMap::remote_endpoints, endpoint.ip, frontend.protocol, endpoint.port};
        shared.push_back(far);
    }
    if (backends.affinity_timeout_s > 0) render_affinity(frontend, backends, inside, own);
}

/// Clients are remembered with a number for their endpoint that stays when others come and go. The two kinds of clients have
/// numbers of their own: an endpoint that is not for one of them is not remembered for it.
void ServiceState::render_affinity(const Frontend& frontend, const Backends& backends, bool inside, Elements& own) {
    const std::vector<Endpoint>& endpoints = inside ? *backends.inside : backends.endpoints;
    constexpr uint32_t kind_bit = 1u << 31;
    std::set<uint32_t> taken;
    for (uint32_t slot = 0; slot < endpoints.size(); ++slot) {
        const Endpoint& endpoint = endpoints[slot];
        uint32_t id = ((endpoint.ip.value ^ uint32_t{endpoint.port} << 16) * 0x9e3779b1u) & ~kind_bit;
        while (!taken.insert(id).second) id = (id + 1) & ~kind_bit;
        ServiceElement element = element_at(frontend, ServiceMap::affinity_slots);
        element.affinity_id = inside ? id | kind_bit : id;
        element.slot = inside ? inside_slots + slot : slot;
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
        for (const ServiceChain& chain : after ? chains_of(frontend, *after) : std::vector<ServiceChain>()) {
            if (chains_[chain]++ > 0) continue;
            change.chains_added.push_back(chain);
            change.elements_added.push_back(element_of(chain));
        }
        if (before) std::ranges::copy(chains_of(frontend, *before), std::back_inserter(left));
        if (frontend.protocol != Protocol::udp) continue;
        UdpFrontend& flows = change.udp_frontends.emplace_back();
        flows.destination = {frontend.ip, frontend.port};
        if (after) flows.endpoints = after->endpoints;
        if (after && after->inside) std::ranges::copy(*after->inside, std::back_inserter(flows.endpoints));
        std::sort(flows.endpoints.begin(), flows.endpoints.end());
    }
    // What is given up comes after what is taken, so that nothing is removed that is needed again.
    for (const ServiceElement& element : released) {
        if (--shared_[element] > 0) continue;
        shared_.erase(element);
        change.elements_removed.push_back(element);
    }
    for (const ServiceChain& chain : left) {
        if (--chains_[chain] > 0) continue;
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

std::optional<std::string> ServiceState::find_owner(const Frontend& frontend) const {
    const auto found = claims_.find(frontend);
    if (found == claims_.end()) return std::nullopt;
    return *found->second.front().owner;
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
