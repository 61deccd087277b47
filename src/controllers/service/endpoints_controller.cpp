#include "service/endpoints_controller.hpp"

#include "orilla/schema/selectors.hpp"
#include "terms.hpp"

namespace orilla::controllers {
namespace {

/// Whether a change of the pod can change where traffic goes.
bool looks_the_same(const api::Pod& a, const api::Pod& b) {
    return a.status.pod_ip == b.status.pod_ip && a.status.phase == b.status.phase && a.status.conditions == b.status.conditions &&
           a.metadata.labels == b.metadata.labels && a.metadata.deletion_timestamp == b.metadata.deletion_timestamp &&
           a.spec.node_name == b.spec.node_name;
}

/// What a write came to; it is settled already when the object is as wanted or gone.
template <class T>
loop::Task<Result<void>> outcome(loop::Task<Result<T>> task) {
    auto written = co_await std::move(task);
    if (!written && written.error().code() != Code::not_found) co_return std::move(written).error();
    co_return ok();
}

}  // namespace

EndpointsController::EndpointsController(loop::Loop& loop, objects::Objects& objects, objects::TermIndex& pods)
    : objects_(objects),
      pods_(pods),
      services_(loop, objects, api::kind_of<api::Service>(), selector_terms),
      slices_(loop, objects, api::kind_of<api::EndpointSlice>(), slice_terms),
      endpoints_(loop, objects.store(), "endpoints",
                 [this](const store::WatchEvent& event) { worker_.queue().add(key_of(event.entry->key)); }),
      worker_(loop, *this, {.name = "endpoints", .concurrency = 2}) {
    pods.subscribe([this](const store::WatchEvent& event) { pod_changed(event); });
    services_.subscribe([this](const store::WatchEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
    slices_.subscribe([this](const store::WatchEvent& event) { slice_changed(event); });
}

void EndpointsController::start() {
    services_.start();
    slices_.start();
    endpoints_.start();
}

void EndpointsController::pod_changed(const store::WatchEvent& event) {
    const auto now = object_of(objects_, api::kind_of<api::Pod>(), event.entry);
    const auto before = object_of(objects_, api::kind_of<api::Pod>(), event.previous);
    const bool gone = event.type == store::WatchEvent::Type::deleted;
    if (!gone && now && before && looks_the_same(now->as<api::Pod>(), before->as<api::Pod>())) return;
    for (const auto& pod : {now, before})
        if (pod) queue_services(pod->as<api::Pod>());
}

/// A Service that the index does not know yet is queued when it does.
void EndpointsController::queue_services(const api::Pod& pod) {
    for (const auto& [key, value] : pod.metadata.labels)
        for (const auto& service : services_.find<api::Service>(selecting(pod.metadata.namespace_, key, value)))
            if (api::Selector::from_labels(service->spec.selector).matches(pod.metadata.labels))
                worker_.queue().add(key_of(service->metadata));
}

/// Those with the label that fewest have.
std::vector<std::shared_ptr<const api::Pod>> EndpointsController::pods_of(const api::Service& service) {
    std::string rarest;
    size_t fewest = SIZE_MAX;
    for (const auto& [key, value] : service.spec.selector) {
        std::string term = labelled(service.metadata.namespace_, key, value);
        const size_t count = pods_.count(term);
        if (count >= fewest) continue;
        fewest = count;
        rarest = std::move(term);
    }
    return pods_.find<api::Pod>(rarest);
}

loop::Task<void> EndpointsController::catch_up() {
    for (objects::TermIndex* index : {&pods_, &slices_}) {
        auto catching_up = index->catch_up();
        co_await std::move(catching_up);
    }
}

void EndpointsController::slice_changed(const store::WatchEvent& event) {
    for (const auto& entry : {event.entry, event.previous}) {
        const auto slice = object_of(objects_, api::kind_of<api::EndpointSlice>(), entry);
        const auto* service = slice ? slice->meta().labels.get(service_name_label) : nullptr;
        if (service) worker_.queue().add(key_of(entry->key.ns, *service));
    }
}

loop::Task<Result<loop::Outcome>> EndpointsController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    auto catching_up = catch_up();
    co_await std::move(catching_up);
    if (is_ending(objects_, ns)) co_return loop::Outcome{};
    const auto service = objects_.get<api::Service>(ns, name);
    const auto endpoints = objects_.get<api::Endpoints>(ns, name);
    const bool selects_pods = service && !service->spec.selector.empty();
    const auto pods = selects_pods ? pods_of(*service) : std::vector<std::shared_ptr<const api::Pod>>();
    const auto slices = slices_.find<api::EndpointSlice>(slices_of(ns, name));
    EndpointsObserved seen;
    seen.service = service.get();
    seen.endpoints = endpoints.get();
    for (const auto& pod : pods) seen.pods.push_back(pod.get());
    for (const auto& slice : slices) seen.slices.push_back(slice.get());
    for (auto& action : plan_endpoints(name, seen)) {
        CO_TRY_VOID(apply(ns, std::move(action)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> EndpointsController::apply(std::string ns, EndpointsAction action) {
    loop::Task<Result<void>> task;
    if (auto* make = std::get_if<CreateSlice>(&action)) task = outcome(objects_.create<api::EndpointSlice>(std::move(make->object)));
    else if (auto* edit = std::get_if<UpdateSlice>(&action)) task = outcome(objects_.update<api::EndpointSlice>(std::move(edit->object)));
    else if (auto* drop = std::get_if<DeleteSlice>(&action)) task = outcome(objects_.remove<api::EndpointSlice>(ns, drop->name));
    else if (auto* found = std::get_if<CreateEndpoints>(&action)) task = outcome(objects_.create<api::Endpoints>(std::move(found->object)));
    else if (auto* change = std::get_if<UpdateEndpoints>(&action)) task = outcome(objects_.update<api::Endpoints>(std::move(change->object)));
    else task = outcome(objects_.remove<api::Endpoints>(ns, std::get<DeleteEndpoints>(action).name));
    co_return co_await std::move(task);
}

}  // namespace orilla::controllers
