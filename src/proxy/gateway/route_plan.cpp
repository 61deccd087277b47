#include "gateway/route_plan.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/text.hpp"
#include "orilla/kinds/gateway_facts.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/queue_key.hpp"

namespace orilla::proxy {
namespace {

constexpr int invalid_status = 500;

bool is_regex(const api::Opt<api::Str>& type) { return type == "RegularExpression"; }

gateway::HeaderChange header_change(const api::HTTPHeaderFilter& filter) {
    gateway::HeaderChange out;
    for (const auto& one : filter.set) out.set.emplace_back(one.name.str(), one.value.str());
    for (const auto& one : filter.add) out.add.emplace_back(one.name.str(), one.value.str());
    for (const auto& one : filter.remove) out.remove.push_back(one.str());
    return out;
}

std::optional<gateway::PathChange> path_change(const api::Box<api::HTTPPathModifier>& path) {
    if (!path) return std::nullopt;
    const bool is_prefix = path->type == "ReplacePrefixMatch";
    return gateway::PathChange{is_prefix,
                               std::string((is_prefix ? path->replace_prefix_match : path->replace_full_path).value_or(""))};
}

std::vector<std::string> texts_of(const api::List<api::Str>& list) {
    std::vector<std::string> out;
    for (const auto& one : list) out.push_back(one.str());
    return out;
}

gateway::Cors cors_of(const api::HTTPCORSFilter& filter) {
    return {texts_of(filter.allow_origins),
            texts_of(filter.allow_methods),
            texts_of(filter.allow_headers),
            texts_of(filter.expose_headers),
            filter.max_age,
            filter.allow_credentials.value_or(false)};
}

gateway::Redirect redirect_of(const api::HTTPRequestRedirectFilter& filter) {
    return {std::string(filter.scheme.value_or("")), std::string(filter.hostname.value_or("")), path_change(filter.path),
            static_cast<uint16_t>(filter.port.value_or(0)), filter.status_code.value_or(302)};
}

template <class Values>
std::vector<gateway::ValueMatch> value_matches(const Values& values, bool ignores_case) {
    std::vector<gateway::ValueMatch> out;
    for (const auto& one : values) {
        const auto same = [&](const auto& other) {
            return ignores_case ? equal_fold(other.name, one.name.view()) : other.name == one.name.view();
        };
        // Of equal names the first counts.
        if (std::ranges::any_of(out, same)) continue;
        out.push_back({one.name.str(), one.value.str(), is_regex(one.type)});
    }
    return out;
}

gateway::Match match_of(const api::HTTPRouteMatch& match) {
    gateway::Match out;
    if (match.path) {
        using enum gateway::PathMatch::Type;
        out.path.type = is_regex(match.path->type) ? regex : match.path->type == "Exact" ? exact : prefix;
        out.path.value = std::string(match.path->value.value_or("/"));
    }
    out.method = std::string(match.method.value_or(""));
    out.headers = value_matches(match.headers, true);
    out.query = value_matches(match.query_params, false);
    return out;
}

gateway::Match match_of(const api::GRPCRouteMatch& match) {
    gateway::Match out;
    out.is_grpc = true;
    out.headers = value_matches(match.headers, true);
    if (!match.method) return out;
    const bool regex = is_regex(match.method->type);
    out.grpc_service = {"", std::string(match.method->service.value_or("")), regex};
    out.grpc_method = {"", std::string(match.method->method.value_or("")), regex};
    return out;
}

template <class Route>
class RoutePlanner {
  public:
    RoutePlanner(const Route& route, const RouteSurroundings& around)
        : route_(route), around_(around), kind_(api::kind_of<Route>()), own_(route.metadata.namespace_) {}

    RoutePlan plan() {
        plan_rules();
        for (const auto& parent : route_.status.parents)
            if (parent.controller_name != api::gateway_controller) out_.parents.push_back(parent);
        for (const auto& parent : route_.spec.parent_refs) plan_parent(parent);
        if (!out_.listeners.empty()) finish_route();
        std::sort(out_.backends.begin(), out_.backends.end());
        out_.backends.erase(std::unique(out_.backends.begin(), out_.backends.end()), out_.backends.end());
        return std::move(out_);
    }

  private:
    // ---- parents -------------------------------------------------------------------------------------------------------

    bool allows_namespace(const api::Gateway& gateway, const ListenerFacts& listener) const {
        const std::string_view from = listener.namespaces ? listener.namespaces->from.value_or("Same") : "Same";
        if (from == "All") return true;
        if (from == "Same") return own_ == gateway.metadata.namespace_.view();
        const auto found = from == "Selector" ? around_.find_namespace(own_) : nullptr;
        return found && api::selects(listener.namespaces->selector, found->metadata.labels);
    }

    bool shares_host(const ListenerFacts& listener) const {
        if (route_.spec.hostnames.empty()) return true;
        return std::ranges::any_of(route_.spec.hostnames, [&](const api::Str& host) {
            return intersect_hosts(lowered(host), listener.host).has_value();
        });
    }

    Verdict attach(const api::ParentReference& ref, const api::Gateway& gateway) {
        Verdict out{"Accepted", false, "NoMatchingParent", "no listener has this name and port"};
        for (const ListenerFacts& listener : read_listeners(gateway)) {
            if (ref.section_name && *ref.section_name != listener.section) continue;
            if (ref.port && *ref.port != listener.port) continue;
            const auto turn_down = [&out](std::string_view reason, std::string_view why) {
                if (!out.is_so) out.reason = reason, out.message = why;
            };
            if (std::ranges::find(listener.kinds, kind_.kind) == listener.kinds.end() || !allows_namespace(gateway, listener)) {
                if (out.reason == "NoMatchingParent") turn_down("NotAllowedByListeners", "no listener allows this route");
            } else if (!shares_host(listener)) {
                turn_down("NoMatchingListenerHostname", "no listener is for any of these hosts");
            } else if (!unsupported_.empty()) {
                turn_down("UnsupportedValue", unsupported_);
            } else {
                out = {"Accepted", true, "Accepted", ""};
                if (std::ranges::find(out_.listeners, listener.key) == out_.listeners.end())
                    out_.listeners.push_back(listener.key);
            }
        }
        return out;
    }

    void plan_parent(const api::ParentReference& ref) {
        const std::string_view kind = api::kind_of<api::Gateway>().kind;
        if (ref.group.value_or(api::gateway_group) != api::gateway_group || ref.kind.value_or(kind) != kind) return;
        const auto gateway = around_.find_gateway(ref.namespace_.value_or(own_), ref.name);
        if (!gateway) return;
        const Verdict accepted = attach(ref, *gateway);
        api::List<api::Condition> before;
        for (const auto& old : route_.status.parents)
            if (old.controller_name == api::gateway_controller && old.parent_ref == ref) before = old.conditions;
        auto& status = out_.parents.emplace_back();
        status.parent_ref = ref;
        status.controller_name = api::Str(api::gateway_controller);
        status.conditions = render_conditions({accepted, resolved_}, before, route_.metadata.generation, around_.now_s);
    }

    // ---- rules ---------------------------------------------------------------------------------------------------------

    void unresolved(std::string_view reason, std::string message) {
        if (resolved_.is_so) resolved_ = {"ResolvedRefs", false, reason, std::move(message)};
    }

    /// The backend's key; empty where it cannot be used.
    template <class Ref>
    std::string resolve(const Ref& ref) {
        const std::string_view ns = ref.namespace_.value_or(own_), kind = api::kind_of<api::Service>().kind;
        const std::string service = objects::key_of(ns, ref.name);
        if (!ref.group.value_or("").empty() || ref.kind.value_or(kind) != kind)
            return unresolved("InvalidKind", fmt::format("backend {}: only Services can be named", ref.name.view())), "";
        if (ns != own_ && !around_.is_granted({kind_.kind, own_, kind, ns, ref.name}))
            return unresolved("RefNotPermitted", fmt::format("no ReferenceGrant lets it name service \"{}\"", service)), "";
        const auto found = around_.find_service(ns, ref.name);
        if (!found) return unresolved("BackendNotFound", fmt::format("service \"{}\" not found", service)), "";
        if (found->spec.type == "ExternalName")
            return unresolved("UnsupportedProtocol", fmt::format("service \"{}\" is an ExternalName", service)), "";
        const int32_t port = ref.port.value_or(0);
        if (!find_service_port(*found, port))
            return unresolved("BackendNotFound", fmt::format("service \"{}\" has no port {}", service, port)), "";
        const BackendRef backend{service, static_cast<uint16_t>(port)};
        out_.backends.push_back(backend);
        return backend.key();
    }

    template <class Filter>
    void plan_filter(const Filter& filter, std::vector<gateway::Filter>& out) {
        if (filter.request_header_modifier)
            out.emplace_back(gateway::RequestHeaders{header_change(*filter.request_header_modifier)});
        if (filter.response_header_modifier)
            out.emplace_back(gateway::ResponseHeaders{header_change(*filter.response_header_modifier)});
        if (filter.request_mirror) unsupported_ = "filters of type RequestMirror are not supported";
        if constexpr (requires { filter.cors; }) {
            if (filter.cors) out.emplace_back(cors_of(*filter.cors));
            if (filter.request_redirect) out.emplace_back(redirect_of(*filter.request_redirect));
            if (filter.url_rewrite)
                out.emplace_back(gateway::Rewrite{std::string(filter.url_rewrite->hostname.value_or("")),
                                                  path_change(filter.url_rewrite->path)});
        }
        if (!filter.extension_ref) return;
        unresolved("InvalidKind",
                   fmt::format("extensionRef {}: no filters of other kinds are known", filter.extension_ref->name.view()));
        out.emplace_back(gateway::Respond{invalid_status, "", ""});
    }

    void plan_rules() {
        planned_.rules.reserve(route_.spec.rules.size());
        for (const auto& rule : route_.spec.rules) {
            gateway::Rule& out = planned_.rules.emplace_back();
            for (const auto& match : rule.matches) out.matches.push_back(match_of(match));
            if constexpr (std::is_same_v<Route, api::GRPCRoute>) {
                if (out.matches.empty()) out.matches.push_back(match_of(api::GRPCRouteMatch{}));
            }
            for (const auto& filter : rule.filters) plan_filter(filter, out.filters);
            for (const auto& ref : rule.backend_refs) {
                gateway::Share share{resolve(ref), static_cast<uint32_t>(ref.weight.value_or(1)), {}};
                for (const auto& filter : ref.filters) plan_filter(filter, share.filters);
                out.shares.push_back(std::move(share));
            }
            if constexpr (requires { rule.timeouts; }) {
                if (!rule.timeouts) continue;
                out.request_timeout_ms = api::gateway_duration_ms(rule.timeouts->request.value_or("0s")).value_or(0);
                out.try_timeout_ms = api::gateway_duration_ms(rule.timeouts->backend_request.value_or("0s")).value_or(0);
            }
        }
    }

    void finish_route() {
        planned_.key = fmt::format("{}/{}", kind_.singular, objects::key_of(route_.metadata));
        planned_.listeners = out_.listeners;
        for (const auto& host : route_.spec.hostnames) planned_.hosts.push_back({lowered(host), false});
        planned_.created_s = route_.metadata.creation_timestamp.unix_s;
        planned_.name = objects::key_of(route_.metadata);
        out_.route = std::move(planned_);
    }

    const Route& route_;
    const RouteSurroundings& around_;
    const api::KindInfo& kind_;
    const std::string_view own_;
    gateway::Route planned_;
    Verdict resolved_{"ResolvedRefs", true, "ResolvedRefs", ""};
    std::string_view unsupported_;  ///< what it asks for that is not done here: then nothing of it is served
    RoutePlan out_;
};

}  // namespace

std::optional<std::string> intersect_hosts(std::string_view a, std::string_view b) {
    if (a.empty() || a == b) return std::string(b);
    if (b.empty()) return std::string(a);
    const auto covers = [](std::string_view wildcard, std::string_view host) {
        return wildcard.starts_with("*.") && host.size() > wildcard.size() - 1 && host.ends_with(wildcard.substr(1));
    };
    if (covers(a, b)) return std::string(b);
    if (covers(b, a)) return std::string(a);
    return std::nullopt;
}

RoutePlan plan_route(const api::HTTPRoute& route, const RouteSurroundings& around) {
    return RoutePlanner<api::HTTPRoute>(route, around).plan();
}
RoutePlan plan_route(const api::GRPCRoute& route, const RouteSurroundings& around) {
    return RoutePlanner<api::GRPCRoute>(route, around).plan();
}

}  // namespace orilla::proxy
