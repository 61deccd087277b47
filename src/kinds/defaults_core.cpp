#include <algorithm>

#include "defaults_by_kind.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::api {
namespace {
constexpr int32_t session_affinity_timeout_s = 10800;

template <class C>
void default_pull_policy(C& container) {
    if (container.image_pull_policy.empty()) container.image_pull_policy = default_image_pull_policy(container.image);
}

void default_volume_source(Volume& volume) {
    for (const FieldInfo& field : type_info<Volume>().fields)
        if (field.shape == Shape::box && !is_zero_field(field, field.in(&volume))) return;
    volume.empty_dir.ensure();
}

void default_requests(ResourceRequirements& resources) {
    for (const auto& [name, limit] : resources.limits)
        if (!resources.requests.contains(name)) resources.requests[name] = limit;
}

void default_host_ports(Container& container) {
    for (ContainerPort& port : container.ports)
        if (port.host_port == 0) port.host_port = port.container_port;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

void default_session_affinity(ServiceSpec& spec) {
    if (spec.session_affinity != "ClientIP") {
        spec.session_affinity_config.reset();
        return;
    }
    ClientIPConfig& config = spec.session_affinity_config.ensure().client_ip.ensure();
    if (!config.timeout_seconds) config.timeout_seconds = session_affinity_timeout_s;
}
}  // namespace

std::string_view default_image_pull_policy(std::string_view image) {
    if (image.find('@') != std::string_view::npos) return "IfNotPresent";
    // A colon before the last slash belongs to the registry's port.
    size_t slash = image.rfind('/');
    size_t colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
    bool latest = colon == std::string_view::npos || image.substr(colon + 1) == "latest";
    return latest ? "Always" : "IfNotPresent";
}

void apply_conditional_defaults(PodSpec& spec) {
    for (Container& container : spec.init_containers) default_pull_policy(container);
    for (Container& container : spec.containers) default_pull_policy(container);
    for (EphemeralContainer& container : spec.ephemeral_containers) default_pull_policy(container);
    for (Volume& volume : spec.volumes) default_volume_source(volume);
}

void apply_conditional_defaults(Pod& pod) {
    PodSpec& spec = pod.spec;
    apply_conditional_defaults(spec);
    if (!spec.enable_service_links) spec.enable_service_links = true;
    for (List<Container>* containers : {&spec.init_containers, &spec.containers}) {
        for (Container& container : *containers) {
            default_requests(container.resources);
            if (spec.host_network) default_host_ports(container);
        }
    }
}

void apply_conditional_defaults(Service& service) {
    ServiceSpec& spec = service.spec;
    default_session_affinity(spec);
    bool cluster_ip = spec.type == "ClusterIP", load_balancer = spec.type == "LoadBalancer";
    bool has_node_ports = load_balancer || spec.type == "NodePort";
    for (ServicePort& port : spec.ports)
        if (is_zero_value(type_info<IntOrString>(), &port.target_port)) port.target_port = port.port;
    if (spec.external_traffic_policy.empty() && (has_node_ports || (cluster_ip && !spec.external_ips.empty())))
        spec.external_traffic_policy = "Cluster";
    if (!spec.internal_traffic_policy && is_one_of(spec.type, {"ClusterIP", "NodePort", "LoadBalancer"}))
        spec.internal_traffic_policy = "Cluster";
    if (!load_balancer) return;
    if (!spec.allocate_load_balancer_node_ports) spec.allocate_load_balancer_node_ports = true;
    for (LoadBalancerIngress& ingress : service.status.load_balancer.ingress)
        if (!ingress.ip.empty() && !ingress.ip_mode) ingress.ip_mode = "VIP";
}

void apply_conditional_defaults(Secret& secret) {
    for (const auto& entry : secret.string_data) secret.data[entry.key] = Str(encode_base64(entry.value));
    secret.string_data.clear();
}

void apply_conditional_defaults(Namespace& ns) {
    if (!ns.metadata.name.empty()) ns.metadata.labels["kubernetes.io/metadata.name"] = ns.metadata.name;
}

void apply_conditional_defaults(Node& node) {
    if (node.status.allocatable.empty()) node.status.allocatable = node.status.capacity;
}

}  // namespace orilla::api
