// Objects with their routes, and a gateway that only remembers what it was told.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "../../support/admitted_world.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/proxy/gateway_routes.hpp"

namespace orilla::test {

/// As the gateway's own table would be after every change.
class RememberedRoutes final : public gateway::RouteSink {
  public:
    void apply(gateway::Change change) override {
        if (change.is_whole) listeners.clear(), certificates.clear(), routes.clear(), backends.clear();
        put(listeners, change.listeners, change.gone_listeners);
        put(certificates, change.certificates, change.gone_certificates);
        put(routes, change.routes, change.gone_routes);
        put(backends, change.backends, change.gone_backends);
        changes.push_back(std::move(change));
    }
    template <class T>
    using Table = std::map<std::string, T>;
    Table<gateway::Listener> listeners;
    Table<gateway::Certificate> certificates;
    Table<gateway::Route> routes;
    Table<gateway::Backend> backends;
    std::vector<gateway::Change> changes;

  private:
    template <class T>
    static void put(Table<T>& table, const std::vector<T>& changed, const std::vector<std::string>& gone) {
        for (const std::string& key : gone) table.erase(key);
        for (const T& one : changed) table[one.key] = one;
    }
};

template <class T>
std::string keys_of(const std::map<std::string, T>& table) {
    std::string out;
    for (const auto& [key, one] : table) out += (out.empty() ? "" : " ") + key;
    return out;
}

struct GatewayWorld : AdmittedWorld {
    GatewayWorld() : AdmittedWorld({"10.43.0.0/16"}), events(loop, objects, "box") {
        api::IngressClass ours;
        ours.metadata.name = "orilla";
        ours.metadata.annotations[api::default_ingress_class_annotation] = "true";
        ours.spec.controller = api::Str(api::gateway_controller);
        make(ours);
    }
    void start() {
        routes = std::make_unique<proxy::GatewayRoutes>(loop, objects, events, sink, proxy::NodePlace{"box", Ipv4{0xc0000202}});
        routes->start();
        settle();
    }

    template <class T>
    void make(T object) {
        const auto made = run(objects.create<T>(std::move(object)));
        INFO((made ? "" : made.error().message()));
        REQUIRE(made.has_value());
        settle();
    }
    template <class T>
    void change(const std::string& name, std::function<void(T&)> edit, const std::string& ns = "default") {
        std::function<Result<void>(T&)> any = [edit = std::move(edit)](T& edited) -> Result<void> {
            return edit(edited), ok();
        };
        REQUIRE(run(objects.modify<T>(ns, name, std::move(any))));
        settle();
    }
    template <class T>
    void drop(const std::string& name, const std::string& ns = "default") {
        REQUIRE(run(objects.remove<T>(ns, name)));
        settle();
    }

    void service(
        const std::string& name, std::vector<std::pair<std::string, int32_t>> ports,
        const std::function<void(api::Service&)>& edit = [](api::Service&) {}) {
        api::Service out;
        out.metadata.name = api::Str(name);
        out.metadata.namespace_ = "default";
        for (const auto& [port_name, number] : ports) {
            auto& port = out.spec.ports.emplace_back();
            port.name = api::Str(port_name);
            port.port = number;
        }
        edit(out);
        make(std::move(out));
    }
    /// `states`: an endpoint each: r ready, n not ready, d it drains.
    static api::EndpointSlice slice(const std::string& service, const std::string& port_name, int32_t port,
                                    const std::string& states) {
        api::EndpointSlice out;
        out.metadata.name = api::Str(service + "-slice");
        out.metadata.namespace_ = "default";
        out.metadata.labels[api::service_name_label] = api::Str(service);
        out.address_type = "IPv4";
        auto& offered = out.ports.emplace_back();
        offered.name = api::Str(port_name);
        offered.port = port;
        for (size_t i = 0; i < states.size(); ++i) {
            auto& endpoint = out.endpoints.emplace_back();
            endpoint.addresses.push_back(api::Str("10.42.0." + std::to_string(i + 2)));
            endpoint.conditions.ready = states[i] == 'r';
            endpoint.conditions.serving = states[i] != 'n';
            endpoint.conditions.terminating = states[i] == 'd';
        }
        return out;
    }
    static api::Ingress ingress(const std::string& name, const std::string& host, const std::string& path,
                                const std::string& service, int32_t port) {
        api::Ingress out;
        out.metadata.name = api::Str(name);
        out.metadata.namespace_ = "default";
        add_path(out, host, path, service, port);
        return out;
    }
    static void add_path(api::Ingress& ingress, const std::string& host, const std::string& path, const std::string& service,
                         int32_t port) {
        auto& rule = ingress.spec.rules.emplace_back();
        rule.host = api::Str(host);
        auto& one = rule.http.ensure().paths.emplace_back();
        one.path = api::Str(path);
        one.path_type = "Prefix";
        auto& backend = one.backend.service.ensure();
        backend.name = api::Str(service);
        backend.port.number = port;
    }
    /// "REASON MESSAGE" of the events about one object, in order.
    std::vector<std::string> told(const std::string& name) {
        settle();
        std::vector<std::string> out;
        for (const auto& event : objects.list<api::Event>())
            if (event->involved_object.name == name) out.push_back(event->reason.str() + " " + event->message.str());
        return out;
    }
    std::string endpoints(const std::string& backend) {
        std::string out;
        for (const auto& one : sink.backends.at(backend).endpoints)
            out +=
                (out.empty() ? "" : " ") + one.ip.text() + ":" + std::to_string(one.port) + (one.is_draining ? " drains" : "");
        return out;
    }

    objects::EventRecorder events;
    RememberedRoutes sink;
    std::unique_ptr<proxy::GatewayRoutes> routes;
};

}  // namespace orilla::test
