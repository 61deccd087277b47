// Ingresses.
#include <fmt/core.h>
#include <algorithm>
#include <string>

#include "checks.hpp"
#include "orilla/kinds/ingress_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_host(std::string_view host, const Path& path, FieldErrors& errors) {
    if (host.find('*') != std::string_view::npos) errors.complain(path, host, check_wildcard_dns1123_subdomain(host));
    else errors.complain(path, host, check_dns1123_subdomain(host));
}

/// What a request never has once its path is in its shortest form: such a rule would never be met, or be got around.
void check_path_form(std::string_view text, const Path& path, FieldErrors& errors) {
    for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F"})
        if (text.find(part) != std::string_view::npos) errors.invalid(path, text, fmt::format("must not contain '{}'", part));
    for (const std::string_view end : {"/..", "/."})
        if (text.ends_with(end)) errors.invalid(path, text, fmt::format("cannot end with '{}'", end));
}

void check_backend_port(const ServiceBackendPort& port, const Path& backend, const Path& service, FieldErrors& errors) {
    const Path at = service / "port";
    if (!port.name.empty() && port.number != 0) return errors.invalid(backend, "", "cannot set both port name & port number");
    if (!port.name.empty()) return errors.complain(at / "name", port.name, check_port_name(port.name));
    if (port.number == 0) return errors.required(backend, "port name or number is required");
    errors.complain(at / "number", port.number, check_port_number(port.number));
}

void check_backend(const IngressBackend& backend, const Path& path, FieldErrors& errors) {
    if (backend.resource && backend.service) return errors.invalid(path, "", "cannot set both resource and service backends");
    if (backend.resource) return;  // refused as it is
    if (!backend.service) return errors.invalid(path, "", "resource or service backend is required");
    const Path service = path / "service";
    const Str& name = backend.service->name;
    if (!name.empty()) errors.complain(service / "name", name, check_dns1035_label(name));
    check_backend_port(backend.service->port, path, service, errors);
}

void check_ingress_path(const HTTPIngressPath& one, const Path& path, FieldErrors& errors) {
    const Path text = path / "path";
    if (!one.path_type) return errors.required(path / "pathType", "pathType must be specified");
    const bool is_free = one.path_type == "ImplementationSpecific";
    if (!one.path.view().starts_with('/') && !(is_free && one.path.empty()))
        errors.invalid(text, one.path, "must be an absolute path");
    if (!is_free) check_path_form(one.path, text, errors);
    check_backend(one.backend, path / "backend", errors);
}

void check_ingress_rules(const List<IngressRule>& rules, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < rules.size() && !errors.full(); ++i) {
        const Path rule = path[i];
        const Path host = rule / "host", http = rule / "http";
        const Path paths = http / "paths";
        if (is_ipv4(rules[i].host) || is_ipv6(rules[i].host))
            errors.invalid(host, rules[i].host, "must be a DNS name, not an IP address");
        if (!rules[i].host.empty()) check_host(rules[i].host, host, errors);
        if (!rules[i].http) continue;
        for (size_t k = 0; k < rules[i].http->paths.size(); ++k) check_ingress_path(rules[i].http->paths[k], paths[k], errors);
    }
}

void check_tls(const List<IngressTLS>& tls, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < tls.size() && !errors.full(); ++i) {
        const Path one = path[i];
        const Path hosts = one / "hosts";
        for (size_t k = 0; k < tls[i].hosts.size(); ++k) check_host(tls[i].hosts[k], hosts[k], errors);
        const Str& secret = tls[i].secret_name;
        if (!secret.empty()) errors.complain(one / "secretName", secret, check_dns1123_subdomain(secret));
    }
}

void check_one_ingress(const Ingress& ingress, FieldErrors& errors) {
    const Path spec("spec");
    const IngressSpec& wanted = ingress.spec;
    if (wanted.rules.empty() && !wanted.default_backend)
        errors.invalid_json(spec, "[]", "either `defaultBackend` or `rules` must be specified");
    if (wanted.default_backend) check_backend(*wanted.default_backend, spec / "defaultBackend", errors);
    check_ingress_rules(wanted.rules, spec / "rules", errors);
    check_tls(wanted.tls, spec / "tls", errors);
    if (wanted.ingress_class_name)
        errors.complain(spec / "ingressClassName", *wanted.ingress_class_name,
                        check_dns1123_subdomain(*wanted.ingress_class_name));
}

void check_new_ingress(const Object& object, FieldErrors& errors) {
    const Ingress& ingress = object.as<Ingress>();
    const Str* older = ingress.metadata.annotations.get(older_ingress_class_annotation);
    const auto& name = ingress.spec.ingress_class_name;
    const Path annotations("annotations");
    if (older && name && *older != *name)
        errors.invalid(annotations / older_ingress_class_annotation, *older,
                       "must match `ingressClassName` when both are specified");
}

Row render_ingress(const Ingress& ingress, int64_t now) {
    std::vector<std::string> hosts, places;
    for (const IngressRule& rule : ingress.spec.rules)
        if (!rule.host.empty()) hosts.push_back(rule.host.str());
    for (const auto& place : ingress.status.load_balancer.ingress)
        places.push_back(place.ip.empty() ? place.hostname.str() : place.ip.str());
    return {ingress.metadata.name.view(),
            ingress.spec.ingress_class_name.value_or(nothing_text),
            first_three_text(hosts, "*"),
            join_text(places),
            ingress.spec.tls.empty() ? "80" : "80, 443",
            render_age(ingress.metadata.creation_timestamp, now)};
}

}  // namespace

std::string_view class_of(const Ingress& ingress) {
    if (ingress.spec.ingress_class_name) return *ingress.spec.ingress_class_name;
    const Str* older = ingress.metadata.annotations.get(older_ingress_class_annotation);
    return older ? older->view() : std::string_view();
}

bool is_exact(const HTTPIngressPath& path) { return path.path_type == "Exact"; }
std::string_view path_of(const HTTPIngressPath& path) { return path.path.empty() ? "/" : path.path.view(); }

const KindRules ingress_rules = {
    .check = checked<Ingress, check_one_ingress>,
    .check_new = check_new_ingress,
    .row = rendered<Ingress, render_ingress>,
};

}  // namespace orilla::api
