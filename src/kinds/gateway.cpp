// Gateways.
#include <fmt/core.h>
#include <algorithm>
#include <set>
#include <tuple>

#include "gateway_checks.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

constexpr size_t listeners_max = 64, certificates_max = 64, kinds_allowed_max = 8, addresses_max = 16;

bool has_no_tls(std::string_view protocol) { return protocol == "HTTP" || protocol == "TCP" || protocol == "UDP"; }
bool has_no_hosts(std::string_view protocol) { return protocol == "TCP" || protocol == "UDP"; }

void check_listener_tls(const ListenerTLSConfig& tls, const Path& path, FieldErrors& errors) {
    const Path refs = path / "certificateRefs";
    if (tls.mode == "Terminate" && tls.certificate_refs.empty())
        complain_rule(path, "object", "certificateRefs or options must be specified when mode is Terminate", errors);
    check_items_max(tls.certificate_refs.size(), certificates_max, refs, errors);
    for (size_t i = 0; i < tls.certificate_refs.size() && !errors.full(); ++i) {
        const Path at = refs[i];
        const SecretObjectReference& ref = tls.certificate_refs[i];
        check_group(ref.group.value_or(""), at / "group", errors);
        check_kind_name(ref.kind.value_or("Secret"), at / "kind", errors);
        if (ref.namespace_) check_namespace_ref(*ref.namespace_, at / "namespace", errors);
    }
}

void check_allowed_routes(const AllowedRoutes& allowed, const Path& path, FieldErrors& errors) {
    const Path kinds = path / "kinds", namespaces = path / "namespaces";
    check_items_max(allowed.kinds.size(), kinds_allowed_max, kinds, errors);
    for (size_t i = 0; i < allowed.kinds.size(); ++i) {
        const Path at = kinds[i];
        check_group(allowed.kinds[i].group.value_or(""), at / "group", errors);
        check_kind_name(allowed.kinds[i].kind, at / "kind", errors);
    }
    if (allowed.namespaces && allowed.namespaces->selector)
        check_label_selector(*allowed.namespaces->selector, namespaces / "selector", errors);
}

void check_listener(const Listener& listener, const Path& path, FieldErrors& errors) {
    if (!listener.name.empty()) check_section_name(listener.name, path / "name", errors);
    if (listener.hostname && !listener.hostname->empty()) check_gateway_hostname(*listener.hostname, path / "hostname", errors);
    check_range(listener.port, 1, 65535, path / "port", errors);
    if (listener.tls) check_listener_tls(*listener.tls, path / "tls", errors);
    if (listener.allowed_routes) check_allowed_routes(*listener.allowed_routes, path / "allowedRoutes", errors);
}

/// What the CRD says of all of them together.
void check_listeners(const List<Listener>& listeners, const Path& path, FieldErrors& errors) {
    std::set<std::string_view> names;
    std::set<std::tuple<int32_t, std::string_view, std::string_view>> places;
    bool tls_too_much = false, wrong_mode = false, no_mode = false, host_too_much = false, same_name = false,
         same_place = false;
    for (size_t i = 0; i < listeners.size() && !errors.full(); ++i) {
        const Listener& one = listeners[i];
        check_listener(one, path[i], errors);
        tls_too_much |= has_no_tls(one.protocol) && one.tls;
        wrong_mode |= one.protocol == "HTTPS" && one.tls && one.tls->mode.value_or("Terminate") != "Terminate";
        no_mode |= one.protocol == "TLS" && (!one.tls || one.tls->mode.value_or("").empty());
        host_too_much |= has_no_hosts(one.protocol) && !one.hostname.value_or("").empty();
        same_name |= !names.insert(one.name).second;
        same_place |= !places.insert({one.port, one.protocol, one.hostname.value_or("")}).second;
    }
    const auto say = [&](bool is_so, std::string_view message) {
        if (is_so) complain_rule(path, "array", message, errors);
    };
    say(tls_too_much, "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']");
    say(wrong_mode, "tls mode must be Terminate for protocol HTTPS");
    say(no_mode, "tls mode must be set for protocol TLS");
    say(host_too_much, "hostname must not be specified for protocols ['TCP', 'UDP']");
    say(same_name, "Listener name must be unique within the Gateway");
    say(same_place, "Combination of port, protocol and hostname must be unique for each listener");
}

void check_addresses(const List<GatewaySpecAddress>& addresses, const Path& path, FieldErrors& errors) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    check_items_max(addresses.size(), addresses_max, path, errors);
    for (size_t i = 0; i < addresses.size() && !errors.full(); ++i) {
        const Path at = path[i];
        const std::string_view type = addresses[i].type.value_or("IPAddress"), value = addresses[i].value;
        if (type == "IPAddress" && !value.empty() && !is_ipv4(value) && !is_ipv6(value))
            errors.invalid(at / "value", value, "must be a valid IP address");
        if (type == "Hostname" && !value.empty()) check_gateway_hostname(value, at / "value", errors);
        if (!value.empty() && !seen.insert({type, value}).second)
            complain_rule(path, "array", fmt::format("{} values must be unique", type), errors);
    }
}

void check_gateway(const Gateway& one, FieldErrors& errors) {
    const Path spec("spec");
    const Path listeners = spec / "listeners";
    if (one.spec == GatewaySpec{}) errors.required(spec / "gatewayClassName"), errors.required(listeners);
    check_items_max(one.spec.listeners.size(), listeners_max, listeners, errors);
    if (one.spec.listeners.size() <= listeners_max) check_listeners(one.spec.listeners, listeners, errors);
    check_addresses(one.spec.addresses, spec / "addresses", errors);
}

void prepare_gateway(Object& object) {
    auto& status = object.as<Gateway>().status;
    status = GatewayStatus{};
    status.conditions.push_back(waiting_condition("Accepted"));
    status.conditions.push_back(waiting_condition("Programmed"));
}

Row render_gateway(const Gateway& one, int64_t now) {
    return {one.metadata.name.view(), one.spec.gateway_class_name.view(),
            one.status.addresses.empty() ? std::string_view() : one.status.addresses[0].value.view(),
            condition_status(one.status.conditions, "Programmed"), render_age(one.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules gateway_rules = {
    .check = checked<Gateway, check_gateway>,
    .prepare_create = prepare_gateway,
    .row = rendered<Gateway, render_gateway>,
};

}  // namespace orilla::api
