#include "gateway/gateway_plan.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "orilla/base/text.hpp"
#include "orilla/kinds/gateway_facts.hpp"
#include "orilla/objects/queue_key.hpp"

namespace orilla::proxy {
namespace {

/// What is done here, by the names of the Gateway API; sorted.
constexpr std::string_view supported_features[] = {
    "GRPCRoute",
    "GRPCRouteNamedRouteRule",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayPort8080",
    "HTTPRoute",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolWebSocket",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteCORS",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteSchemeRedirect",
    "ReferenceGrant",
};

std::array<std::string_view, 2> route_kinds() {
    return {api::kind_of<api::HTTPRoute>().kind, api::kind_of<api::GRPCRoute>().kind};
}

void read_kinds(const api::Listener& listener, ListenerFacts& facts) {
    const auto take = [&facts](std::string_view kind) {
        if (std::ranges::find(facts.kinds, kind) == facts.kinds.end()) facts.kinds.emplace_back(kind);
    };
    const bool asks = listener.allowed_routes && !listener.allowed_routes->kinds.empty();
    if (!asks && facts.is_supported)
        for (const auto kind : route_kinds()) take(kind);
    if (!asks) return;
    const auto all = route_kinds();
    for (const auto& asked : listener.allowed_routes->kinds) {
        const bool known = facts.is_supported && asked.group.value_or(api::gateway_group) == api::gateway_group &&
                           std::ranges::find(all, asked.kind.view()) != all.end();
        if (known) take(asked.kind);
        else facts.asks_for_bad_kinds = true;
    }
}

/// On one port there is either TLS or none; and a host stands there once.
void find_conflicts(std::vector<ListenerFacts>& all) {
    for (ListenerFacts& one : all)
        for (const ListenerFacts& other : all) {
            if (&one == &other || one.port != other.port || !one.is_supported || !other.is_supported) continue;
            if (one.protocol != other.protocol) one.conflict = "ProtocolConflict";
            else if (one.host == other.host && one.conflict.empty()) one.conflict = "HostnameConflict";
        }
}

struct CertificateVerdict {
    std::string_view reason;  ///< empty: they are good
    std::string message;
    std::vector<std::string> secrets;
};

CertificateVerdict judge_certificates(const api::Gateway& gateway, const api::Listener& listener,
                                      const GatewaySurroundings& around) {
    CertificateVerdict out;
    if (!listener.tls) return out;
    const std::string_view own = gateway.metadata.namespace_;
    for (const auto& ref : listener.tls->certificate_refs) {
        const std::string_view ns = ref.namespace_.value_or(own), kind = api::kind_of<api::Secret>().kind;
        const std::string secret = objects::key_of(ns, ref.name);
        std::string why;
        std::string_view reason = "InvalidCertificateRef";
        if (!ref.group.value_or("").empty() || ref.kind.value_or(kind) != kind)
            why = fmt::format("certificateRef {}: only Secrets can be named", ref.name.view());
        else if (ns != own && !around.is_granted({api::kind_of<api::Gateway>().kind, own, kind, ns, ref.name}))
            reason = "RefNotPermitted", why = fmt::format("no ReferenceGrant lets it name secret \"{}\"", secret);
        else why = around.why_not(secret);
        if (why.empty()) out.secrets.push_back(secret);
        else if (out.reason.empty()) out.reason = reason, out.message = why;
    }
    return out;
}

class GatewayPlanner {
  public:
    GatewayPlanner(const api::Gateway& gateway, const GatewaySurroundings& around) : gateway_(gateway), around_(around) {}

    GatewayPlan plan() {
        const auto facts = read_listeners(gateway_);
        for (size_t i = 0; i < facts.size(); ++i) plan_listener(gateway_.spec.listeners[i], facts[i]);
        plan_addresses();
        plan_gateway_conditions(facts.size());
        if (!is_accepted_) out_.listeners.clear();
        return std::move(out_);
    }

  private:
    void plan_listener(const api::Listener& listener, const ListenerFacts& facts) {
        const CertificateVerdict certificates = judge_certificates(gateway_, listener, around_);
        const bool has_keys = facts.protocol != gateway::ListenerProtocol::https || !certificates.secrets.empty();
        const std::string fault = around_.fault(facts.key);
        std::vector<Verdict> verdicts;
        const bool conflicts = !facts.conflict.empty();
        verdicts.push_back({"Conflicted", conflicts, conflicts ? facts.conflict : "NoConflicts",
                            conflicts ? "another listener of this port excludes it" : ""});
        const bool accepted = facts.is_supported && !conflicts && fault.empty();
        std::string_view reason = "Accepted";
        if (!facts.is_supported) reason = "UnsupportedProtocol";
        else if (conflicts) reason = facts.conflict;
        else if (!fault.empty()) reason = "PortUnavailable";
        verdicts.push_back({"Accepted", accepted, reason,
                            !facts.is_supported ? fmt::format("protocol {} is not served", listener.protocol.view()) : fault});
        const bool bad_kinds = facts.asks_for_bad_kinds;
        const bool resolved = certificates.reason.empty() && !bad_kinds;
        verdicts.push_back({"ResolvedRefs", resolved,
                            bad_kinds  ? "InvalidRouteKinds"
                            : resolved ? "ResolvedRefs"
                                       : certificates.reason,
                            bad_kinds ? "allowedRoutes names kinds that it does not serve" : certificates.message});
        const bool programmed = accepted && has_keys && certificates.reason.empty();
        verdicts.push_back({"Programmed", programmed, programmed ? "Programmed" : "Invalid", ""});
        accepted_ += static_cast<size_t>(accepted);
        good_ += static_cast<size_t>(accepted && resolved);
        programmed_ += static_cast<size_t>(programmed);
        if (programmed || !fault.empty()) put_listener(facts, certificates.secrets);
        put_status(facts, verdicts);
    }

    void put_listener(const ListenerFacts& facts, const std::vector<std::string>& secrets) {
        auto& made = out_.listeners.emplace_back();
        made.key = facts.key;
        made.port = facts.port;
        made.protocol = facts.protocol;
        made.host = {facts.host, false};
        made.certificates = secrets;
    }

    void put_status(const ListenerFacts& facts, const std::vector<Verdict>& verdicts) {
        auto& status = out_.status.listeners.emplace_back();
        status.name = api::Str(facts.section);
        for (const std::string& kind : facts.kinds) {
            auto& supported = status.supported_kinds.emplace_back();
            supported.group = api::gateway_group;
            supported.kind = api::Str(kind);
        }
        status.attached_routes = static_cast<int32_t>(around_.attached_routes(facts.key));
        api::List<api::Condition> before;
        for (const auto& old : gateway_.status.listeners)
            if (old.name == facts.section) before = old.conditions;
        status.conditions = render_conditions(verdicts, before, gateway_.metadata.generation, around_.now_s);
    }

    void plan_addresses() {
        for (const auto& wanted : gateway_.spec.addresses) {
            if (wanted.type.value_or("IPAddress") != "IPAddress") bad_type_ = wanted.type->str();
            else if (!wanted.value.empty() && wanted.value != around_.node_ip.text()) bad_address_ = wanted.value.str();
        }
        if (!around_.node_ip || !bad_address_.empty() || !bad_type_.empty()) return;
        auto& place = out_.status.addresses.emplace_back();
        place.type = "IPAddress";
        place.value = api::Str(around_.node_ip.text());
    }

    void plan_gateway_conditions(size_t listeners) {
        Verdict accepted{"Accepted", true, "Accepted", ""};
        if (!bad_type_.empty())
            accepted = {"Accepted", false, "UnsupportedAddress",
                        fmt::format("addresses of type {} are not supported", bad_type_)};
        else if (good_ < listeners)
            accepted = {"Accepted", accepted_ > 0, "ListenersNotValid",
                        "some listeners are not valid: their conditions say why"};
        is_accepted_ = accepted.is_so;
        Verdict programmed{"Programmed", true, "Programmed", ""};
        if (!accepted.is_so || programmed_ == 0) programmed = {"Programmed", false, "Invalid", "no listener can be served"};
        else if (!bad_address_.empty())
            programmed = {"Programmed", false, "AddressNotUsable", fmt::format("{} is not the node's address", bad_address_)};
        else if (!around_.node_ip) programmed = {"Programmed", false, "AddressNotAssigned", "the node has no address"};
        out_.status.conditions =
            render_conditions({accepted, programmed}, gateway_.status.conditions, gateway_.metadata.generation, around_.now_s);
    }

    const api::Gateway& gateway_;
    const GatewaySurroundings& around_;
    GatewayPlan out_;
    size_t accepted_ = 0, good_ = 0, programmed_ = 0;
    bool is_accepted_ = false;
    std::string bad_type_, bad_address_;
};

}  // namespace

std::vector<ListenerFacts> read_listeners(const api::Gateway& gateway) {
    std::vector<ListenerFacts> out;
    for (const auto& listener : gateway.spec.listeners) {
        ListenerFacts& facts = out.emplace_back();
        facts.section = listener.name.str();
        facts.key = fmt::format("gateway/{}/{}", objects::key_of(gateway.metadata), facts.section);
        facts.port = static_cast<uint16_t>(listener.port);
        facts.host = lowered(listener.hostname.value_or(""));
        facts.is_supported = listener.protocol == "HTTP" || (listener.protocol == "HTTPS" && listener.tls);
        if (listener.protocol == "HTTPS") facts.protocol = gateway::ListenerProtocol::https;
        if (listener.allowed_routes && listener.allowed_routes->namespaces)
            facts.namespaces = listener.allowed_routes->namespaces.get();
        read_kinds(listener, facts);
    }
    find_conflicts(out);
    return out;
}

std::vector<CertificateUse> plan_certificates(const api::Gateway& gateway,
                                              const std::function<bool(const Crossing&)>& is_granted) {
    std::vector<CertificateUse> out;
    const std::string_view own = gateway.metadata.namespace_, kind = api::kind_of<api::Secret>().kind;
    for (const auto& listener : gateway.spec.listeners) {
        if (!listener.tls) continue;
        for (const auto& ref : listener.tls->certificate_refs) {
            const std::string_view ns = ref.namespace_.value_or(own);
            if (!ref.group.value_or("").empty() || ref.kind.value_or(kind) != kind) continue;
            if (ns != own && !is_granted({api::kind_of<api::Gateway>().kind, own, kind, ns, ref.name})) continue;
            CertificateUse& use = out.emplace_back();
            use.secret = objects::key_of(ns, ref.name);
            if (!listener.hostname.value_or("").empty()) use.hosts.push_back(lowered(*listener.hostname));
        }
    }
    return out;
}

GatewayPlan plan_gateway(const api::Gateway& gateway, const GatewaySurroundings& around) {
    return GatewayPlanner(gateway, around).plan();
}

bool is_accepted(const api::GatewayClass& one) { return api::is_ours(one) && !one.spec.parameters_ref; }

api::GatewayClassStatus plan_gateway_class(const api::GatewayClass& one, int64_t now_s) {
    api::GatewayClassStatus out;
    Verdict accepted{"Accepted", true, "Accepted", ""};
    if (!is_accepted(one)) accepted = {"Accepted", false, "InvalidParameters", "this controller takes no parameters"};
    out.conditions = render_conditions({accepted}, one.status.conditions, one.metadata.generation, now_s);
    for (const auto feature : supported_features) out.supported_features.emplace_back().name = api::Str(feature);
    return out;
}

}  // namespace orilla::proxy
