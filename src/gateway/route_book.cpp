#include "route_book.hpp"

#include <utility>

namespace orilla::gateway {

template <class T>
void RouteBook::Table<T>::apply(std::vector<T> changed, const std::vector<std::string>& gone, bool is_whole) {
    std::set<std::string> named;
    for (T& part : changed) {
        if (is_whole) named.insert(part.key);
        const auto old = parts.find(part.key);
        if (old != parts.end() && old->second == part) continue;
        news.insert(part.key);
        parts.insert_or_assign(part.key, std::move(part));
    }
    for (const std::string& key : gone)
        if (parts.erase(key) > 0) news.insert(key);
    if (!is_whole) return;
    std::erase_if(parts, [this, &named](const auto& entry) {
        const bool is_gone = !named.contains(entry.first);
        if (is_gone) news.insert(entry.first);
        return is_gone;
    });
}

template <class T>
void RouteBook::Table<T>::take_news(std::vector<T>& changed, std::vector<std::string>& gone) {
    for (const std::string& key : std::exchange(news, {})) {
        const auto part = parts.find(key);
        if (part == parts.end()) gone.push_back(key);
        else changed.push_back(part->second);
    }
}

template <class T>
std::vector<T> RouteBook::Table<T>::take_whole() {
    news.clear();
    std::vector<T> out;
    out.reserve(parts.size());
    for (const auto& [key, part] : parts) out.push_back(part);
    return out;
}

void RouteBook::apply(Change change) {
    listeners_.apply(std::move(change.listeners), change.gone_listeners, change.is_whole);
    certificates_.apply(std::move(change.certificates), change.gone_certificates, change.is_whole);
    routes_.apply(std::move(change.routes), change.gone_routes, change.is_whole);
    backends_.apply(std::move(change.backends), change.gone_backends, change.is_whole);
}

std::set<uint16_t> RouteBook::ports() const {
    std::set<uint16_t> ports;
    for (const auto& [key, listener] : listeners_.parts) ports.insert(listener.port);
    return ports;
}

std::vector<std::string> RouteBook::listeners_of(uint16_t port) const {
    std::vector<std::string> keys;
    for (const auto& [key, listener] : listeners_.parts)
        if (listener.port == port) keys.push_back(key);
    return keys;
}

bool RouteBook::has_news() const {
    return !listeners_.news.empty() || !certificates_.news.empty() || !routes_.news.empty() || !backends_.news.empty();
}

Change RouteBook::take_news() {
    Change change;
    listeners_.take_news(change.listeners, change.gone_listeners);
    certificates_.take_news(change.certificates, change.gone_certificates);
    routes_.take_news(change.routes, change.gone_routes);
    backends_.take_news(change.backends, change.gone_backends);
    return change;
}

Change RouteBook::take_whole() {
    Change change;
    change.is_whole = true;
    change.listeners = listeners_.take_whole();
    change.certificates = certificates_.take_whole();
    change.routes = routes_.take_whole();
    change.backends = backends_.take_whole();
    return change;
}

}  // namespace orilla::gateway
