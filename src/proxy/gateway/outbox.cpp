#include "gateway/outbox.hpp"

#include <utility>

namespace orilla::proxy {
namespace {

template <class Parts, class T>
void move_parts(Parts& parts, std::vector<T>& changed, std::vector<std::string>& gone) {
    for (auto& [key, part] : parts)
        if (part) changed.push_back(std::move(*part));
        else gone.push_back(key);
    parts.clear();
}

template <class Parts, class T>
void keep_part(Parts& parts, T part) {
    std::string key = part.key;
    parts.insert_or_assign(std::move(key), std::move(part));
}

}  // namespace

void Outbox::put(gateway::Listener listener) { keep_part(listeners_, std::move(listener)); }
void Outbox::put(gateway::Certificate certificate) { keep_part(certificates_, std::move(certificate)); }
void Outbox::put(gateway::Route route) { keep_part(routes_, std::move(route)); }
void Outbox::put(gateway::Backend backend) { keep_part(backends_, std::move(backend)); }

void Outbox::open() {
    is_open_ = true;
    flush();
}

void Outbox::flush() {
    const bool nothing = listeners_.empty() && certificates_.empty() && routes_.empty() && backends_.empty();
    if (!is_open_ || (nothing && !is_whole_)) return;
    gateway::Change change;
    change.is_whole = std::exchange(is_whole_, false);
    move_parts(listeners_, change.listeners, change.gone_listeners);
    move_parts(certificates_, change.certificates, change.gone_certificates);
    move_parts(routes_, change.routes, change.gone_routes);
    move_parts(backends_, change.backends, change.gone_backends);
    if (change.is_whole) {
        for (auto* gone : {&change.gone_listeners, &change.gone_certificates, &change.gone_routes, &change.gone_backends})
            gone->clear();
    }
    sink_.apply(std::move(change));
}

}  // namespace orilla::proxy
