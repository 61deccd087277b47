#include "gateway/ingress_routes.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/ingress_facts.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/unless_gone.hpp"

namespace orilla::proxy {
namespace {

constexpr std::string_view key_prefix = "ingress/";
constexpr uint16_t http_port = 80, https_port = 443;

template <class Look>
void each_backend(const api::Ingress& ingress, Look look) {
    if (ingress.spec.default_backend) look(*ingress.spec.default_backend);
    for (const auto& rule : ingress.spec.rules)
        if (rule.http)
            for (const auto& path : rule.http->paths) look(path.backend);
}

bool has_address(const api::Ingress& ingress, Ipv4 ip) {
    const auto& places = ingress.status.load_balancer.ingress;
    return places.size() == 1 && places[0].ip == ip.text() && places[0].hostname.empty();
}

}  // namespace

std::string ingress_key(std::string_view ns, std::string_view name) {
    return std::string(key_prefix) + objects::key_of(ns, name);
}

std::string service_term(const std::string& service) { return "service " + service; }

void ingress_service_terms(const api::Object& object, std::vector<std::string>& terms) {
    const auto& ingress = object.as<api::Ingress>();
    each_backend(ingress, [&](const api::IngressBackend& backend) {
        if (!backend.service) return;
        std::string term = service_term(objects::key_of(ingress.metadata.namespace_, backend.service->name));
        if (std::ranges::find(terms, term) == terms.end()) terms.push_back(std::move(term));
    });
}

IngressRoutes::IngressRoutes(objects::Objects& objects, objects::EventRecorder& events, Outbox& outbox, Backends& backends,
                             Certificates& certificates, NodePlace node, std::function<void(const std::string& key)> look_again)
    : objects_(objects),
      events_(events),
      outbox_(outbox),
      backends_(backends),
      certificates_(certificates),
      node_(std::move(node)),
      look_again_(std::move(look_again)) {}

/// One that was made before there was a default class is served by that.
bool IngressRoutes::is_ours(const api::Ingress& ingress) const {
    const std::string_view name = api::class_of(ingress);
    if (name.empty()) {
        const auto classes = objects_.list<api::IngressClass>();
        const auto* chosen = api::choose_default_class(classes);
        return chosen && api::is_ours(*chosen);
    }
    const auto found = objects_.get<api::IngressClass>(name);
    return found && api::is_ours(*found);
}

bool IngressRoutes::concerns(const objects::FeedEvent& event) const {
    const auto *now = event.as<api::Ingress>(), *before = event.before_as<api::Ingress>();
    if (event.is_deleted() || !now || !before || now->metadata.generation != before->metadata.generation) return true;
    const bool same = now->metadata.annotations == before->metadata.annotations &&
                      now->metadata.deletion_timestamp == before->metadata.deletion_timestamp;
    const bool is_served = known_.contains(ingress_key(now->metadata.namespace_, now->metadata.name));
    return !same || (is_served && node_.ip && !has_address(*now, node_.ip));
}

loop::Task<Result<void>> IngressRoutes::settle(std::string ns, std::string name) {
    const std::string key = ingress_key(ns, name);
    auto ingress = objects_.get<api::Ingress>(ns, name);
    const bool serves = ingress && !ingress->metadata.deletion_timestamp && is_ours(*ingress);
    if (!serves && !known_.contains(key)) co_return ok();
    AWAIT(auto done, serves ? serve(key, ingress) : give_up(key, ingress));
    co_return done;
}

loop::Task<Result<void>> IngressRoutes::serve(std::string key, IngressPtr ingress) {
    const std::string ns = ingress->metadata.namespace_.str();
    const Settings settings = read_settings(ingress->metadata.annotations);
    const FindService find_service = [this, &ns](std::string_view name) { return objects_.get<api::Service>(ns, name); };
    IngressPlan plan = plan_ingress(*ingress, settings, find_service);
    AWAIT_VOID(certificates_.set(key, plan.certificates));
    for (const CertificateUse& use : plan.certificates)
        if (const std::string why = certificates_.why_not(use.secret); !why.empty())
            plan.complaints.push_back({"CertificateNotUsable", why + ": a self-signed certificate is shown"});

    for (const auto& [listener, message] : faults_)
        if (listener == ingress_http || plan.has_tls) plan.complaints.push_back({"PortUnavailable", message});

    Known& known = known_[key];
    const Known before = std::exchange(known, Known{});
    known.who = {ingress->metadata.creation_timestamp.unix_s, key};
    known.told = before.told;
    known.has_tls = plan.has_tls;
    known.claims = std::move(plan.claims);
    with_tls_ += static_cast<size_t>(plan.has_tls) - static_cast<size_t>(before.has_tls);
    // Routes before what they referred to, and after what they refer to: all of it goes out as one.
    const auto outcome = backends_.set(known.who, plan.backends, settings.backend);
    for (const BackendRef& ref : outcome.overruled)
        plan.complaints.push_back(
            {"SettingsNotUsed", fmt::format("what an older object says of service {} counts", ref.key())});
    unclaim(before.who, before.claims);
    claim(known.who, known.claims, plan.complaints);
    for (gateway::Route& route : plan.routes) {
        known.routes.push_back(route.key);
        outbox_.put(std::move(route));
    }
    for (const std::string& route : before.routes)
        if (std::ranges::find(known.routes, route) == known.routes.end()) outbox_.drop_route(route);
    put_listeners();
    outbox_.flush();
    tell(*ingress, known, std::move(plan.complaints));
    for (const std::string& other : outcome.look_again) look_again_(other);
    CO_RETURN_AWAIT(write_address(ingress, true));
}

loop::Task<Result<void>> IngressRoutes::give_up(std::string key, IngressPtr ingress) {
    const auto found = known_.find(key);
    const Known known = std::move(found->second);
    known_.erase(found);
    take_out(key, known);
    if (!ingress || ingress->metadata.deletion_timestamp) co_return ok();
    CO_RETURN_AWAIT(write_address(ingress, false));
}

void IngressRoutes::note_fault(const std::string& listener, const std::string& message) {
    if (message.empty()) faults_.erase(listener);
    else faults_[listener] = message;
    for (const auto& [key, known] : known_) look_again_(key);
}

void IngressRoutes::take_out(const std::string& key, const Known& known) {
    with_tls_ -= static_cast<size_t>(known.has_tls);
    for (const std::string& route : known.routes) outbox_.drop_route(route);
    unclaim(known.who, known.claims);
    certificates_.drop(key);
    backends_.drop(key);
    put_listeners();
    outbox_.flush();
}

/// The gateway itself lets the older one win; this one is told, and one that has just lost looks again.
void IngressRoutes::claim(const Referrer& who, const std::vector<std::string>& claims, std::vector<Complaint>& complaints) {
    for (const std::string& claim : claims) {
        std::set<Referrer>& all = claims_[claim];
        if (!all.empty() && who < *all.begin()) look_again_(all.begin()->key);
        all.insert(who);
        const Referrer& first = *all.begin();
        if (first == who) continue;
        const std::string_view other = std::string_view(first.key).substr(key_prefix.size());
        complaints.push_back({"PathConflict", fmt::format("{} is served by the older ingress {}", claim, other)});
    }
}

void IngressRoutes::unclaim(const Referrer& who, const std::vector<std::string>& claims) {
    for (const std::string& claim : claims) {
        const auto found = claims_.find(claim);
        if (found == claims_.end()) continue;
        found->second.erase(who);
        if (found->second.empty()) claims_.erase(found);
    }
}

void IngressRoutes::put_listeners() {
    const bool wants_http = !known_.empty(), wants_https = with_tls_ > 0;
    if (wants_http && !has_http_) {
        gateway::Listener http;
        http.key = ingress_http;
        http.port = http_port;
        outbox_.put(std::move(http));
    } else if (!wants_http && has_http_) {
        outbox_.drop_listener(std::string(ingress_http));
    }
    has_http_ = wants_http;
    const uint64_t wanted = wants_https ? certificates_.revision() : 0;
    if (wanted == listed_certificates_) return;
    listed_certificates_ = wanted;
    if (!wants_https) return outbox_.drop_listener(std::string(ingress_https));
    gateway::Listener https;
    https.key = ingress_https;
    https.port = https_port;
    https.protocol = gateway::ListenerProtocol::https;
    https.certificates = certificates_.keys(key_prefix);
    outbox_.put(std::move(https));
}

/// What was told already is not told again.
void IngressRoutes::tell(const api::Ingress& ingress, Known& known, std::vector<Complaint> complaints) {
    for (const Complaint& one : complaints)
        if (std::ranges::find(known.told, one) == known.told.end())
            events_.record(ingress, "gateway", "Warning", one.reason, one.message);
    known.told = std::move(complaints);
}

loop::Task<Result<void>> IngressRoutes::write_address(IngressPtr ingress, bool is_served) {
    const Ipv4 ip = node_.ip;
    if (!ip || has_address(*ingress, ip) == is_served) co_return ok();
    const std::string uid = ingress->metadata.uid.str();
    std::function<Result<void>(api::Ingress&)> change = [uid, ip, is_served](api::Ingress& edited) -> Result<void> {
        if (edited.metadata.uid != uid || has_address(edited, ip) == is_served) return ok();
        edited.status.load_balancer.ingress.clear();
        if (is_served) edited.status.load_balancer.ingress.emplace_back().ip = api::Str(ip.text());
        return ok();
    };
    auto write = objects_.modify_status<api::Ingress>(ingress->metadata.namespace_.str(), ingress->metadata.name.str(),
                                                      std::move(change));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(write)));
}

}  // namespace orilla::proxy
