#include "gateway/api_routes.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "gateway/ingress_routes.hpp"
#include "orilla/kinds/gateway_facts.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/unless_gone.hpp"

namespace orilla::proxy {
namespace {

/// "httproute/NS/NAME"
template <class T>
std::string queue_key_of(std::string_view ns, std::string_view name) {
    return std::string(api::kind_of<T>().singular) + "/" + objects::key_of(ns, name);
}

void add_term(std::string term, std::vector<std::string>& terms) {
    if (std::ranges::find(terms, term) == terms.end()) terms.push_back(std::move(term));
}

template <class Ref>
void add_backend_terms(const Ref& ref, std::string_view own, std::vector<std::string>& terms) {
    const std::string_view ns = ref.namespace_.value_or(own);
    add_term(service_term(objects::key_of(ns, ref.name)), terms);
    if (ns != own) add_term(crossing_term(ns), terms);
}

template <class Route>
void add_route_terms(const Route& route, std::vector<std::string>& terms) {
    const std::string_view own = route.metadata.namespace_;
    for (const auto& ref : route.spec.parent_refs)
        add_term(parent_term(objects::key_of(ref.namespace_.value_or(own), ref.name)), terms);
    const auto add_filters = [&](const auto& filters) {
        for (const auto& filter : filters)
            if (filter.request_mirror) add_backend_terms(filter.request_mirror->backend_ref, own, terms);
    };
    for (const auto& rule : route.spec.rules) {
        add_filters(rule.filters);
        for (const auto& ref : rule.backend_refs) {
            add_backend_terms(ref, own, terms);
            add_filters(ref.filters);
        }
    }
}

template <class T, class Status>
loop::Task<Result<void>> write_route_status(objects::Objects& objects, std::shared_ptr<const T> object, Status status) {
    if (object->status == status) co_return ok();
    const std::string uid = object->metadata.uid.str();
    const int64_t generation = object->metadata.generation;
    std::function<Result<void>(T&)> change = [uid, generation, status = std::move(status)](T& edited) -> Result<void> {
        // One that has changed is looked at again.
        if (edited.metadata.uid == uid && edited.metadata.generation == generation) edited.status = status;
        return ok();
    };
    auto write = objects.modify_status<T>(object->metadata.namespace_.str(), object->metadata.name.str(), std::move(change));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(write)));
}

}  // namespace

std::string parent_term(const std::string& gateway) { return "parent " + gateway; }
std::string class_term(std::string_view name) { return "class " + std::string(name); }
std::string crossing_term(std::string_view ns) { return "into " + std::string(ns); }

void route_terms(const api::Object& route, std::vector<std::string>& terms) {
    if (&route.kind() == &api::kind_of<api::HTTPRoute>()) add_route_terms(route.as<api::HTTPRoute>(), terms);
    else add_route_terms(route.as<api::GRPCRoute>(), terms);
}

void gateway_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& gateway = object.as<api::Gateway>();
    terms.push_back(class_term(gateway.spec.gateway_class_name));
    for (const auto& listener : gateway.spec.listeners)
        if (listener.tls)
            for (const auto& ref : listener.tls->certificate_refs)
                if (ref.namespace_ && *ref.namespace_ != gateway.metadata.namespace_.view())
                    add_term(crossing_term(*ref.namespace_), terms);
}

ApiRoutes::ApiRoutes(loop::Loop& loop, objects::Objects& objects, Outbox& outbox, Backends& backends,
                     Certificates& certificates, NodePlace node, std::function<void(const std::string& key)> look_again)
    : loop_(loop),
      objects_(objects),
      outbox_(outbox),
      backends_(backends),
      certificates_(certificates),
      node_(std::move(node)),
      look_again_(std::move(look_again)) {}

ApiRoutes::GatewayPtr ApiRoutes::find_gateway(std::string_view ns, std::string_view name) const {
    auto gateway = objects_.get<api::Gateway>(ns, name);
    if (!gateway || gateway->metadata.deletion_timestamp) return nullptr;
    const auto found = objects_.get<api::GatewayClass>(gateway->spec.gateway_class_name);
    return found && is_accepted(*found) ? gateway : nullptr;
}

bool ApiRoutes::is_granted(const Crossing& crossing) const {
    for (const auto& grant : objects_.list<api::ReferenceGrant>(crossing.to_ns)) {
        const bool from = std::ranges::any_of(grant->spec.from, [&](const auto& one) {
            return one.group == api::gateway_group && one.kind == crossing.from_kind && one.namespace_ == crossing.from_ns;
        });
        const bool to = std::ranges::any_of(grant->spec.to, [&](const auto& one) {
            return one.group.empty() && one.kind == crossing.to_kind && one.name.value_or(crossing.to_name) == crossing.to_name;
        });
        if (from && to) return true;
    }
    return false;
}

loop::Task<Result<void>> ApiRoutes::settle_class(std::string name) {
    for (const auto& gateway : objects_.feed<api::Gateway>().find<api::Gateway>({gateway_terms, class_term(name)}))
        look_again_(queue_key_of<api::Gateway>(gateway->metadata.namespace_, gateway->metadata.name));
    const auto found = objects_.get<api::GatewayClass>(name);
    if (!found || !api::is_ours(*found)) co_return ok();
    CO_RETURN_AWAIT(write_route_status(objects_, found, plan_gateway_class(*found, loop_.clock().wall_s())));
}

loop::Task<Result<void>> ApiRoutes::settle_gateway(std::string ns, std::string name) {
    const std::string key = queue_key_of<api::Gateway>(ns, name);
    const auto gateway = find_gateway(ns, name);
    if (!gateway) {
        take_out_gateway(key);
        look_at_routes_of(objects::key_of(ns, name));
        co_return ok();
    }
    GatewaySurroundings around;
    around.is_granted = [this](const Crossing& crossing) { return is_granted(crossing); };
    around.why_not = [this](const std::string& secret) { return certificates_.why_not(secret); };
    around.attached_routes = [this](const std::string& listener) {
        const auto found = attached_.find(listener);
        return found == attached_.end() ? 0 : found->second;
    };
    around.fault = [this](const std::string& listener) {
        const auto found = faults_.find(listener);
        return found == faults_.end() ? std::string() : found->second;
    };
    around.node_ip = node_.ip;
    around.now_s = loop_.clock().wall_s();
    AWAIT_VOID(certificates_.set(key, plan_certificates(*gateway, around.is_granted)));
    GatewayPlan plan = plan_gateway(*gateway, around);
    const bool is_new = !listeners_.contains(key);
    std::vector<gateway::Listener>& out = listeners_[key];
    if (is_new || out != plan.listeners) {
        for (const auto& before : out)
            if (std::ranges::find(plan.listeners, before.key, &gateway::Listener::key) == plan.listeners.end())
                outbox_.drop_listener(before.key);
        for (const auto& listener : plan.listeners) outbox_.put(listener);
        out = std::move(plan.listeners);
        outbox_.flush();
    }
    // Its status alone changes no route.
    if (is_new || gateway->status.conditions.empty() ||
        gateway->status.conditions[0].observed_generation != gateway->metadata.generation)
        look_at_routes_of(objects::key_of(ns, name));
    CO_RETURN_AWAIT(write_route_status(objects_, gateway, std::move(plan.status)));
}

void ApiRoutes::take_out_gateway(const std::string& key) {
    const auto found = listeners_.find(key);
    if (found == listeners_.end()) return;
    for (const auto& listener : found->second) {
        outbox_.drop_listener(listener.key);
        faults_.erase(listener.key);
    }
    listeners_.erase(found);
    certificates_.drop(key);
    outbox_.flush();
}

template <class Route>
loop::Task<Result<void>> ApiRoutes::settle_route(std::string ns, std::string name) {
    const std::string key = queue_key_of<Route>(ns, name);
    const auto route = objects_.get<Route>(ns, name);
    if (!route || route->metadata.deletion_timestamp) {
        outbox_.drop_route(key);
        backends_.drop(key);
        attach(key, {});
        outbox_.flush();
        co_return ok();
    }
    RouteSurroundings around;
    around.find_gateway = [this](std::string_view in, std::string_view called) { return find_gateway(in, called); };
    around.find_namespace = [this](std::string_view called) { return objects_.get<api::Namespace>(called); };
    around.find_service = [this](std::string_view in, std::string_view called) {
        return objects_.get<api::Service>(in, called);
    };
    around.is_granted = [this](const Crossing& crossing) { return is_granted(crossing); };
    around.now_s = loop_.clock().wall_s();
    RoutePlan plan = plan_route(*route, around);
    if (plan.route) {
        (void)backends_.set({route->metadata.creation_timestamp.unix_s, key}, plan.backends, BackendSettings());
        outbox_.put(std::move(*plan.route));
    } else if (attached_to_.contains(key)) {
        backends_.drop(key);
        outbox_.drop_route(key);
    }
    attach(key, std::move(plan.listeners));
    outbox_.flush();
    auto status = route->status;
    status.parents = std::move(plan.parents);
    CO_RETURN_AWAIT(write_route_status(objects_, route, std::move(status)));
}
template loop::Task<Result<void>> ApiRoutes::settle_route<api::HTTPRoute>(std::string ns, std::string name);
template loop::Task<Result<void>> ApiRoutes::settle_route<api::GRPCRoute>(std::string ns, std::string name);

/// The Gateways count the routes of their listeners.
void ApiRoutes::attach(const std::string& route, std::vector<std::string> listeners) {
    std::vector<std::string> before = std::exchange(attached_to_[route], listeners);
    if (listeners.empty()) attached_to_.erase(route);
    if (before == listeners) return;
    std::set<std::string> gateways;
    const auto gateway_of = [](const std::string& listener) { return listener.substr(0, listener.rfind('/')); };
    for (const std::string& listener : before) {
        if (--attached_[listener] == 0) attached_.erase(listener);
        gateways.insert(gateway_of(listener));
    }
    for (const std::string& listener : listeners) {
        ++attached_[listener];
        gateways.insert(gateway_of(listener));
    }
    for (const std::string& gateway : gateways) look_again_(gateway);
}

void ApiRoutes::note_fault(const std::string& listener, const std::string& message) {
    if (message.empty()) faults_.erase(listener);
    else faults_[listener] = message;
    look_again_(listener.substr(0, listener.rfind('/')));
}

void ApiRoutes::look_at_routes_of(const std::string& gateway) {
    const objects::Term term{route_terms, parent_term(gateway)};
    for (const auto& one : objects_.feed<api::HTTPRoute>().find<api::HTTPRoute>(term))
        look_again_(queue_key_of<api::HTTPRoute>(one->metadata.namespace_, one->metadata.name));
    for (const auto& one : objects_.feed<api::GRPCRoute>().find<api::GRPCRoute>(term))
        look_again_(queue_key_of<api::GRPCRoute>(one->metadata.namespace_, one->metadata.name));
}

}  // namespace orilla::proxy
