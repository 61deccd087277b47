#include "orilla/proxy/load_balancers.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <functional>
#include <vector>

#include "load_balancer_plan.hpp"
#include "orilla/base/log.hpp"
#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/service_facts.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/unless_gone.hpp"
#include "orilla/objects/walk.hpp"

namespace orilla::proxy {
namespace {

constexpr std::string_view component = "service-controller";
constexpr size_t taking_max = 128;    ///< addresses that the LAN is asked for at a time
constexpr int64_t retry_ms = 60'000;  ///< when nobody says that a port or an address is free now
constexpr int worker_concurrency = 8;

constexpr std::string_view excluded_label = "node.kubernetes.io/exclude-from-external-load-balancers";

constexpr std::string_view no_nodes = "There are no available nodes for LoadBalancer";

bool is_excluded(const api::Node* node) { return node && node->metadata.labels.contains(excluded_label); }

bool has_finalizer(const api::Service& service) {
    const auto& all = service.metadata.finalizers;
    return std::find(all.begin(), all.end(), api::load_balancer_finalizer) != all.end();
}

/// It is of no class that others serve.
bool may_be_ours(const api::Service& service) {
    return service.spec.load_balancer_class.value_or(api::load_balancer_class) == api::load_balancer_class;
}

api::LoadBalancerStatus status_at(const api::Service& service, Ipv4 ip) {
    api::LoadBalancerStatus status;
    auto& ingress = status.ingress.emplace_back();
    ingress.ip = api::Str(ip.text());
    ingress.ip_mode = "VIP";
    for (const auto& port : service.spec.ports) {
        auto& told = ingress.ports.emplace_back();
        told.port = port.port;
        told.protocol = port.protocol;
    }
    return status;
}

loop::Task<Result<void>> write_status(objects::Objects& objects, std::shared_ptr<const api::Service> service,
                                      api::LoadBalancerStatus status) {
    if (service->status.load_balancer == status) co_return ok();
    const std::string uid = service->metadata.uid.str();
    std::function<Result<void>(api::Service&)> change = [uid,
                                                         status = std::move(status)](api::Service& edited) -> Result<void> {
        // Another one of its name, or of another type by now, is looked at for itself.
        if (edited.metadata.uid == uid && edited.spec.type == "LoadBalancer") edited.status.load_balancer = status;
        return ok();
    };
    auto write = objects.modify_status<api::Service>(service->metadata.namespace_.str(), service->metadata.name.str(),
                                                     std::move(change));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(write)));
}

/// The finalizer.
loop::Task<Result<void>> protect(objects::Objects& objects, std::shared_ptr<const api::Service> service, bool on) {
    if (has_finalizer(*service) == on) co_return ok();
    const std::string uid = service->metadata.uid.str();
    std::function<Result<void>(api::Service&)> change = [uid, on](api::Service& edited) -> Result<void> {
        if (edited.metadata.uid != uid || has_finalizer(edited) == on) return ok();
        if (on) edited.metadata.finalizers.push_back(api::Str(api::load_balancer_finalizer));
        else api::remove_finalizer(edited.metadata, api::load_balancer_finalizer);
        return ok();
    };
    auto write =
        objects.modify<api::Service>(service->metadata.namespace_.str(), service->metadata.name.str(), std::move(change));
    CO_RETURN_AWAIT(objects::unless_gone(std::move(write)));
}

}  // namespace

LoadBalancers::LoadBalancers(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events,
                             network::ServiceRules& rules, network::LanAddresses& lan, network::AddressPool pool,
                             NodePlace node)
    : loop_(loop),
      objects_(objects),
      events_(events),
      rules_(rules),
      lan_(lan),
      node_(std::move(node)),
      book_(std::make_unique<AddressBook>(std::move(pool), node_.ip)),
      services_(objects, api::kind_of<api::Service>(), [this](const objects::FeedEvent& event) { service_changed(event); }),
      nodes_(objects, api::kind_of<api::Node>(), [this](const objects::FeedEvent& event) { node_changed(event); }),
      worker_(loop, *this, {.name = "load-balancer", .concurrency = worker_concurrency}),
      scope_(loop) {}
LoadBalancers::~LoadBalancers() { lan_.on_conflict(nullptr); }

// ---- the start -------------------------------------------------------------------------------------------------------

/// The oldest first: where two have one address, which no daemon gave them, the younger chooses again.
loop::Task<void> LoadBalancers::adopt_all() {
    struct Had {
        Wish wish;
        Ipv4 ip;
        api::Time since;
    };
    std::vector<Had> all;
    std::function<void(const api::Service&)> look = [&all](const api::Service& service) {
        if (!api::wants_load_balancer(service) || service.status.load_balancer.ingress.empty()) return;
        if (const auto ip = parse_ipv4(service.status.load_balancer.ingress[0].ip.view()))
            all.push_back({wish_of(service), *ip, service.metadata.creation_timestamp});
    };
    AWAIT_VOID(objects::walk<api::Service>(loop_, objects_, std::move(look)));
    std::sort(all.begin(), all.end(), [](const Had& a, const Had& b) { return a.since < b.since; });
    for (const auto& [wish, ip, since] : all)
        if (book_->adopt(wish, ip)) holdings_[wish.owner].ip = ip;
}

void LoadBalancers::start() {
    lan_.on_conflict([this](Ipv4 ip, const std::string& who) { tell_conflict(ip, who); });
    scope_.spawn(begin());
}

loop::Task<void> LoadBalancers::begin() {
    AWAIT_VOID(adopt_all());
    std::vector<Ipv4> kept;
    if (!book_->is_shared())
        for (const auto& [key, holding] : holdings_) kept.push_back(holding.ip);
    AWAIT(const auto tidied, lan_.keep_only(std::move(kept)));
    if (!tidied) log::warning("load balancer addresses of an earlier start: " + tidied.error().message());
    services_.start();
    nodes_.start();
}

void LoadBalancers::service_changed(const objects::FeedEvent& event) {
    const std::string key = objects::key_of(event.entry->key);
    const auto* service = event.as<api::Service>();
    const bool concerns = service && (service->spec.type == "LoadBalancer" || has_finalizer(*service));
    if (concerns || holdings_.contains(key) || waiting_.contains(key)) worker_.queue().add(key);
}

void LoadBalancers::node_changed(const objects::FeedEvent& event) {
    const auto *now = event.as<api::Node>(), *before = event.before_as<api::Node>();
    if (event.entry->key.name != node_.name || is_excluded(now) == is_excluded(before)) return;
    for (const auto& [key, holding] : holdings_) worker_.queue().add(key);
    for (const auto& [key, told] : waiting_) worker_.queue().add(key);
}

// ---- one service -----------------------------------------------------------------------------------------------------

loop::Task<Result<loop::Outcome>> LoadBalancers::reconcile(std::string key) {
    const auto [ns, name] = objects::split_key(key);
    auto service = objects_.get<api::Service>(ns, name);
    if (service && api::wants_load_balancer(*service)) return serve(std::move(key), std::move(service));
    return give_up(std::move(key), std::move(service));
}

loop::Task<Result<loop::Outcome>> LoadBalancers::serve(std::string key, ServicePtr service) {
    // Before anything that has to be taken back.
    CO_TRY_VOID(protect(objects_, service, true));
    auto held = holdings_.find(key);
    if (held != holdings_.end() && held->second.state == Holding::State::taking) co_return loop::Outcome{};
    if (is_excluded(objects_.get<api::Node>(node_.name).get())) CO_RETURN_AWAIT(withdraw(key, service));
    if (held != holdings_.end()) {
        AWAIT(const bool kept, keep(service));
        if (!kept) CO_TRY_VOID(let_go(key));
        held = holdings_.find(key);
    }
    if (held == holdings_.end()) {
        AWAIT(const auto chosen, choose(key, service));
        if (!chosen) CO_RETURN_AWAIT(wait(service, chosen.error()));
        held = holdings_.find(key);
    }
    Holding& holding = held->second;
    if (holding.state == Holding::State::refused) {
        CO_RETURN_AWAIT(settle_refusal(key, service));
    }
    if (holding.state == Holding::State::chosen && !book_->is_shared()) {
        holding.state = Holding::State::taking;
        to_take_.push_back(key);
        take_next();
        co_return loop::Outcome{};
    }
    holding.state = Holding::State::taken;
    const auto waited = waiting_.find(key);
    const bool has_nodes_again = waited != waiting_.end() && waited->second == no_nodes;
    if (waited != waiting_.end()) waiting_.erase(waited);
    CO_TRY_VOID(publish(service, Ipv4(holding.ip), has_nodes_again));
    co_return loop::Outcome{};
}

/// What it has. Where the address is shared, other ports are looked at like those of a new one.
loop::Task<bool> LoadBalancers::keep(ServicePtr service) {
    const Wish wish = wish_of(*service);
    const bool is_settled = !book_->is_shared() || book_->has_same_ports(wish);
    if (is_settled) co_return book_->keeps(wish);
    AWAIT(const auto free, check_node_ports(service));
    if (!free || !book_->keeps(wish)) co_return false;
    wake_waiting();
    co_return true;
}

loop::Task<Result<void>> LoadBalancers::choose(std::string key, ServicePtr service) {
    if (book_->is_shared()) CO_TRY_VOID(check_node_ports(service));
    CO_CHECK(const Ipv4 ip, book_->choose(wish_of(*service), loop_.now_ms()));
    holdings_[key] = {};
    holdings_[key].ip = ip;
    if (!waiting_.contains(key))
        events_.record(*service, component, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
    co_return ok();
}

/// The node's address is shared with whoever listens there, and with node ports, which are on all of its addresses.
loop::Task<Result<void>> LoadBalancers::check_node_ports(ServicePtr service) {
    AWAIT(const auto listening, lan_.listening(node_.ip));
    if (!listening) co_return Error(listening.error()).with_context("see who listens on the node");
    const Wish wish = wish_of(*service);
    for (const PortUse& port : wish.ports) {
        const std::string where =
            fmt::format("port {} of the node's address {} is already in use by", port_text(port), node_.ip.text());
        if (std::binary_search(listening->begin(), listening->end(), port))
            co_return Error(Code::unavailable, where + " a process on the node");
        const auto owner = rules_.find_node_port_owner(port.protocol, port.port);
        if (owner && *owner != wish.owner)
            co_return Error(Code::unavailable, fmt::format("{} a node port or hostPort of {}", where, *owner));
    }
    co_return ok();
}

/// Nothing to be had: the service is told once, and looks again when that may have changed.
loop::Task<Result<loop::Outcome>> LoadBalancers::wait(ServicePtr service, Error why) {
    const std::string key = wish_of(*service).owner;
    const std::string message = fmt::format("Failed to allocate IP for \"{}\": {}", key, why.message());
    std::string& told = waiting_[key];
    if (told != message) events_.record(*service, component, "Warning", "AllocationFailed", message);
    told = message;
    CO_TRY_VOID(write_status(objects_, service, {}));
    // What another service gives back is heard of; what else is in the way is not.
    const bool is_heard_of = why.code() == Code::invalid || (why.code() == Code::conflict && !book_->avoids_some());
    co_return loop::Outcome{is_heard_of ? -1 : retry_ms};
}

/// The LAN has it, or the network has no such address.
loop::Task<Result<loop::Outcome>> LoadBalancers::settle_refusal(std::string key, ServicePtr service) {
    const Holding refused = holdings_.at(key);
    book_->release(key);
    holdings_.erase(key);
    const bool has_others = wish_of(*service).asked.empty();
    const Code code = refused.refusal.code();
    if (!has_others || (code != Code::conflict && code != Code::invalid))
        CO_RETURN_AWAIT(wait(service, Error(Code::unavailable, refused.refusal.message())));
    book_->avoid(refused.ip, loop_.now_ms());
    // Who wants that one is to hear why he does not get it; others look again when it may be free.
    wake_waiting();
    events_.record(*service, component, "Warning", "AddressConflict", refused.refusal.message() + ": another one is tried");
    worker_.queue().add(key);
    co_return loop::Outcome{};
}

loop::Task<Result<void>> LoadBalancers::publish(ServicePtr service, Ipv4 ip, bool has_nodes_again) {
    api::LoadBalancerStatus status = status_at(*service, ip);
    const auto& before = service->status.load_balancer.ingress;
    const bool is_new = before.empty() || before[0].ip != ip.text();
    CO_TRY_VOID(write_status(objects_, service, std::move(status)));
    if (!is_new) co_return ok();
    if (!book_->is_shared()) {
        events_.record(*service, component, "Normal", "IPAllocated", fmt::format("Assigned IP [\"{}\"]", ip.text()));
        events_.record(*service, component, "Normal", "nodeAssigned",
                       fmt::format("announcing from node \"{}\" with protocol \"layer2\"", node_.name));
    }
    if (has_nodes_again)
        events_.record(*service, component, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts");
    else events_.record(*service, component, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
    co_return ok();
}

/// The node is not to be one that serves: it stays the service's in the book.
loop::Task<Result<loop::Outcome>> LoadBalancers::withdraw(std::string key, ServicePtr service) {
    const auto held = holdings_.find(key);
    if (held != holdings_.end() && held->second.state == Holding::State::taken) {
        if (!book_->is_shared()) CO_TRY_VOID(lan_.give_back(Ipv4(held->second.ip)));
        held->second.state = Holding::State::chosen;
    }
    std::string& told = waiting_[key];
    if (told != no_nodes) events_.record(*service, component, "Warning", "UnAvailableLoadBalancer", no_nodes);
    told = no_nodes;
    CO_TRY_VOID(write_status(objects_, service, {}));
    co_return loop::Outcome{};
}

/// It is being deleted, of another type by now, or gone. `service` may be null.
loop::Task<Result<loop::Outcome>> LoadBalancers::give_up(std::string key, ServicePtr service) {
    waiting_.erase(key);
    const auto held = holdings_.find(key);
    // Whoever takes it says so when he has.
    if (held != holdings_.end() && held->second.state == Holding::State::taking) co_return loop::Outcome{};
    const bool is_protected = service && has_finalizer(*service) && may_be_ours(*service);
    if (is_protected) events_.record(*service, component, "Normal", "DeletingLoadBalancer", "Deleting load balancer");
    if (held != holdings_.end()) {
        AWAIT(auto gone, let_go(key));
        if (!gone && service)
            events_.record(*service, component, "Warning", "DeleteLoadBalancerFailed",
                           "Error deleting load balancer (will retry): " + gone.error().message());
        if (!gone) co_return std::move(gone).error();
    }
    if (!is_protected) co_return loop::Outcome{};
    // Before the finalizer goes: afterwards there may be nobody to tell of.
    events_.record(*service, component, "Normal", "DeletedLoadBalancer", "Deleted load balancer");
    CO_TRY_VOID(protect(objects_, service, false));
    co_return loop::Outcome{};
}

// ---- addresses -------------------------------------------------------------------------------------------------------

void LoadBalancers::take_next() {
    while (!to_take_.empty() && taking_ < taking_max) {
        const std::string key = to_take_.front();
        to_take_.pop_front();
        ++taking_;
        scope_.spawn(take(key, holdings_.at(key).ip));
    }
}

loop::Task<void> LoadBalancers::take(std::string key, Ipv4 ip) {
    AWAIT(auto taken, lan_.take(ip));
    --taking_;
    Holding& holding = holdings_.at(key);
    holding.state = taken ? Holding::State::taken : Holding::State::refused;
    if (!taken) holding.refusal = taken.error();
    worker_.queue().add(key);
    take_next();
}

loop::Task<Result<void>> LoadBalancers::let_go(std::string key) {
    const Holding& holding = holdings_.at(key);
    if (!book_->is_shared() && holding.state == Holding::State::taken) CO_TRY_VOID(lan_.give_back(holding.ip));
    book_->release(key);
    holdings_.erase(key);
    wake_waiting();
    co_return ok();
}

/// The oldest first.
void LoadBalancers::wake_waiting() {
    std::vector<std::pair<ServicePtr, const std::string*>> all;
    for (const auto& [key, told] : waiting_) {
        const auto [ns, name] = objects::split_key(key);
        if (auto service = objects_.get<api::Service>(ns, name)) all.emplace_back(std::move(service), &key);
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.first->metadata.creation_timestamp < b.first->metadata.creation_timestamp;
    });
    for (const auto& [service, key] : all) worker_.queue().add(*key);
}

/// Of an address that was free when it was taken.
void LoadBalancers::tell_conflict(Ipv4 ip, const std::string& who) {
    const std::string* owner = book_->owner_of(ip);
    const auto [ns, name] = owner ? objects::split_key(*owner) : std::pair<std::string, std::string>();
    const auto service = owner ? objects_.get<api::Service>(ns, name) : nullptr;
    if (service)
        events_.record(*service, component, "Warning", "AddressConflict",
                       fmt::format("{} is claimed on the LAN by {}, too: it is announced again", ip.text(), who));
}

}  // namespace orilla::proxy
