// An Ingress as routes of the gateway. Pure: what its Services are is handed in, and what is wrong with it comes out as
// sentences, for events. What can be served is served.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/backend_plan.hpp"
#include "gateway/settings.hpp"
#include "orilla/gateway/routes.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::proxy {

inline constexpr std::string_view ingress_http = "ingress/80";
inline constexpr std::string_view ingress_https = "ingress/443";

/// For an event: Warning, and why.
struct Complaint {
    std::string reason;
    std::string message;
    bool operator==(const Complaint&) const = default;
};

/// A Secret with a certificate, and the hosts it is meant for.
struct CertificateUse {
    std::string secret;  ///< "NS/NAME"
    std::vector<std::string> hosts;
    bool operator==(const CertificateUse&) const = default;
};

struct IngressPlan {
    std::vector<gateway::Route> routes;
    std::vector<BackendRef> backends;  ///< sorted, each once
    std::vector<CertificateUse> certificates;
    /// "HOST Exact /path": of two Ingresses that have one of these in common, the older is served.
    std::vector<std::string> claims;
    std::vector<Complaint> complaints;
    bool has_tls = false;
};

/// Null: there is none of that name in its namespace.
using FindService = std::function<std::shared_ptr<const api::Service>(std::string_view name)>;

IngressPlan plan_ingress(const api::Ingress& ingress, const Settings& settings, const FindService& find_service);

}  // namespace orilla::proxy
