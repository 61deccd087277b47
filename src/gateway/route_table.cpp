#include "route_table.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace orilla::gateway {

/// Routes that share a host.
struct RouteTable::HostEntry {
    struct Attached {
        std::shared_ptr<const CompiledRoute> route;
        uint32_t listener = 0;
    };
    std::vector<Attached> routes;
    PathTable paths, defaults;
};

/// What listens on one port.
struct RouteTable::Port {
    static constexpr uint32_t none = UINT32_MAX;
    /// One Gateway's listeners, or the Ingresses': the closest one of them to a host.
    struct Group {
        std::string name;
        HostTable<uint32_t> listeners;
        uint32_t closest(std::string_view host) const {
            const uint32_t* found = listeners.find_closest(host, [](uint32_t) { return true; });
            return found ? *found : none;
        }
    };
    std::vector<const ListenerEntry*> listeners;  ///< by number
    std::vector<Group> groups;
    HostTable<uint32_t> closest;  ///< of all groups
    HostTable<HostEntry> hosts;
    /// No listener is for one host alone: each is the one of its group.
    bool is_plain = true;

    bool allows(uint32_t listener, std::string_view host) const {
        return is_plain || groups[listeners[listener]->group].closest(host) == listener;
    }
    const uint32_t* find_closest(std::string_view host) const {
        return closest.find_closest(host, [](uint32_t) { return true; });
    }
    bool knows(const HostEntry& entry, std::string_view host) const {
        return std::any_of(entry.routes.begin(), entry.routes.end(),
                           [&](const auto& attached) { return allows(attached.listener, host); });
    }
    void set_listeners(std::vector<ListenerEntry*> all);
};

namespace {
/// "gateway/NAMESPACE/NAME/SECTION" is of "gateway/NAMESPACE/NAME".
std::string_view owner_of_listener(std::string_view key) { return key.substr(0, key.rfind('/')); }
}  // namespace

void RouteTable::Port::set_listeners(std::vector<ListenerEntry*> all) {
    // Whose key comes first has the say where two are for the same host.
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->listener.key < b->listener.key; });
    listeners.clear();
    groups.clear();
    closest = {};
    is_plain = true;
    for (ListenerEntry* entry : all) {
        const std::string_view name = owner_of_listener(entry->listener.key);
        const auto is_named = [name](const Group& group) { return group.name == name; };
        auto group = std::find_if(groups.begin(), groups.end(), is_named);
        if (group == groups.end()) group = groups.insert(groups.end(), Group{std::string(name), {}});
        entry->number = static_cast<uint32_t>(listeners.size());
        entry->group = static_cast<uint32_t>(group - groups.begin());
        listeners.push_back(entry);
        if (!group->listeners.find(entry->listener.host)) group->listeners.at(entry->listener.host) = entry->number;
        if (!closest.find(entry->listener.host)) closest.at(entry->listener.host) = entry->number;
    }
    is_plain = closest.has_only_any() && groups.size() == listeners.size();
}

// ---- changes ---------------------------------------------------------------------------------------------------------------

/// One change: what it touches is put together again once, at its end.
class RouteTable::Update {
  public:
    explicit Update(RouteTable& table) : table_(table) {}

    void set_listener(const Listener& listener) {
        std::erase(gone_listeners_, listener.key);
        const auto known = table_.listeners_.find(listener.key);
        if (known != table_.listeners_.end() && known->second.listener == listener) return;
        if (known != table_.listeners_.end()) ports_.insert(known->second.listener.port);
        ports_.insert(listener.port);
        table_.listeners_[listener.key].listener = listener;
        listeners_.insert(listener.key);
    }
    void remove_listener(const std::string& key) {
        const auto known = table_.listeners_.find(key);
        if (known == table_.listeners_.end()) return;
        ports_.insert(known->second.listener.port);
        listeners_.insert(key);
        gone_listeners_.push_back(key);
    }
    void set_route(std::shared_ptr<const CompiledRoute> route) {
        const std::string& key = route->route().key;
        take_off(key);
        table_.routes_[key] = {std::move(route), {}};
        routes_.insert(key);
    }
    void remove_route(const std::string& key) {
        take_off(key);
        table_.routes_.erase(key);
        routes_.erase(key);
    }
    void finish() {
        if (!ports_.empty()) move_listeners();
        for (const std::string& key : routes_) put_on(table_.routes_.find(key)->second);
        for (const auto& [port, hosts] : touched_)
            for (const auto& [text, host] : hosts) build(port, host);
    }

  private:
    void touch(uint16_t port, const HostPattern& host) {
        touched_[port].emplace(host.text + (host.is_one_label ? "1" : ""), host);
    }

    void take_off(const std::string& key) {
        const auto known = table_.routes_.find(key);
        if (known == table_.routes_.end()) return;
        const auto is_it = [&](const HostEntry::Attached& attached) { return attached.route == known->second.route; };
        for (const Place& place : known->second.places) {
            const auto port = table_.ports_.find(place.port);
            HostEntry* entry = port == table_.ports_.end() ? nullptr : port->second->hosts.find(place.host);
            if (entry) std::erase_if(entry->routes, is_it);
            touch(place.port, place.host);
        }
        known->second.places.clear();
    }

    void put_on(RouteEntry& entry) {
        const Route& route = entry.route->route();
        static const std::vector<HostPattern> every_host(1);
        for (const std::string& key : route.listeners) {
            const auto listener = table_.listeners_.find(key);
            if (listener == table_.listeners_.end()) continue;
            const uint16_t port = listener->second.listener.port;
            for (const HostPattern& pattern : route.hosts.empty() ? every_host : route.hosts) {
                const auto host = intersect(listener->second.listener.host, pattern);
                if (!host) continue;
                table_.ports_.at(port)->hosts.at(*host).routes.push_back({entry.route, listener->second.number});
                entry.places.push_back({port, *host});
                touch(port, *host);
            }
        }
    }

    /// Ports get new numbers for their listeners: all routes of theirs are put on anew.
    void move_listeners() {
        for (auto& [key, entry] : table_.routes_) {
            const auto is_moved = [this](const Place& place) { return ports_.contains(place.port); };
            const auto is_named = [this](const std::string& listener) { return listeners_.contains(listener); };
            const auto& names = entry.route->route().listeners;
            if (std::none_of(entry.places.begin(), entry.places.end(), is_moved) &&
                std::none_of(names.begin(), names.end(), is_named))
                continue;
            take_off(key);
            routes_.insert(key);
        }
        for (const std::string& key : gone_listeners_) table_.listeners_.erase(key);
        for (const uint16_t number : ports_) {
            std::vector<ListenerEntry*> own;
            for (auto& [key, entry] : table_.listeners_)
                if (entry.listener.port == number) own.push_back(&entry);
            if (own.empty()) {
                table_.ports_.erase(number);
                continue;
            }
            auto& port = table_.ports_[number];
            if (!port) port = std::make_unique<Port>();
            port->set_listeners(std::move(own));
        }
    }

    void build(uint16_t number, const HostPattern& host) {
        const auto port = table_.ports_.find(number);
        HostEntry* entry = port == table_.ports_.end() ? nullptr : port->second->hosts.find(host);
        if (!entry) return;
        if (entry->routes.empty()) return port->second->hosts.erase(host);
        std::vector<PathItem> paths, defaults;
        for (const auto& attached : entry->routes) {
            auto& list = attached.route->route().is_default ? defaults : paths;
            for (const CompiledMatch& match : attached.route->matches())
                list.push_back({attached.route.get(), &match, attached.listener});
        }
        entry->paths.build(std::move(paths));
        entry->defaults.build(std::move(defaults));
    }

    RouteTable& table_;
    std::set<uint16_t> ports_;         ///< whose listeners change
    std::set<std::string> listeners_;  ///< that change
    std::vector<std::string> gone_listeners_;
    std::set<std::string> routes_;  ///< to be put on
    std::map<uint16_t, std::map<std::string, HostPattern>> touched_;
};

RouteTable::RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable::~RouteTable() = default;

std::vector<RouteTable::Fault> RouteTable::apply(const Change& change) {
    Update update(*this);
    std::vector<Fault> faults;
    std::vector<std::string> gone_listeners = change.gone_listeners, gone_routes = change.gone_routes;
    if (change.is_whole) {
        std::set<std::string_view> kept;
        for (const Listener& listener : change.listeners) kept.insert(listener.key);
        for (const auto& [key, entry] : listeners_)
            if (!kept.contains(key)) gone_listeners.push_back(key);
        kept.clear();
        for (const Route& route : change.routes) kept.insert(route.key);
        for (const auto& [key, entry] : routes_)
            if (!kept.contains(key)) gone_routes.push_back(key);
    }
    for (const std::string& key : gone_listeners) update.remove_listener(key);
    for (const std::string& key : gone_routes) update.remove_route(key);
    for (const Listener& listener : change.listeners) update.set_listener(listener);
    for (const Route& route : change.routes) {
        const auto known = routes_.find(route.key);
        if (known != routes_.end() && known->second.route->route() == route) continue;
        std::vector<std::string> messages;
        update.set_route(CompiledRoute::compile(route, &messages));
        for (std::string& message : messages) faults.push_back({route.key, std::move(message)});
    }
    update.finish();
    return faults;
}

// ---- lookups ---------------------------------------------------------------------------------------------------------------

const RouteTable::Port* RouteTable::find_port(uint16_t port) const {
    const auto found = ports_.find(port);
    return found == ports_.end() ? nullptr : found->second.get();
}

/// Over TLS the listener of SNI and the one of the host have to be the same one, and ask the same of clients.
bool RouteTable::is_misdirected(const Port& port, const RequestFacts& facts, const PathItem* item) const {
    if (!facts.is_tls) return false;
    if (!port.is_plain && facts.server_name != facts.host) {
        for (uint32_t group = 0; group < port.groups.size(); ++group) {
            if (item && port.listeners[item->listener]->group != group) continue;
            const uint32_t of_host = port.groups[group].closest(facts.host);
            if (of_host != Port::none && of_host != port.groups[group].closest(facts.server_name)) return true;
        }
    }
    const uint32_t* shaken_number = item ? port.find_closest(facts.server_name) : nullptr;
    if (!shaken_number) return false;
    const Listener& shaken = port.listeners[*shaken_number]->listener;
    const Listener& serving = port.listeners[item->listener]->listener;
    return serving.client_authorities != shaken.client_authorities ||
           serving.accepts_bad_client_certificates != shaken.accepts_bad_client_certificates;
}

RouteFound RouteTable::find_in(const Port& port, const HostEntry* entry, const RequestFacts& facts) const {
    RouteFound out;
    out.is_grpc = facts.is_grpc();
    const auto is_allowed = [&](const PathItem& item) { return port.allows(item.listener, facts.host); };
    PathTable::Found found;
    if (entry) found = entry->paths.find(facts, out.is_grpc, is_allowed);
    if (!found.item && entry) found = entry->defaults.find(facts, out.is_grpc, is_allowed);
    // A default backend is for all hosts.
    const HostEntry* any = port.hosts.any();
    if (!found.item && any && any != entry) found = any->defaults.find(facts, out.is_grpc, is_allowed);
    if (is_misdirected(port, facts, found.item)) {
        out.outcome = RouteFound::Outcome::misdirected;
    } else if (found.item) {
        out.outcome = RouteFound::Outcome::rule;
        out.route = found.item->route->shared_from_this();
        out.rule = &found.item->route->rule_of(*found.item->match);
        out.prefix_bytes = found.prefix_bytes;
    }
    return out;
}

RouteFound RouteTable::find(const RequestFacts& facts) const {
    const Port* port = find_port(facts.port);
    if (!port) return {};
    const auto is_known = [&](const HostEntry& entry) { return port->knows(entry, facts.host); };
    return find_in(*port, port->hosts.find_closest(facts.host, is_known), facts);
}

RouteFound RouteTable::find_by_name(uint16_t port, std::string_view server_name) const {
    RequestFacts facts;
    facts.port = port;
    facts.is_tls = true;
    facts.server_name = facts.host = server_name;
    facts.path = "/";
    return find(facts);
}

const Listener* RouteTable::find_listener(uint16_t number, std::string_view server_name) const {
    const Port* port = find_port(number);
    const uint32_t* found = port ? port->find_closest(server_name) : nullptr;
    return found ? &port->listeners[*found]->listener : nullptr;
}

std::vector<uint16_t> RouteTable::ports() const {
    std::vector<uint16_t> out;
    for (const auto& [number, port] : ports_) out.push_back(number);
    std::sort(out.begin(), out.end());
    return out;
}

// ---- hosts -----------------------------------------------------------------------------------------------------------------

std::optional<HostPattern> intersect(const HostPattern& a, const HostPattern& b) {
    if (a.text.empty()) return b;
    if (b.text.empty() || a == b) return a;
    const bool a_is_wildcard = a.text.starts_with("*."), b_is_wildcard = b.text.starts_with("*.");
    if (!a_is_wildcard && !b_is_wildcard) return a.text == b.text ? std::optional(a) : std::nullopt;
    if (!a_is_wildcard || (b_is_wildcard && a.text.size() > b.text.size())) return intersect(b, a);
    // `a` is a wildcard and the wider one.
    const std::string_view suffix = std::string_view(a.text).substr(1);
    if (a.text == b.text) return a.is_one_label ? a : b;
    if (!b.text.ends_with(suffix) || b.text.size() <= suffix.size()) return std::nullopt;
    const std::string_view label = std::string_view(b.text).substr(0, b.text.size() - suffix.size());
    // "*.x" in front of the suffix is two labels at least.
    if (a.is_one_label && label.find('.') != label.npos) return std::nullopt;
    return b;
}

}  // namespace orilla::gateway
