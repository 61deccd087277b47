// A port of a Service as a backend of the gateway. Pure.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/settings.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/proxy/service_proxy.hpp"

namespace orilla::proxy {

struct BackendRef {
    std::string service;  ///< "NS/NAME"
    uint16_t port = 0;    ///< the Service's
    auto operator<=>(const BackendRef&) const = default;
    std::string key() const;
};

/// The Service's port; null when it has none such.
const api::ServicePort* find_service_port(const api::Service& service, std::string_view name);
const api::ServicePort* find_service_port(const api::Service& service, int32_t number);

/// What is ready; what ends and still serves is drained. An ExternalName is not followed: it has no endpoints.
gateway::Backend plan_backend(const BackendRef& ref, const api::Service& service, const Slices& slices,
                              const BackendSettings& settings);

}  // namespace orilla::proxy
