#include "gateway/backends.hpp"

#include <algorithm>
#include <utility>

#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/terms.hpp"

namespace orilla::proxy {
namespace {

bool same_settings(const std::shared_ptr<const BackendSettings>& a, const std::shared_ptr<const BackendSettings>& b) {
    if (!a || !b) return a == b;
    return *a == *b;
}

}  // namespace

Backends::Outcome Backends::set(const Referrer& who, const std::vector<BackendRef>& refs, const BackendSettings& settings) {
    Outcome out;
    const Settings said = settings == BackendSettings() ? nullptr : std::make_shared<const BackendSettings>(settings);
    Held before = std::exchange(by_referrer_[who.key], Held{who, refs});
    std::map<std::string, std::vector<uint16_t>> changed;
    for (const BackendRef& ref : refs) {
        Referrers& all = by_service_[ref.service][ref.port];
        const bool is_new = all.empty();
        const Settings ruling = is_new ? nullptr : all.begin()->second;
        if (!is_new && who < all.begin()->first && !same_settings(ruling, said))
            out.look_again.push_back(all.begin()->first.key);
        all[who] = said;
        if (said && !same_settings(all.begin()->second, said)) out.overruled.push_back(ref);
        if (is_new || !same_settings(all.begin()->second, ruling)) changed[ref.service].push_back(ref.port);
    }
    for (const BackendRef& ref : before.refs)
        if (before.who != who || std::ranges::find(refs, ref) == refs.end()) release(before.who, ref);
    for (const auto& [service, ports] : changed) publish(service, ports);
    if (refs.empty()) by_referrer_.erase(who.key);
    return out;
}

void Backends::drop(const std::string& key) {
    const auto found = by_referrer_.find(key);
    if (found == by_referrer_.end()) return;
    const Held held = std::move(found->second);
    by_referrer_.erase(found);
    for (const BackendRef& ref : held.refs) release(held.who, ref);
}

void Backends::release(const Referrer& who, const BackendRef& ref) {
    const auto service = by_service_.find(ref.service);
    if (service == by_service_.end()) return;
    const auto port = service->second.find(ref.port);
    if (port == service->second.end()) return;
    const bool ruled = !port->second.empty() && port->second.begin()->first == who;
    port->second.erase(who);
    if (!port->second.empty()) {
        if (ruled) publish(ref.service, {ref.port});
        return;
    }
    outbox_.drop_backend(ref.key());
    service->second.erase(port);
    if (service->second.empty()) by_service_.erase(service);
}

void Backends::refresh(const std::string& service) {
    const auto found = by_service_.find(service);
    if (found == by_service_.end()) return;
    std::vector<uint16_t> ports;
    for (const auto& [port, referrers] : found->second) ports.push_back(port);
    publish(service, ports);
}

void Backends::publish(const std::string& key, const std::vector<uint16_t>& ports) {
    const auto [ns, name] = objects::split_key(key);
    const auto service = objects_.get<api::Service>(ns, name);
    if (!service) {
        for (const uint16_t port : ports) outbox_.drop_backend(BackendRef{key, port}.key());
        return;
    }
    const Slices slices =
        objects_.feed<api::EndpointSlice>().find<api::EndpointSlice>(objects::labelled(ns, api::service_name_label, name));
    const auto own = read_settings(service->metadata.annotations);
    for (const std::string& sentence : own.complaints)
        events_.record(*service, "gateway", "Warning", "InvalidAnnotation", sentence);
    for (const uint16_t port : ports) {
        const BackendRef ref{key, port};
        const Referrers& referrers = by_service_[key][port];
        gateway::Backend backend = plan_backend(ref, *service, slices, own.backend);
        if (!referrers.empty() && referrers.begin()->second) referrers.begin()->second->apply_to(backend);
        outbox_.put(std::move(backend));
    }
}

}  // namespace orilla::proxy
