#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

const json::object* find_service(const json::array& services, const std::string& name) {
    for (const auto& one : services)
        if (text_at(metadata_of(one.get_object()), "name") == name) return &one.get_object();
    return nullptr;
}

json::array slices_of(const json::array& slices, const std::string& service) {
    json::array out;
    for (const auto& one : slices)
        if (text_at(object_at(metadata_of(one.get_object()), "labels"), api::service_name_label) == service) out.push_back(one);
    return out;
}

/// The Service's port that a backend names.
json::object port_of(const json::object& service, const json::object& wanted) {
    const std::string name = text_at(wanted, "name"), number = text_at(wanted, "number");
    for (const auto& one : array_at(object_at(service, "spec"), "ports")) {
        const json::object& port = one.get_object();
        if (name.empty() ? text_at(port, "port") == number : text_at(port, "name") == name) return port;
    }
    return {};
}

/// "web:80 (10.42.0.5:8080)"
std::string backend_text(const json::object& backend, const Surroundings& around) {
    const json::object& wanted = object_at(backend, "service");
    const json::object& port = object_at(wanted, "port");
    const std::string name = text_at(wanted, "name"), number = text_at(port, "number");
    const std::string text = fmt::format("{}:{}", name, number.empty() ? text_at(port, "name") : number);
    const json::object* service = find_service(around.services, name);
    if (!service) return fmt::format("{} (<error: services \"{}\" not found>)", text, name);
    const std::string endpoints = endpoints_text(slices_of(around.slices, name), port_of(*service, port));
    return fmt::format("{} ({})", text, endpoints.empty() ? "<none>" : endpoints);
}

void describe_tls(Description& out, const json::array& tls) {
    if (tls.empty()) return;
    out.line(0, "TLS:");
    for (const auto& item : tls) {
        const std::string secret = text_at(item.get_object(), "secretName"),
                          hosts = joined(array_at(item.get_object(), "hosts"));
        out.line(1, secret.empty() ? "SNI routes " + hosts : fmt::format("{} terminates {}", secret, hosts));
    }
}

void describe_rules(Description& out, const json::array& rules, const std::string& default_backend,
                    const Surroundings& around) {
    out.line(0, "Rules:\n  Host\tPath\tBackends\n  ----\t----\t--------");
    size_t shown = 0;
    for (const auto& item : rules) {
        const json::object& rule = item.get_object();
        if (!rule.contains("http")) continue;
        ++shown;
        const std::string host = text_at(rule, "host");
        out.line(1, (host.empty() ? "*" : host) + "\t");
        for (const auto& one : array_at(object_at(rule, "http"), "paths"))
            out.line(2, fmt::format("\t{} \t{}", text_at(one.get_object(), "path"),
                                    backend_text(object_at(one.get_object(), "backend"), around)));
    }
    if (shown == 0) out.line(1, "*\t*\t" + default_backend);
}

void describe_ingress(Description& out, const json::object& object, const Surroundings& around) {
    const json::object& spec = object_at(object, "spec");
    out.map("Labels", object_at(metadata_of(object), "labels"));
    std::string address;
    for (const auto& item : array_at(object_at(object_at(object, "status"), "loadBalancer"), "ingress")) {
        const std::string ip = text_at(item.get_object(), "ip");
        address += (address.empty() ? "" : ",") + (ip.empty() ? text_at(item.get_object(), "hostname") : ip);
    }
    out.line(0, "Address:\t" + address);
    out.field(0, "Ingress Class", text_at(spec, "ingressClassName"));
    const std::string default_backend =
        spec.contains("defaultBackend") ? backend_text(object_at(spec, "defaultBackend"), around) : "<default>";
    out.field(0, "Default backend", default_backend);
    describe_tls(out, array_at(spec, "tls"));
    describe_rules(out, array_at(spec, "rules"), default_backend, around);
    out.map("Annotations", object_at(metadata_of(object), "annotations"), ": ");
}

}  // namespace

const KindDescription ingress_description{api::kind_of<api::Ingress>,
                                          describe_ingress,
                                          {api::kind_of<api::EndpointSlice>, Neighbours::Of::beside, {}, &Surroundings::slices},
                                          nullptr,
                                          true,
                                          {api::kind_of<api::Service>, Neighbours::Of::beside, {}, &Surroundings::services}};

}  // namespace orilla::cli
