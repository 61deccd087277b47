// What annotations that begin with orilla.dev/ say of a route and of the backends behind it: the queue, balancing, timeouts.
// Pure. A value that cannot be read changes nothing and is complained of, never passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/gateway/routes.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::proxy {

inline constexpr std::string_view settings_prefix = "orilla.dev/";

/// Of a backend. What nobody says is as routes.hpp has it.
struct BackendSettings {
    std::optional<uint32_t> in_flight_max, waiting_max, waiting_per_client_max, retries_max, eject_failures_max;
    std::optional<int64_t> wait_ms_max, affinity_s_max, slow_start_ms, connect_ms_max, answer_ms_max;
    std::optional<std::string> affinity_cookie;
    std::optional<bool> retries_on_5xx, is_on_demand;
    std::optional<gateway::BackendProtocol> protocol;
    bool operator==(const BackendSettings&) const = default;

    void apply_to(gateway::Backend& backend) const;
};

struct Settings {
    BackendSettings backend;
    bool redirects_to_https = false;
    int64_t request_timeout_ms = 0;
    std::vector<std::string> complaints;  ///< sentences for people
};

/// Unknown names with the prefix are complained of, too.
Settings read_settings(const api::Map<api::Str>& annotations);

/// Of a day at most. Nothing for other texts.
std::optional<int64_t> read_duration_ms(std::string_view text);

}  // namespace orilla::proxy
