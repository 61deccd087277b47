#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

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

void describe_service(Description& out, const json::object& object, const Surroundings& around) {
    const json::object& spec = object_at(object, "spec");
    describe_labels(out, object);
    out.map("Selector", object_at(spec, "selector"));
    out.field(0, "Type", text_at(spec, "type"));
    out.field(0, "IP Family Policy", text_at(spec, "ipFamilyPolicy"));
    out.field(0, "IP Families", joined(array_at(spec, "ipFamilies")));
    out.field(0, "IP", text_at(spec, "clusterIP"));
    out.field(0, "IPs", joined(array_at(spec, "clusterIPs")));
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
    if (spec.contains("externalTrafficPolicy")) out.field(0, "External Traffic Policy", text_at(spec, "externalTrafficPolicy"));
    if (spec.contains("internalTrafficPolicy")) out.field(0, "Internal Traffic Policy", text_at(spec, "internalTrafficPolicy"));
}

}  // namespace

const KindDescription service_description{
    api::kind_of<api::Service>,
    describe_service,
    {api::kind_of<api::EndpointSlice>, Neighbours::Of::label, api::service_name_label, &Surroundings::slices}};

}  // namespace orilla::cli
