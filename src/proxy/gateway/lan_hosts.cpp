#include "orilla/proxy/lan_hosts.hpp"

#include <fmt/core.h>

#include <utility>

namespace orilla::proxy {
namespace {
/// RFC 6762, section 3. A wildcard is no name.
bool is_lan_name(std::string_view host) {
    constexpr std::string_view domain = ".local";
    return host.size() > domain.size() && host.ends_with(domain) && !host.starts_with('*');
}
}  // namespace

LanHosts::LanHosts(gateway::RouteSink& next, network::LanNames& names) : next_(next), names_(names) {
    names_.on_conflict([this](const std::string& name, bool is_anothers) { note_conflict(name, is_anothers); });
}

void LanHosts::note_conflict(const std::string& name, bool is_anothers) {
    const auto found = parts_of_.find(name);
    if (found == parts_of_.end() || is_anothers == anothers_.contains(name)) return;
    if (is_anothers) anothers_.insert(name);
    else anothers_.erase(name);
    for (const Part& part : std::set<Part>(found->second)) tell(part, name, is_anothers);
}

void LanHosts::tell(const Part& part, const std::string& host, bool is_anothers) {
    if (!told_) return;
    told_(
        {part.about, part.key,
         is_anothers ? fmt::format("another host of the LAN has the name {}: it is not announced here", host) : std::string()});
}

void LanHosts::set(const Part& part, const std::vector<gateway::HostPattern>& hosts) {
    std::set<std::string> now;
    for (const gateway::HostPattern& host : hosts)
        if (is_lan_name(host.text)) now.insert(host.text);
    std::set<std::string> before;
    if (const auto found = hosts_of_.find(part); found != hosts_of_.end()) before = found->second;
    if (now == before) return;
    for (const std::string& host : before) {
        if (now.contains(host)) continue;
        auto& parts = parts_of_[host];
        parts.erase(part);
        if (parts.empty()) parts_of_.erase(host), anothers_.erase(host);
    }
    for (const std::string& host : now) {
        parts_of_[host].insert(part);
        if (anothers_.contains(host)) tell(part, host, true);
    }
    if (now.empty()) hosts_of_.erase(part);
    else hosts_of_[part] = std::move(now);
}

void LanHosts::apply(gateway::Change change) {
    using About = gateway::Fault::About;
    if (change.is_whole) hosts_of_.clear(), parts_of_.clear();
    for (const gateway::Listener& listener : change.listeners) set({About::listener, listener.key}, {listener.host});
    for (const gateway::Route& route : change.routes) set({About::route, route.key}, route.hosts);
    for (const std::string& key : change.gone_listeners) set({About::listener, key}, {});
    for (const std::string& key : change.gone_routes) set({About::route, key}, {});
    std::set<std::string> names;
    for (const auto& [host, parts] : parts_of_) names.insert(host);
    names_.serve(std::move(names));
    next_.apply(std::move(change));
}

void LanHosts::on_fault(gateway::FaultFn told) {
    told_ = told;
    next_.on_fault(std::move(told));
}

}  // namespace orilla::proxy
