#include "fronts.hpp"

#include <fmt/core.h>

#include <utility>

#include "orilla/base/log.hpp"

namespace orilla::gateway {

std::vector<Fault> Fronts::apply(const Change& change) {
    const bool changes = !change.certificates.empty() || !change.gone_certificates.empty() || !change.listeners.empty();
    if (change.is_whole || changes) shown_.clear();
    return certificates_.apply(change);
}

std::shared_ptr<http::TlsContext> Fronts::find(const Listener& listener, std::string_view server_name) {
    const Certificate* certificate = certificates_.find(listener, server_name);
    std::string key = certificate ? certificate->key : std::string();
    if (!listener.client_authorities.empty()) (key += '\n') += listener.key;
    auto& shown = shown_[key];
    if (shown) return shown;
    http::TlsKeys keys;
    keys.offers_http_2 = true;
    if (certificate) {
        keys.certificate = certificate->chain;
        keys.key = certificate->private_key;
    } else if (auto made = make_self_signed_certificate()) {
        keys.certificate = std::move(made->chain);
        keys.key = std::move(made->private_key);
    }
    keys.client_authority = listener.client_authorities;
    keys.requires_client_certificate = !listener.client_authorities.empty() && !listener.accepts_bad_client_certificates;
    auto front = http::TlsContext::create(keys);
    if (front) shown = std::move(*front);
    else log::warning(fmt::format("gateway: {}: {}", key, front.error().message()));
    return shown;
}

}  // namespace orilla::gateway
