#include "gateway/settings.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/text.hpp"
#include "orilla/kinds/gateway_facts.hpp"

namespace orilla::proxy {
namespace {

constexpr uint32_t count_max = 1'000'000;
constexpr uint32_t retries_most = 10;
constexpr int64_t duration_ms_max = int64_t{24} * 3'600'000;
constexpr size_t cookie_bytes_max = 64;

/// False: the value is no good.
using Read = bool (*)(std::string_view value, Settings& into);

template <auto member, uint32_t least, uint32_t most>
bool read_count(std::string_view value, Settings& into) {
    uint32_t number = 0;
    if (!read_number(value, number) || number < least || number > most) return false;
    into.backend.*member = number;
    return true;
}
template <auto member>
bool read_ms(std::string_view value, Settings& into) {
    const auto ms = read_duration_ms(value);
    if (ms) into.backend.*member = *ms;
    return ms.has_value();
}
template <auto member>
bool read_s(std::string_view value, Settings& into) {
    const auto ms = read_duration_ms(value);
    if (ms) into.backend.*member = *ms / 1000;
    return ms.has_value();
}
std::optional<bool> read_bool(std::string_view value) {
    if (value == "true") return true;
    return value == "false" ? std::optional(false) : std::nullopt;
}
template <auto member>
bool read_flag(std::string_view value, Settings& into) {
    const auto flag = read_bool(value);
    if (flag) into.backend.*member = *flag;
    return flag.has_value();
}

bool read_cookie(std::string_view value, Settings& into) {
    const auto is_token = [](char c) {
        return c > ' ' && c < 127 && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
    };
    if (value.empty() || value.size() > cookie_bytes_max || !std::all_of(value.begin(), value.end(), is_token)) return false;
    into.backend.affinity_cookie = std::string(value);
    return true;
}

bool read_protocol(std::string_view value, Settings& into) {
    using enum gateway::BackendProtocol;
    static constexpr std::pair<std::string_view, gateway::BackendProtocol> protocols[] = {
        {"HTTP", http1}, {"HTTPS", https}, {"H2C", h2c}, {"GRPC", h2c}};
    for (const auto& [name, protocol] : protocols)
        if (equal_fold(name, value)) return into.backend.protocol = protocol, true;
    return false;
}

bool read_redirect(std::string_view value, Settings& into) {
    const auto flag = read_bool(value);
    into.redirects_to_https = flag.value_or(false);
    return flag.has_value();
}

bool read_request_timeout(std::string_view value, Settings& into) {
    const auto ms = read_duration_ms(value);
    into.request_timeout_ms = ms.value_or(0);
    return ms.has_value();
}

constexpr const char* duration_text = "must be a duration such as 30s, 1m30s or 500ms, of a day at most";
constexpr const char* flag_text = "must be true or false";
constexpr const char* count_text = "must be a whole number from 1 to 1000000";
constexpr const char* count0_text = "must be a whole number from 0 to 1000000";

using B = BackendSettings;
constexpr struct Annotation {
    std::string_view name;
    Read read;
    const char* wanted;
} known_annotations[] = {
    {"affinity-cookie", read_cookie, "must be the name of a cookie"},
    {"affinity-max-age", read_s<&B::affinity_s_max>, duration_text},
    {"answer-timeout", read_ms<&B::answer_ms_max>, duration_text},
    {"backend-protocol", read_protocol, "must be HTTP, HTTPS, H2C or GRPC"},
    {"connect-timeout", read_ms<&B::connect_ms_max>, duration_text},
    {"eject-after-failures", read_count<&B::eject_failures_max, 1, count_max>, count_text},
    {"force-ssl-redirect", read_redirect, flag_text},
    {"max-in-flight", read_count<&B::in_flight_max, 1, count_max>, count_text},
    {"max-wait", read_ms<&B::wait_ms_max>, duration_text},
    {"max-waiting", read_count<&B::waiting_max, 0, count_max>, count0_text},
    {"max-waiting-per-client", read_count<&B::waiting_per_client_max, 1, count_max>, count_text},
    {"request-timeout", read_request_timeout, duration_text},
    {"retries", read_count<&B::retries_max, 0, retries_most>, "must be a whole number from 0 to 10"},
    {"retry-on-5xx", read_flag<&B::retries_on_5xx>, flag_text},
    {"scale-from-zero", read_flag<&B::is_on_demand>, flag_text},
    {"slow-start", read_ms<&B::slow_start_ms>, duration_text},
};

std::string known_names() {
    std::string out;
    for (const auto& one : known_annotations) out += (out.empty() ? "" : ", ") + std::string(one.name);
    return out;
}

}  // namespace

std::optional<int64_t> read_duration_ms(std::string_view text) {
    const auto ms = api::gateway_duration_ms(text);
    return ms && *ms <= duration_ms_max ? ms : std::nullopt;
}

Settings read_settings(const api::Map<api::Str>& annotations) {
    Settings out;
    for (const auto& [key, value] : annotations) {
        if (!key.view().starts_with(settings_prefix)) continue;
        const std::string_view name = key.view().substr(settings_prefix.size());
        const auto* known = std::ranges::find(known_annotations, name, &Annotation::name);
        if (known == std::end(known_annotations))
            out.complaints.push_back(
                fmt::format("annotation {} is not known: after orilla.dev/ there may stand {}", key.view(), known_names()));
        else if (!known->read(value, out))
            out.complaints.push_back(fmt::format("annotation {}: \"{}\" {}", key.view(), value.view(), known->wanted));
    }
    return out;
}

void BackendSettings::apply_to(gateway::Backend& backend) const {
    const auto put = [](auto& place, const auto& value) {
        if (value) place = *value;
    };
    put(backend.queue.in_flight_max, in_flight_max);
    put(backend.queue.waiting_max, waiting_max);
    put(backend.queue.waiting_per_client_max, waiting_per_client_max);
    put(backend.queue.wait_ms_max, wait_ms_max);
    put(backend.balance.affinity_cookie, affinity_cookie);
    put(backend.balance.affinity_s_max, affinity_s_max);
    put(backend.balance.retries_max, retries_max);
    put(backend.balance.retries_on_5xx, retries_on_5xx);
    put(backend.balance.eject_failures_max, eject_failures_max);
    put(backend.balance.slow_start_ms, slow_start_ms);
    put(backend.balance.connect_ms_max, connect_ms_max);
    put(backend.balance.answer_ms_max, answer_ms_max);
    put(backend.protocol, protocol);
    put(backend.is_on_demand, is_on_demand);
}

}  // namespace orilla::proxy
