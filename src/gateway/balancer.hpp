// Which endpoint of a backend gets a request: of those that have room the one with the fewest requests under way, in turn where
// they are equal. Endpoints that drain get nothing new but their own clients' requests; one that fails several times in a row
// rests, as long as another one is there; a new one beside others gets its share little by little. Clients with a cookie stay
// with their endpoint; what the cookie says is nothing without the gateway's secret. Pure: time is handed in.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/gateway/routes.hpp"
#include "orilla/http/message.hpp"

namespace orilla::gateway {

class ChannelPool;

/// An endpoint for as long as the backend has it or a request is under way to it.
struct EndpointState {
    Endpoint endpoint;
    std::shared_ptr<ChannelPool> pool;  ///< kept connections: the owner's
    uint32_t in_flight = 0;
    uint32_t failures = 0;  ///< in a row
    int64_t rests_until_ms = INT64_MIN;
    int64_t since_ms = 0;     ///< when it came
    bool is_ramping = false;  ///< others were there before it
    bool is_gone = false;     ///< not of the backend any more
    std::string cookie;       ///< what names it to its clients
};
using EndpointPtr = std::shared_ptr<EndpointState>;

class Balancer {
  public:
    /// `secret` makes cookies that nobody else can make or read.
    explicit Balancer(std::string secret) : secret_(std::move(secret)) {}

    /// Endpoints that stay keep what is known of them. Answers those that are new, which want a pool, and marks those that have
    /// gone.
    std::vector<EndpointPtr> replace(const Backend& backend, int64_t now_ms);

    struct Wish {
        EndpointPtr own;                          ///< affinity: no other one while it is there
        const EndpointState* not_this = nullptr;  ///< it has failed just now: another one, if there is any
    };
    /// Counts the request as under way; null when there is no room now.
    EndpointPtr take(const Wish& wish, int64_t now_ms);
    void give_back(EndpointState& endpoint) { --endpoint.in_flight; }
    /// How a request ended: a connection that failed and 5xx of the endpoint itself are failures.
    void tell(EndpointState& endpoint, bool has_failed, int64_t now_ms);

    /// Whose cookie this is, if it may still be used.
    EndpointPtr find_own(std::string_view cookie, int64_t now_ms) const;
    const std::vector<EndpointPtr>& endpoints() const { return endpoints_; }
    /// Some endpoint takes new requests, now or when it has room.
    bool has_any() const;
    uint32_t in_flight() const;

  private:
    bool is_usable(const EndpointState& endpoint, int64_t now_ms) const;
    bool is_its_turn(const EndpointState& endpoint, int64_t now_ms);
    EndpointPtr fewest(const EndpointState* not_this, bool also_resting, int64_t now_ms);

    std::string secret_;
    BalancePolicy policy_;
    uint32_t in_flight_max_ = 1;
    std::vector<EndpointPtr> endpoints_;
    size_t next_ = 0;
    uint32_t lots_ = 0;
};

/// Retries are a small part of what is asked, so that they never become the load: of the last 10 s, at least a few.
class RetryBudget {
  public:
    void note_request(int64_t now_ms);
    /// Whether one more retry may be made; it is counted then.
    bool take(const BalancePolicy& policy, int64_t now_ms);

  private:
    struct Second {
        int64_t number = -1;
        uint32_t requests = 0, retries = 0;
    };
    Second& second_of(int64_t now_ms);
    std::array<Second, 10> seconds_;
};

/// The first cookie of that name among a request's headers.
std::string_view find_cookie(const std::vector<http::HeaderView>& headers, std::string_view name);
/// Set-Cookie's value.
std::string render_affinity_cookie(const BalancePolicy& policy, const EndpointState& endpoint, bool is_secure);

}  // namespace orilla::gateway
