#include "service/endpoints_controller.hpp"

#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/objects/walk.hpp"

namespace orilla::controllers {
namespace {

/// Whether a change of the pod can change where traffic goes.
bool looks_the_same(const api::Pod& a, const api::Pod& b) {
    return a.status.pod_ip == b.status.pod_ip && a.status.phase == b.status.phase &&
           a.status.conditions == b.status.conditions && a.metadata.labels == b.metadata.labels &&
           a.metadata.deletion_timestamp == b.metadata.deletion_timestamp && a.spec.node_name == b.spec.node_name;
}

}  // namespace

EndpointsController::EndpointsController(const Surroundings& with)
    : Controller(with),
      pods_(with.objects.feed<api::Pod>()),
      slices_(with.objects.feed<api::EndpointSlice>()),
      worker_(with.loop, *this, {.name = "endpoints", .concurrency = 2}),
      scope_(with.loop) {
    pods_.keep(objects::label_terms);
    slices_.keep(objects::label_terms);
    objects_.feed<api::Service>().keep(objects::selector_terms<api::Service>);
    const auto queue = [this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); };
    follow<api::Service>(queue);
    follow<api::EndpointSlice>([this](const objects::FeedEvent& event) { slice_changed(event); });
    follow<api::Endpoints>(queue);
    follow<api::Pod>([this](const objects::FeedEvent& event) { pod_changed(event); });
    follow<api::Node>([this](const objects::FeedEvent& event) { node_changed(event); });
}

/// A Service that the index does not know yet is queued when it does.
void EndpointsController::pod_changed(const objects::FeedEvent& event) {
    const auto *now = event.as<api::Pod>(), *before = event.before_as<api::Pod>();
    if (!event.is_deleted() && now && before && looks_the_same(*now, *before)) return;
    for (const auto& pod : event.states())
        for (const auto& service : objects::find_selecting<api::Service>(objects_, event.entry->key.ns, pod->meta().labels))
            worker_.queue().add(key_of(service->metadata));
}

namespace {
constexpr std::string_view zone_label = "topology.kubernetes.io/zone";

std::string_view zone_of(const api::Node* node) {
    const auto* zone = node ? node->metadata.labels.get(zone_label) : nullptr;
    return zone ? zone->view() : std::string_view();
}
}  // namespace

/// A node that moves to another zone, which hardly ever happens, concerns every Service.
void EndpointsController::node_changed(const objects::FeedEvent& event) {
    if (event.is_deleted() || zone_of(event.as<api::Node>()) == zone_of(event.before_as<api::Node>())) return;
    scope_.spawn(look_at_all());
}

loop::Task<void> EndpointsController::look_at_all() {
    std::function<void(const api::Service&)> look = [this](const api::Service& service) {
        if (!service.spec.selector.empty()) worker_.queue().add(key_of(service.metadata));
    };
    return objects::walk(loop_, objects_, std::move(look));
}

Zones EndpointsController::zones_of(const std::vector<std::shared_ptr<const api::Pod>>& pods) {
    Zones zones;
    for (const auto& pod : pods) {
        if (pod->spec.node_name.empty() || zones.contains(pod->spec.node_name.view())) continue;
        const auto node = objects_.get<api::Node>(pod->spec.node_name);
        if (const auto zone = zone_of(node.get()); !zone.empty()) zones.emplace(pod->spec.node_name.str(), std::string(zone));
    }
    return zones;
}

/// Those with the label that fewest have.
std::vector<std::shared_ptr<const api::Pod>> EndpointsController::pods_of(const api::Service& service) {
    objects::Term rarest;
    size_t fewest = SIZE_MAX;
    for (const auto& [key, value] : service.spec.selector) {
        objects::Term term = objects::labelled(service.metadata.namespace_, key, value);
        const size_t count = pods_.count(term);
        if (count >= fewest) continue;
        fewest = count;
        rarest = std::move(term);
    }
    return pods_.find<api::Pod>(rarest);
}

loop::Task<void> EndpointsController::catch_up() {
    for (objects::Feed* feed : {&pods_, &slices_}) {
        AWAIT_VOID(feed->catch_up());
    }
}

void EndpointsController::slice_changed(const objects::FeedEvent& event) {
    for (const auto& slice : event.states())
        if (const auto* service = slice->meta().labels.get(api::service_name_label))
            worker_.queue().add(key_of(event.entry->key.ns, *service));
}

loop::Task<Result<loop::Outcome>> EndpointsController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    AWAIT_VOID(catch_up());
    if (is_ending(objects_, ns)) co_return loop::Outcome{};
    const auto service = objects_.get<api::Service>(ns, name);
    const auto endpoints = objects_.get<api::Endpoints>(ns, name);
    const bool selects_pods = service && !service->spec.selector.empty();
    const auto pods = selects_pods ? pods_of(*service) : std::vector<std::shared_ptr<const api::Pod>>();
    const auto slices = slices_.find<api::EndpointSlice>(objects::labelled(ns, api::service_name_label, name));
    EndpointsObserved seen;
    seen.service = service.get();
    seen.endpoints = endpoints.get();
    for (const auto& pod : pods) seen.pods.push_back(pod.get());
    seen.zones = zones_of(pods);
    for (const auto& slice : slices) seen.slices.push_back(slice.get());
    for (auto& action : plan_endpoints(name, seen)) {
        CO_TRY_VOID(apply(ns, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> EndpointsController::apply(std::string ns, EndpointsAction action) {
    loop::Task<Result<void>> task;
    if (auto* make = std::get_if<CreateSlice>(&action))
        task = objects::unless_gone(objects_.create<api::EndpointSlice>(std::move(make->object)));
    else if (auto* edit = std::get_if<UpdateSlice>(&action))
        task = objects::unless_gone(objects_.update<api::EndpointSlice>(std::move(edit->object)));
    else if (auto* drop = std::get_if<DeleteSlice>(&action))
        task = objects::unless_gone(objects_.remove<api::EndpointSlice>(ns, drop->name));
    else if (auto* found = std::get_if<CreateEndpoints>(&action))
        task = objects::unless_gone(objects_.create<api::Endpoints>(std::move(found->object)));
    else if (auto* change = std::get_if<UpdateEndpoints>(&action))
        task = objects::unless_gone(objects_.update<api::Endpoints>(std::move(change->object)));
    else task = objects::unless_gone(objects_.remove<api::Endpoints>(ns, std::get<DeleteEndpoints>(action).name));
    co_return co_await std::move(task);
}

}  // namespace orilla::controllers
