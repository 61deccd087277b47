#include "balancer.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "orilla/base/text.hpp"

namespace orilla::gateway {

namespace {

constexpr size_t cookie_bytes = 16;
/// Of retries, whatever the number of requests.
constexpr uint32_t retries_min = 3;
/// A new endpoint has this part of its share at once.
constexpr int64_t ramp_percent_min = 10;

/// What names the endpoint: the same after a restart that keeps the secret, and of no other backend.
std::string cookie_of(const std::string& secret, const std::string& backend, const Endpoint& endpoint) {
    const std::string text = fmt::format("{} {}:{}", backend, endpoint.ip.text(), endpoint.port);
    unsigned char digest[EVP_MAX_MD_SIZE] = {};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), digest, &size);
    std::string out;
    for (size_t i = 0; i < cookie_bytes; ++i) out += fmt::format("{:02x}", digest[i]);
    return out;
}

bool is_same(const Endpoint& a, const Endpoint& b) { return a.ip == b.ip && a.port == b.port; }

}  // namespace

std::vector<EndpointPtr> Balancer::replace(const Backend& backend, int64_t now_ms) {
    policy_ = backend.balance;
    in_flight_max_ = std::max<uint32_t>(backend.queue.in_flight_max, 1);
    std::vector<EndpointPtr> fresh, before = std::exchange(endpoints_, {});
    const bool has_others =
        std::any_of(before.begin(), before.end(), [](const auto& one) { return !one->endpoint.is_draining; });
    for (const Endpoint& wanted : backend.endpoints) {
        const auto is_it = [&](const EndpointPtr& one) { return one && is_same(one->endpoint, wanted); };
        const auto known = std::find_if(before.begin(), before.end(), is_it);
        EndpointPtr endpoint = known == before.end() ? std::make_shared<EndpointState>() : std::exchange(*known, nullptr);
        if (known == before.end()) {
            endpoint->since_ms = now_ms;
            endpoint->is_ramping = has_others && policy_.slow_start_ms > 0;
            fresh.push_back(endpoint);
        }
        endpoint->endpoint = wanted;
        endpoint->cookie = policy_.affinity_cookie.empty() ? std::string() : cookie_of(secret_, backend.key, wanted);
        endpoints_.push_back(std::move(endpoint));
    }
    for (const EndpointPtr& old : before)
        if (old) old->is_gone = true;
    return fresh;
}

bool Balancer::has_any() const {
    return std::any_of(endpoints_.begin(), endpoints_.end(), [](const auto& one) { return !one->endpoint.is_draining; });
}

uint32_t Balancer::in_flight() const {
    uint32_t sum = 0;
    for (const auto& endpoint : endpoints_) sum += endpoint->in_flight;
    return sum;
}

bool Balancer::is_usable(const EndpointState& endpoint, int64_t now_ms) const {
    return !endpoint.is_gone && now_ms >= endpoint.rests_until_ms;
}

/// A new endpoint takes part in as many of a hundred choices as its time is of the ramp. Multiples of the golden ratio spread
/// them evenly.
bool Balancer::is_its_turn(const EndpointState& endpoint, int64_t now_ms) {
    if (!endpoint.is_ramping || policy_.slow_start_ms <= 0) return true;
    const int64_t age_ms = now_ms - endpoint.since_ms;
    if (age_ms >= policy_.slow_start_ms) return true;
    const int64_t percent = std::max(ramp_percent_min, age_ms * 100 / policy_.slow_start_ms);
    lots_ += 0x9e3779b9;
    return (static_cast<uint64_t>(lots_) * 100 >> 32) < static_cast<uint64_t>(percent);
}

EndpointPtr Balancer::fewest(const EndpointState* not_this, bool also_resting, int64_t now_ms) {
    EndpointPtr best, late;
    const size_t count = endpoints_.size();
    for (size_t i = 0; i < count; ++i) {
        const EndpointPtr& one = endpoints_[(next_ + i) % count];
        if (one.get() == not_this || one->endpoint.is_draining || one->in_flight >= in_flight_max_) continue;
        if (!also_resting && !is_usable(*one, now_ms)) continue;
        EndpointPtr& place = is_its_turn(*one, now_ms) ? best : late;
        if (!place || one->in_flight < place->in_flight) place = one;
    }
    if (!best) best = std::move(late);
    if (best) next_ = (next_ + 1) % count;
    return best;
}

EndpointPtr Balancer::take(const Wish& wish, int64_t now_ms) {
    EndpointPtr chosen;
    if (wish.own && is_usable(*wish.own, now_ms) && wish.own.get() != wish.not_this) {
        // It waits for its own, also while that drains.
        if (wish.own->in_flight >= in_flight_max_) return nullptr;
        chosen = wish.own;
    } else {
        chosen = fewest(wish.not_this, false, now_ms);
        // One that has room is better than one that has not, and a tired one better than none at all.
        const auto works = [&](const auto& one) {
            return one.get() != wish.not_this && !one->endpoint.is_draining && is_usable(*one, now_ms);
        };
        const bool has_working = std::any_of(endpoints_.begin(), endpoints_.end(), works);
        if (!chosen && !has_working) chosen = fewest(wish.not_this, true, now_ms);
        if (!chosen && !has_working && wish.not_this) chosen = fewest(nullptr, true, now_ms);
    }
    if (chosen) ++chosen->in_flight;
    return chosen;
}

void Balancer::tell(EndpointState& endpoint, bool has_failed, int64_t now_ms) {
    if (!has_failed) {
        endpoint.failures = 0;
        return;
    }
    if (policy_.eject_failures_max == 0 || ++endpoint.failures < policy_.eject_failures_max) return;
    // After the rest one more failure is enough.
    endpoint.failures = policy_.eject_failures_max - 1;
    endpoint.rests_until_ms = now_ms + policy_.eject_ms;
}

EndpointPtr Balancer::find_own(std::string_view cookie, int64_t now_ms) const {
    if (cookie.empty()) return nullptr;
    const auto is_it = [&](const EndpointPtr& one) { return one->cookie == cookie; };
    const auto found = std::find_if(endpoints_.begin(), endpoints_.end(), is_it);
    return found != endpoints_.end() && is_usable(**found, now_ms) ? *found : nullptr;
}

RetryBudget::Second& RetryBudget::second_of(int64_t now_ms) {
    const int64_t number = now_ms / 1000;
    Second& second = seconds_[static_cast<size_t>(number) % seconds_.size()];
    if (second.number != number) second = {number};
    return second;
}

void RetryBudget::note_request(int64_t now_ms) { ++second_of(now_ms).requests; }

bool RetryBudget::take(const BalancePolicy& policy, int64_t now_ms) {
    Second& now = second_of(now_ms);
    uint64_t requests = 0, retries = 0;
    for (const Second& second : seconds_) {
        if (second.number <= now.number - static_cast<int64_t>(seconds_.size())) continue;
        requests += second.requests;
        retries += second.retries;
    }
    if (retries >= std::max<uint64_t>(retries_min, requests * policy.retry_percent_max / 100)) return false;
    ++now.retries;
    return true;
}

std::string_view find_cookie(const std::vector<http::HeaderView>& headers, std::string_view name) {
    for (const auto& header : headers) {
        if (!equal_fold(header.name, "cookie")) continue;
        for (std::string_view left = header.value; !left.empty();) {
            std::string_view pair = left.substr(0, left.find(';'));
            left.remove_prefix(std::min(pair.size() + 1, left.size()));
            pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
                return pair.substr(name.size() + 1);
        }
    }
    return {};
}

std::string render_affinity_cookie(const BalancePolicy& policy, const EndpointState& endpoint, bool is_secure) {
    std::string out = fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax", policy.affinity_cookie, endpoint.cookie);
    if (policy.affinity_s_max > 0) out += fmt::format("; Max-Age={}", policy.affinity_s_max);
    if (is_secure) out += "; Secure";
    return out;
}

}  // namespace orilla::gateway
