#include "orilla/proxy/gateway_routes.hpp"

#include <utility>

#include "gateway/ingress_routes.hpp"
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

/// Others of a Service's fields change no route.
bool routes_alike(const api::Service* a, const api::Service* b) {
    if (!a || !b) return false;
    return a->spec.ports == b->spec.ports && a->spec.type == b->spec.type;
}

}  // namespace

struct GatewayRoutes::Parts {
    Parts(GatewayRoutes& self, loop::Loop& the_loop, objects::Objects& the_objects, objects::EventRecorder& events,
          gateway::RouteSink& sink, NodePlace node)
        : loop(the_loop),
          objects(the_objects),
          outbox(sink),
          backends(objects, events, outbox),
          certificates(objects, outbox),
          ingresses(objects, events, outbox, backends, certificates, std::move(node),
                    [this](const std::string& key) { worker.queue().add(key); }),
          ingress_feed(objects, api::kind_of<api::Ingress>(), [&self](const auto& event) { self.ingress_changed(event); }),
          class_feed(objects, api::kind_of<api::IngressClass>(), [&self](const auto& event) { self.class_changed(event); }),
          service_feed(objects, api::kind_of<api::Service>(), [&self](const auto& event) { self.service_changed(event); }),
          slice_feed(objects, api::kind_of<api::EndpointSlice>(), [&self](const auto& event) { self.slice_changed(event); }),
          secret_feed(objects, api::kind_of<api::Secret>(), [&self](const auto& event) { self.secret_changed(event); }),
          worker(loop, self, {.name = "gateway-routes"}),
          scope(loop) {}

    void follow_backends() {
        if (std::exchange(follows_backends, true)) return;
        service_feed.start();
        slice_feed.start();
    }

    loop::Loop& loop;
    objects::Objects& objects;
    Outbox outbox;
    Backends backends;
    Certificates certificates;
    IngressRoutes ingresses;
    objects::Follower ingress_feed, class_feed, service_feed, slice_feed, secret_feed;
    bool follows_backends = false, follows_secrets = false;
    loop::Worker worker;
    loop::Scope scope;
};

GatewayRoutes::GatewayRoutes(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events,
                             gateway::RouteSink& sink, NodePlace node)
    : parts_(std::make_unique<Parts>(*this, loop, objects, events, sink, std::move(node))) {
    objects.feed<api::Ingress>().keep(ingress_service_terms);
    objects.feed<api::EndpointSlice>().keep(objects::label_terms);
}
GatewayRoutes::~GatewayRoutes() = default;

const loop::WorkerCounters& GatewayRoutes::counters() const { return parts_->worker.counters(); }

void GatewayRoutes::start() { parts_->scope.spawn(begin()); }

/// The key that lets everything out stands behind those of all objects that are there.
loop::Task<void> GatewayRoutes::begin() {
    parts_->ingress_feed.start();
    AWAIT_VOID(parts_->ingress_feed.catch_up());
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
        const auto ingress = parts_->objects.get<api::Ingress>(ns, name);
        if (ingress && parts_->ingresses.is_ours(*ingress)) {
            parts_->follow_backends();
            if (!ingress->spec.tls.empty() && !std::exchange(parts_->follows_secrets, true)) parts_->secret_feed.start();
            AWAIT_VOID(parts_->slice_feed.catch_up());
        }
        CO_TRY_VOID(parts_->ingresses.settle(ns, name));
    }
    co_return loop::Outcome{};
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
