#include "gateway/ingress_plan.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/text.hpp"
#include "orilla/kinds/ingress_facts.hpp"
#include "orilla/objects/queue_key.hpp"

namespace orilla::proxy {
namespace {

constexpr int redirect_status = 308;
constexpr std::string_view default_claim = "the default backend";

/// One label in front, as the host of an Ingress and of its certificates mean it.
bool fits_wildcard(std::string_view pattern, std::string_view host) {
    if (!pattern.starts_with("*.")) return false;
    const size_t dot = host.find('.');
    return dot != std::string_view::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

class IngressPlanner {
  public:
    IngressPlanner(const api::Ingress& ingress, const Settings& settings, const FindService& find_service)
        : ingress_(ingress), settings_(settings), find_service_(find_service), name_(objects::key_of(ingress.metadata)) {}

    IngressPlan plan() {
        for (const std::string& sentence : settings_.complaints) complain("InvalidAnnotation", sentence);
        plan_tls();
        for (const auto& rule : ingress_.spec.rules) plan_rule(rule);
        for (gateway::Route& route : by_host_) add_route(std::move(route));
        if (ingress_.spec.default_backend) plan_default(*ingress_.spec.default_backend);
        std::sort(out_.backends.begin(), out_.backends.end());
        out_.backends.erase(std::unique(out_.backends.begin(), out_.backends.end()), out_.backends.end());
        return std::move(out_);
    }

  private:
    void complain(std::string_view reason, std::string message) {
        const Complaint one{std::string(reason), std::move(message)};
        if (std::ranges::find(out_.complaints, one) == out_.complaints.end()) out_.complaints.push_back(one);
    }

    void plan_tls() {
        out_.has_tls = !ingress_.spec.tls.empty();
        for (const auto& tls : ingress_.spec.tls) {
            if (tls.secret_name.empty()) continue;
            CertificateUse use{objects::key_of(ingress_.metadata.namespace_, tls.secret_name), {}};
            for (const auto& host : tls.hosts) use.hosts.push_back(lowered(host));
            out_.certificates.push_back(std::move(use));
        }
    }

    /// A rule for every host is served by TLS with any certificate: which hosts are meant says SNI.
    bool has_tls(std::string_view host) const {
        for (const auto& tls : ingress_.spec.tls) {
            if (tls.hosts.empty() || host.empty()) return true;
            for (const auto& one : tls.hosts)
                if (one == host || fits_wildcard(one, host)) return true;
        }
        return false;
    }

    gateway::Route& route_of(std::string_view host) {
        for (gateway::Route& route : by_host_)
            if (host.empty() ? route.hosts.empty() : !route.hosts.empty() && route.hosts[0].text == host) return route;
        gateway::Route& made = by_host_.emplace_back(make_route(fmt::format("ingress/{}/{}", name_, host)));
        if (!host.empty()) made.hosts.push_back({std::string(host), true});
        return made;
    }

    gateway::Route make_route(std::string key) const {
        gateway::Route route;
        route.key = std::move(key);
        route.created_s = ingress_.metadata.creation_timestamp.unix_s;
        route.name = name_;
        return route;
    }

    void plan_rule(const api::IngressRule& rule) {
        if (!rule.http) {
            if (!ingress_.spec.default_backend)
                complain("NoPaths", fmt::format("host \"{}\" has no paths, and there is no default backend", rule.host.view()));
            return;
        }
        gateway::Route& route = route_of(rule.host);
        for (const auto& path : rule.http->paths) plan_path(rule, path, route);
    }

    void plan_path(const api::IngressRule& rule, const api::HTTPIngressPath& path, gateway::Route& route) {
        gateway::Rule one;
        gateway::Match& match = one.matches.emplace_back();
        const bool exact = api::is_exact(path);
        match.path = {exact ? gateway::PathMatch::Type::exact : gateway::PathMatch::Type::prefix,
                      std::string(api::path_of(path))};
        if (path.path_type == "ImplementationSpecific" && match.path.value.find_first_of("()*|^$[]\\") != std::string::npos)
            complain("PathIsNoPattern", fmt::format("path \"{}\" of type ImplementationSpecific is taken as a prefix, letter "
                                                    "by letter: patterns are not supported",
                                                    match.path.value));
        aim(path.backend, one);
        std::string text = match.path.value;
        if (!exact && text.size() > 1 && text.ends_with('/')) text.pop_back();
        out_.claims.push_back(
            fmt::format("{} {} {}", rule.host.empty() ? "*" : rule.host.view(), exact ? "Exact" : "Prefix", text));
        route.rules.push_back(std::move(one));
    }

    void aim(const api::IngressBackend& backend, gateway::Rule& rule) {
        rule.request_timeout_ms = settings_.request_timeout_ms;
        gateway::Share& share = rule.shares.emplace_back();
        if (!backend.service) return complain("InvalidBackend", "a backend that is no service is not supported");
        const auto& wanted = *backend.service;
        const std::string service = objects::key_of(ingress_.metadata.namespace_, wanted.name);
        const auto found = find_service_(wanted.name);
        const auto& port = wanted.port;
        const auto* known =
            found ? port.name.empty() ? find_service_port(*found, port.number) : find_service_port(*found, port.name) : nullptr;
        const std::string port_text = port.name.empty() ? std::to_string(port.number) : port.name.str();
        // Without its backend a route answers 503, which is what a missing Service is.
        share.backend = fmt::format("{}:{}", service, port_text);
        if (!found) return complain("ServiceNotFound", fmt::format("service \"{}\" not found", wanted.name.view()));
        if (found->spec.type == "ExternalName")
            return complain("ExternalName", fmt::format("service \"{}\" is an ExternalName, which is not followed", service));
        if (!known)
            return complain("PortNotFound", fmt::format("service \"{}\" has no port {}", wanted.name.view(), port_text));
        const BackendRef ref{service, static_cast<uint16_t>(known->port)};
        share.backend = ref.key();
        out_.backends.push_back(ref);
    }

    void add_route(gateway::Route route) {
        const std::string_view host = route.hosts.empty() ? std::string_view() : route.hosts[0].text;
        const bool tls = has_tls(host);
        const bool redirects = settings_.redirects_to_https && tls;
        if (settings_.redirects_to_https && !tls)
            complain("NoTls", fmt::format("host \"{}\" is not redirected to https: it is in no entry of spec.tls", host));
        if (redirects) out_.routes.push_back(redirect_of(route));
        else route.listeners.emplace_back(ingress_http);
        if (tls) route.listeners.emplace_back(ingress_https);
        out_.routes.push_back(std::move(route));
    }

    static gateway::Route redirect_of(const gateway::Route& route) {
        gateway::Route out = route;
        out.key += "?redirect";
        out.listeners = {std::string(ingress_http)};
        gateway::Redirect to;
        to.scheme = "https";
        to.status = redirect_status;
        for (gateway::Rule& rule : out.rules) {
            rule.shares.clear();
            rule.filters = {to};
        }
        return out;
    }

    /// For its own hosts before those of others, and for what is nobody's.
    void plan_default(const api::IngressBackend& backend) {
        gateway::Route own = make_route(fmt::format("ingress/{}?hosts", name_));
        own.is_default = true;
        aim(backend, own.rules.emplace_back());
        gateway::Route rest = own;
        rest.key = fmt::format("ingress/{}?default", name_);
        bool any_tls = false;
        for (const auto& rule : ingress_.spec.rules) {
            if (rule.host.empty()) continue;
            const gateway::HostPattern host{rule.host.str(), true};
            if (std::ranges::find(own.hosts, host) == own.hosts.end()) own.hosts.push_back(host);
            any_tls |= has_tls(rule.host);
        }
        for (gateway::Route* route : {&own, &rest}) route->listeners.emplace_back(ingress_http);
        if (any_tls) own.listeners.emplace_back(ingress_https);
        if (out_.has_tls) rest.listeners.emplace_back(ingress_https);
        if (!own.hosts.empty()) out_.routes.push_back(std::move(own));
        out_.claims.emplace_back(default_claim);
        out_.routes.push_back(std::move(rest));
    }

    const api::Ingress& ingress_;
    const Settings& settings_;
    const FindService& find_service_;
    const std::string name_;
    std::vector<gateway::Route> by_host_;
    IngressPlan out_;
};

}  // namespace

IngressPlan plan_ingress(const api::Ingress& ingress, const Settings& settings, const FindService& find_service) {
    return IngressPlanner(ingress, settings, find_service).plan();
}

}  // namespace orilla::proxy
