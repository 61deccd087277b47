#include "orilla/proxy/gateway_routes.hpp"

#include <fmt/core.h>
#include <array>
#include <utility>

#include "gateway/api_routes.hpp"
#include "gateway/ingress_routes.hpp"
#include "gateway/on_demand.hpp"
#include "orilla/base/log.hpp"
#include "orilla/kinds/ingress_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/objects/walk.hpp"

namespace orilla::proxy {
namespace {

constexpr const char* whole_key = "whole/";

/// "KIND/NS/NAME"
std::pair<std::string, std::string> split_kind(const std::string& key) {
    const size_t slash = key.find('/');
    return {key.substr(0, slash), key.substr(slash + 1)};
}

/// A status that somebody has written changes no route.
bool is_status_alone(const objects::FeedEvent& event) {
    if (event.is_deleted() || !event.object() || !event.before()) return false;
    const auto &now = event.object()->meta(), &before = event.before()->meta();
    return now.generation == before.generation && now.deletion_timestamp == before.deletion_timestamp;
}

/// Others of a Service's fields change no route.
bool routes_alike(const api::Service* a, const api::Service* b) {
    if (!a || !b) return false;
    return a->spec.ports == b->spec.ports && a->spec.type == b->spec.type;
}

}  // namespace

struct GatewayRoutes::Parts {
    Parts(GatewayRoutes& self, loop::Loop& the_loop, objects::Objects& the_objects, objects::EventRecorder& the_events,
          gateway::RouteSink& the_sink, NodePlace node)
        : loop(the_loop),
          objects(the_objects),
          events(the_events),
          sink(the_sink),
          outbox(sink),
          backends(objects, events, outbox),
          certificates(objects, outbox),
          ingresses(objects, events, outbox, backends, certificates, std::move(node),
                    [this](const std::string& key) { worker.queue().add(key); }),
          api(loop, objects, outbox, backends, certificates, ingresses.node(),
              [this](const std::string& key) { worker.queue().add(key); }),
          ingress_feed(objects, api::kind_of<api::Ingress>(), [&self](const auto& event) { self.ingress_changed(event); }),
          class_feed(objects, api::kind_of<api::IngressClass>(), [&self](const auto& event) { self.class_changed(event); }),
          service_feed(objects, api::kind_of<api::Service>(), [&self](const auto& event) { self.service_changed(event); }),
          slice_feed(objects, api::kind_of<api::EndpointSlice>(), [&self](const auto& event) { self.slice_changed(event); }),
          secret_feed(objects, api::kind_of<api::Secret>(), [&self](const auto& event) { self.secret_changed(event); }),
          gateway_class_feed(objects, api::kind_of<api::GatewayClass>(), [this](const auto& event) { queue(event); }),
          gateway_feed(objects, api::kind_of<api::Gateway>(), [this](const auto& event) { queue(event); }),
          http_route_feed(objects, api::kind_of<api::HTTPRoute>(), [this](const auto& event) { queue(event); }),
          grpc_route_feed(objects, api::kind_of<api::GRPCRoute>(), [this](const auto& event) { queue(event); }),
          grant_feed(objects, api::kind_of<api::ReferenceGrant>(), [this](const auto& event) { grant_changed(event); }),
          namespace_feed(objects, api::kind_of<api::Namespace>(), [this](const auto& event) { namespace_changed(event); }),
          worker(loop, self, {.name = "gateway-routes"}),
          on_demand(loop, objects, events),
          scope(loop) {}

    /// From the first object on whose routes lead to some.
    loop::Task<void> follow_backends(bool has_secrets) {
        if (!std::exchange(follows_backends, true)) {
            service_feed.start();
            slice_feed.start();
        }
        if (has_secrets && !std::exchange(follows_secrets, true)) secret_feed.start();
        AWAIT_VOID(slice_feed.catch_up());
    }

    /// "gateway/NS/NAME": by the kind's name and its own.
    void queue(const objects::FeedEvent& event) {
        if (is_status_alone(event) || !event.object()) return;
        worker.queue().add(fmt::format("{}/{}", event.object()->kind().singular, objects::key_of(event.entry->key)));
    }
    template <class T>
    void queue_all(const objects::Term& term) {
        for (const auto& one : objects.feed<T>().template find<T>(term))
            worker.queue().add(fmt::format("{}/{}", api::kind_of<T>().singular, objects::key_of(one->metadata)));
    }
    void queue_routes(const std::string& term) {
        queue_all<api::HTTPRoute>({route_terms, term});
        queue_all<api::GRPCRoute>({route_terms, term});
    }
    void grant_changed(const objects::FeedEvent& event) {
        const std::string term = crossing_term(event.entry->key.ns);
        queue_routes(term);
        queue_all<api::Gateway>({gateway_terms, term});
    }
    /// Listeners may choose namespaces by their labels.
    void namespace_changed(const objects::FeedEvent& event) {
        const auto *now = event.as<api::Namespace>(), *before = event.before_as<api::Namespace>();
        if (!now || !before || now->metadata.labels == before->metadata.labels) return;
        queue_all<api::HTTPRoute>(objects::in_namespace(event.entry->key.name));
        queue_all<api::GRPCRoute>(objects::in_namespace(event.entry->key.name));
    }
    template <class T>
    void tell_route(const std::string& key, const std::string& message) {
        const auto [kind, rest] = split_kind(key);
        const auto [ns, name] = objects::split_key(rest);
        if (api::kind_of<T>().singular != kind) return;
        if (const auto route = objects.get<T>(ns, name)) events.record(*route, "gateway", "Warning", "RouteFault", message);
    }
    /// On the object that the route was made of: "ingress/NS/NAME?default", "ingress/NS/NAME/HOST".
    void tell_route(const gateway::Fault& fault) {
        const size_t name = fault.key.find('/', fault.key.find('/') + 1) + 1;
        const std::string key = fault.key.substr(0, fault.key.find_first_of("/?", name));
        tell_route<api::Ingress>(key, fault.message);
        tell_route<api::HTTPRoute>(key, fault.message);
        tell_route<api::GRPCRoute>(key, fault.message);
    }
    void note_fault(const gateway::Fault& fault) {
        if (!fault.message.empty()) log::warning(fmt::format("gateway: {}: {}", fault.key, fault.message));
        if (fault.about == gateway::Fault::About::route && !fault.message.empty()) tell_route(fault);
        if (fault.about != gateway::Fault::About::listener) return;
        if (fault.key.starts_with("gateway/")) api.note_fault(fault.key, fault.message);
        else ingresses.note_fault(fault.key, fault.message);
    }
    std::array<objects::Follower*, 7> first_feeds() {
        return {&ingress_feed,    &gateway_class_feed, &gateway_feed,  &http_route_feed,
                &grpc_route_feed, &grant_feed,         &namespace_feed};
    }

    loop::Loop& loop;
    objects::Objects& objects;
    objects::EventRecorder& events;
    gateway::RouteSink& sink;
    Outbox outbox;
    Backends backends;
    Certificates certificates;
    IngressRoutes ingresses;
    ApiRoutes api;
    objects::Follower ingress_feed, class_feed, service_feed, slice_feed, secret_feed;
    objects::Follower gateway_class_feed, gateway_feed, http_route_feed, grpc_route_feed, grant_feed, namespace_feed;
    bool follows_backends = false, follows_secrets = false;
    loop::Worker worker;
    OnDemand on_demand;
    loop::Scope scope;
};

GatewayRoutes::GatewayRoutes(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events,
                             gateway::RouteSink& sink, NodePlace node)
    : parts_(std::make_unique<Parts>(*this, loop, objects, events, sink, std::move(node))) {
    objects.feed<api::Ingress>().keep(ingress_service_terms);
    objects.feed<api::EndpointSlice>().keep(objects::label_terms);
    objects.feed<api::Gateway>().keep(gateway_terms);
    objects.feed<api::HTTPRoute>().keep(route_terms);
    objects.feed<api::GRPCRoute>().keep(route_terms);
    parts_->sink.on_fault([this](const gateway::Fault& fault) { parts_->note_fault(fault); });
}
GatewayRoutes::~GatewayRoutes() { parts_->sink.on_fault(nullptr); }

const loop::WorkerCounters& GatewayRoutes::counters() const { return parts_->worker.counters(); }

void GatewayRoutes::want(const std::string& backend) { parts_->on_demand.start(backend.substr(0, backend.rfind(':'))); }

void GatewayRoutes::start() { parts_->scope.spawn(begin()); }

/// The key that lets everything out stands behind those of all objects that are there.
loop::Task<void> GatewayRoutes::begin() {
    for (objects::Follower* feed : parts_->first_feeds()) feed->start();
    for (objects::Follower* feed : parts_->first_feeds()) AWAIT_VOID(feed->catch_up());
    parts_->class_feed.start();
    parts_->worker.queue().add(whole_key);
}

loop::Task<Result<loop::Outcome>> GatewayRoutes::reconcile(std::string key) {
    const auto [kind, rest] = split_kind(key);
    const auto [ns, name] = objects::split_key(rest);
    if (kind == "whole") {
        if (parts_->worker.queue().depth() > 0) parts_->worker.queue().add(whole_key);
        else parts_->outbox.open();
    } else if (kind == "service") {
        AWAIT_VOID(parts_->slice_feed.catch_up());
        parts_->backends.refresh(rest);
        parts_->outbox.flush();
    } else if (kind == "secret") {
        AWAIT(const auto told, parts_->certificates.refresh(rest));
        parts_->outbox.flush();
        for (const std::string& user : told) parts_->worker.queue().add(user);
    } else {
        CO_TRY_VOID(settle(kind, ns, name));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> GatewayRoutes::settle(std::string kind, std::string ns, std::string name) {
    if (kind == api::kind_of<api::GatewayClass>().singular) CO_RETURN_AWAIT(parts_->api.settle_class(name));
    if (kind == api::kind_of<api::Ingress>().singular) {
        const auto ingress = parts_->objects.get<api::Ingress>(ns, name);
        if (ingress && parts_->ingresses.is_ours(*ingress)) AWAIT_VOID(parts_->follow_backends(!ingress->spec.tls.empty()));
        CO_RETURN_AWAIT(parts_->ingresses.settle(ns, name));
    }
    const bool is_gateway = kind == api::kind_of<api::Gateway>().singular;
    if (!is_gateway || parts_->api.find_gateway(ns, name)) AWAIT_VOID(parts_->follow_backends(is_gateway));
    if (is_gateway) CO_RETURN_AWAIT(parts_->api.settle_gateway(ns, name));
    if (kind == api::kind_of<api::HTTPRoute>().singular) CO_RETURN_AWAIT(parts_->api.settle_route<api::HTTPRoute>(ns, name));
    CO_RETURN_AWAIT(parts_->api.settle_route<api::GRPCRoute>(ns, name));
}

void GatewayRoutes::ingress_changed(const objects::FeedEvent& event) {
    if (parts_->ingresses.concerns(event)) parts_->worker.queue().add(ingress_key(event.entry->key.ns, event.entry->key.name));
}

/// Those that name it; and those that name none, as it may be the default one.
void GatewayRoutes::class_changed(const objects::FeedEvent& event) {
    parts_->scope.spawn(look_at_class(event.entry->key.name));
}

loop::Task<void> GatewayRoutes::look_at_class(std::string name) {
    std::function<void(const api::Ingress&)> look = [this, name](const api::Ingress& ingress) {
        const std::string_view wanted = api::class_of(ingress);
        if (wanted.empty() || wanted == name)
            parts_->worker.queue().add(ingress_key(ingress.metadata.namespace_, ingress.metadata.name));
    };
    AWAIT_VOID(objects::walk<api::Ingress>(parts_->loop, parts_->objects, std::move(look)));
}

void GatewayRoutes::service_changed(const objects::FeedEvent& event) {
    const std::string service = objects::key_of(event.entry->key);
    if (parts_->backends.uses(service)) parts_->worker.queue().add("service/" + service);
    if (routes_alike(event.is_deleted() ? nullptr : event.as<api::Service>(), event.before_as<api::Service>())) return;
    parts_->queue_routes(service_term(service));
    for (const auto& ingress :
         parts_->objects.feed<api::Ingress>().find<api::Ingress>({ingress_service_terms, service_term(service)}))
        parts_->worker.queue().add(ingress_key(ingress->metadata.namespace_, ingress->metadata.name));
}

void GatewayRoutes::slice_changed(const objects::FeedEvent& event) {
    for (const auto& slice : event.states())
        if (const auto* owner = slice->meta().labels.get(api::service_name_label)) {
            const std::string service = objects::key_of(event.entry->key.ns, owner->view());
            if (parts_->backends.uses(service)) parts_->worker.queue().add("service/" + service);
        }
}

void GatewayRoutes::secret_changed(const objects::FeedEvent& event) {
    const std::string secret = objects::key_of(event.entry->key);
    if (parts_->certificates.uses(secret)) parts_->worker.queue().add("secret/" + secret);
}

}  // namespace orilla::proxy
