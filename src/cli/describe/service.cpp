#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;

std::string endpoints_text(const json::array& slices, const json::object& port) {
    std::string out;
    for (const auto& slice : slices)
        for (const auto& offered : array_at(slice.get_object(), "ports")) {
            if (text_at(offered.get_object(), "name") != text_at(port, "name")) continue;
            for (const auto& endpoint : array_at(slice.get_object(), "endpoints"))
                if (text_at(object_at(endpoint.get_object(), "conditions"), "ready") != "false")
                    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", joined(array_at(endpoint.get_object(), "addresses")),
                                       text_at(offered.get_object(), "port"));
        }
    return out;
}

namespace {

/// As kubectl has it: "192.0.2.50 (VIP)", or a name.
std::string ingress_text(const json::array& ingress) {
    std::string out;
    for (const auto& item : ingress) {
        const json::object& one = item.get_object();
        out += out.empty() ? "" : ", ";
        if (!one.contains("ip")) out += text_at(one, "hostname");
        else
            out += one.contains("ipMode") ? fmt::format("{} ({})", text_at(one, "ip"), text_at(one, "ipMode"))
                                          : text_at(one, "ip");
    }
    return out;
}

void field_if_set(Description& out, const char* name, const json::object& spec, const char* key) {
    if (spec.contains(key)) out.field(0, name, text_at(spec, key));
}
void list_if_set(Description& out, const char* name, const json::object& spec, const char* key) {
    if (const auto& list = array_at(spec, key); !list.empty()) out.field(0, name, joined(list));
}

void describe_service(Description& out, const json::object& object, const Surroundings& around) {
    const json::object& spec = object_at(object, "spec");
    describe_labels(out, object);
    out.map("Selector", object_at(spec, "selector"));
    out.field(0, "Type", text_at(spec, "type"));
    field_if_set(out, "IP Family Policy", spec, "ipFamilyPolicy");
    out.field(0, "IP Families", joined(array_at(spec, "ipFamilies")));
    out.line(0, "IP:\t" + (spec.contains("clusterIP") ? text_at(spec, "clusterIP") : std::string()));
    out.field(0, "IPs", joined(array_at(spec, "clusterIPs")));
    list_if_set(out, "External IPs", spec, "externalIPs");
    field_if_set(out, "Desired LoadBalancer IP", spec, "loadBalancerIP");
    field_if_set(out, "External Name", spec, "externalName");
    const json::array& ingress = array_at(object_at(object_at(object, "status"), "loadBalancer"), "ingress");
    if (!ingress.empty()) out.field(0, "LoadBalancer Ingress", ingress_text(ingress));
    for (const auto& item : array_at(spec, "ports")) {
        const json::object& port = item.get_object();
        const std::string name = port.contains("name") ? text_at(port, "name") : "<unset>",
                          protocol = "/" + text_at(port, "protocol");
        out.field(0, "Port", fmt::format("{}\t{}{}", name, text_at(port, "port"), protocol));
        out.field(0, "TargetPort", text_at(port, "targetPort") + protocol);
        if (number_at(port, "nodePort") > 0)
            out.field(0, "NodePort", fmt::format("{}\t{}{}", name, text_at(port, "nodePort"), protocol));
        out.line(0, "Endpoints:\t" + endpoints_text(around.slices, port));
    }
    out.field(0, "Session Affinity", text_at(spec, "sessionAffinity"));
    field_if_set(out, "External Traffic Policy", spec, "externalTrafficPolicy");
    field_if_set(out, "Internal Traffic Policy", spec, "internalTrafficPolicy");
    field_if_set(out, "HealthCheck NodePort", spec, "healthCheckNodePort");
    list_if_set(out, "LoadBalancer Source Ranges", spec, "loadBalancerSourceRanges");
    field_if_set(out, "Traffic Distribution", spec, "trafficDistribution");
}

}  // namespace

const KindDescription service_description{
    api::kind_of<api::Service>,
    describe_service,
    {api::kind_of<api::EndpointSlice>, Neighbours::Of::label, api::service_name_label, &Surroundings::slices}};

}  // namespace orilla::cli
