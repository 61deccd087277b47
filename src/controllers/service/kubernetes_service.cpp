#include "service/kubernetes_service.hpp"

#include "orilla/base/ipv4.hpp"
#include "orilla/kinds/validation.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::controllers {
namespace {

constexpr std::string_view ns = "default";
constexpr std::string_view name = "kubernetes";
constexpr std::string_view port_name = "https";
constexpr int32_t service_port = 443;

ApiPlace api_place(const ControllersOptions& options) {
    const auto range = parse_cidr(options.service_cidr);
    // An API that only listens on the loopback is out of the pods' reach: better no endpoint than one that never answers.
    // Nor may an endpoint have a link-local address.
    const bool reachable = api::special_address(options.api_ip).empty();
    return {range ? range->at(1).text() : "", reachable ? options.api_ip : "", options.api_port};
}

api::Service make_service(const ApiPlace& place) {
    api::Service out;
    out.metadata.namespace_ = api::Str(ns);
    out.metadata.name = api::Str(name);
    out.metadata.labels["component"] = "apiserver";
    out.metadata.labels["provider"] = "kubernetes";
    out.spec.type = "ClusterIP";
    out.spec.cluster_ip = api::Str(place.service_ip);
    api::ServicePort port;
    port.name = api::Str(port_name);
    port.protocol = "TCP";
    port.port = service_port;
    port.target_port = place.port;
    out.spec.ports.push_back(std::move(port));
    return out;
}

bool is_as_wanted(const api::Service& have, const api::Service& want) {
    if (have.spec.ports.size() != 1 || !(have.spec.cluster_ip == want.spec.cluster_ip)) return false;
    const auto &port = have.spec.ports[0], &wanted = want.spec.ports[0];
    return port.name == wanted.name && port.port == wanted.port && port.protocol == wanted.protocol &&
           port.target_port == wanted.target_port && have.spec.selector.empty() && have.spec.type == want.spec.type;
}

api::Endpoints make_endpoints(const ApiPlace& place) {
    api::Endpoints out;
    out.metadata.namespace_ = api::Str(ns);
    out.metadata.name = api::Str(name);
    // Its slice is made here, too.
    out.metadata.labels[api::skip_mirror_label] = "true";
    if (place.ip.empty()) return out;
    api::EndpointSubset subset;
    api::EndpointAddress address;
    address.ip = api::Str(place.ip);
    subset.addresses.push_back(std::move(address));
    api::EndpointPort port;
    port.name = api::Str(port_name);
    port.port = place.port;
    port.protocol = "TCP";
    subset.ports.push_back(std::move(port));
    out.subsets.push_back(std::move(subset));
    return out;
}

api::EndpointSlice make_slice(const ApiPlace& place) {
    api::EndpointSlice out;
    out.metadata.namespace_ = api::Str(ns);
    out.metadata.name = api::Str(name);
    out.metadata.labels[api::service_name_label] = api::Str(name);
    out.address_type = "IPv4";
    api::DiscoveryEndpointPort port;
    port.name = api::Str(port_name);
    port.protocol = "TCP";
    port.port = place.port;
    out.ports.push_back(std::move(port));
    if (place.ip.empty()) return out;
    api::Endpoint endpoint;
    endpoint.addresses.push_back(api::Str(place.ip));
    endpoint.conditions.ready = true;
    out.endpoints.push_back(std::move(endpoint));
    return out;
}

bool has_labels(const api::ObjectMeta& have, const api::ObjectMeta& want) {
    for (const auto& [key, value] : want.labels) {
        const auto* found = have.labels.get(key);
        if (!found || !(*found == value)) return false;
    }
    return true;
}

/// Creates it or makes it equal.
template <class T>
loop::Task<Result<void>> put(objects::Objects& objects, T object) {
    const std::string in = object.metadata.namespace_.str(), called = object.metadata.name.str();
    if (!objects.get<T>(in, called)) {
        AWAIT(auto created, objects.create<T>(std::move(object)));
        if (!created) co_return std::move(created).error();
        co_return ok();
    }
    AWAIT(auto updated, objects.update<T>(std::move(object)));
    if (!updated) co_return std::move(updated).error();
    co_return ok();
}

}  // namespace

std::vector<KubernetesAction> plan_kubernetes_service(const ApiPlace& place, const KubernetesObserved& seen) {
    std::vector<KubernetesAction> actions;
    api::Service service = make_service(place);
    if (!seen.service) {
        actions.emplace_back(PutService{std::move(service), false});
    } else if (!is_as_wanted(*seen.service, service)) {
        const bool replace = !(seen.service->spec.cluster_ip == service.spec.cluster_ip);
        actions.emplace_back(PutService{std::move(service), replace});
    }
    api::Endpoints endpoints = make_endpoints(place);
    if (!seen.endpoints || !(seen.endpoints->subsets == endpoints.subsets) ||
        !has_labels(seen.endpoints->metadata, endpoints.metadata))
        actions.emplace_back(PutEndpoints{std::move(endpoints)});
    api::EndpointSlice slice = make_slice(place);
    if (!seen.slice || !(seen.slice->endpoints == slice.endpoints) || !(seen.slice->ports == slice.ports) ||
        !has_labels(seen.slice->metadata, slice.metadata))
        actions.emplace_back(PutEndpointSlice{std::move(slice)});
    return actions;
}

KubernetesServiceController::KubernetesServiceController(const Surroundings& with)
    : Controller(with), place_(api_place(with.options)), worker_(with.loop, *this, {.name = "kubernetes-service"}) {
    const auto queue = [this](const objects::FeedEvent& event) {
        if (event.entry->key.ns == ns && event.entry->key.name == name) worker_.queue().add(key_of(event.entry->key));
    };
    follow<api::Service>(queue);
    follow<api::Endpoints>(queue);
    follow<api::EndpointSlice>(queue);
}

void KubernetesServiceController::start() {
    Controller::start();
    worker_.queue().add(key_of(ns, name));
}

loop::Task<Result<loop::Outcome>> KubernetesServiceController::reconcile(std::string) {
    const auto service = objects_.get<api::Service>(ns, name);
    const auto endpoints = objects_.get<api::Endpoints>(ns, name);
    const auto slice = objects_.get<api::EndpointSlice>(ns, name);
    const KubernetesObserved seen{service.get(), endpoints.get(), slice.get()};
    for (auto& action : plan_kubernetes_service(place_, seen)) {
        CO_TRY_VOID(apply(std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> KubernetesServiceController::apply(KubernetesAction action) {
    loop::Task<Result<void>> task;
    if (auto* service = std::get_if<PutService>(&action)) task = put_service(std::move(*service));
    else if (auto* endpoints = std::get_if<PutEndpoints>(&action)) task = put(objects_, std::move(endpoints->object));
    else task = put(objects_, std::move(std::get<PutEndpointSlice>(action).object));
    co_return co_await std::move(task);
}

loop::Task<Result<void>> KubernetesServiceController::put_service(PutService wanted) {
    if (wanted.replace) {
        auto removing = objects_.remove<api::Service>(std::string(ns), std::string(name));
        CO_TRY_VOID(objects::unless_gone(std::move(removing)));
    }
    CO_RETURN_AWAIT(put(objects_, std::move(wanted.object)));
}

}  // namespace orilla::controllers
