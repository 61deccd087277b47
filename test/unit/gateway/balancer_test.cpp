#include "balancer.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace orilla;
using namespace orilla::gateway;

namespace {

Backend backend_of(uint32_t endpoints, BalancePolicy balance = {}, uint32_t in_flight_max = 64) {
    Backend out;
    out.key = "a/b:80";
    for (uint32_t i = 1; i <= endpoints; ++i) out.endpoints.push_back({Ipv4{i}, 80});
    out.balance = balance;
    out.queue.in_flight_max = in_flight_max;
    return out;
}

/// The endpoint's number, 0 for none.
uint32_t take_one(Balancer& balancer, int64_t now_ms = 0, const Balancer::Wish& wish = {}) {
    const EndpointPtr taken = balancer.take(wish, now_ms);
    return taken ? taken->endpoint.ip.value : 0;
}
/// How many of the choices, each given back at once, each endpoint gets.
std::map<uint32_t, int> spread(Balancer& balancer, int count, int64_t now_ms) {
    std::map<uint32_t, int> out;
    for (int i = 0; i < count; ++i) {
        const EndpointPtr taken = balancer.take({}, now_ms);
        ++out[taken->endpoint.ip.value];
        balancer.give_back(*taken);
    }
    return out;
}

}  // namespace

TEST_CASE("balancer: the fewest requests under way, in turn where they are equal, up to the limit") {
    Balancer balancer("secret");
    CHECK(balancer.replace(backend_of(3, {}, 2), 0).size() == 3);
    CHECK(take_one(balancer) + take_one(balancer) + take_one(balancer) == 6);
    CHECK(balancer.in_flight() == 3);
    balancer.give_back(*balancer.endpoints()[1]);
    CHECK(take_one(balancer) == 2);
    for (int i = 0; i < 3; ++i) CHECK(take_one(balancer) != 0);
    CHECK(take_one(balancer) == 0);
    Balancer idle("secret");
    idle.replace(backend_of(3), 0);
    CHECK(spread(idle, 300, 0) == std::map<uint32_t, int>{{1, 100}, {2, 100}, {3, 100}});
}

TEST_CASE("balancer: endpoints that stay keep what is known, those that have gone are marked") {
    Balancer balancer("secret");
    const auto first = balancer.replace(backend_of(2), 0);
    CHECK(take_one(balancer) == 1);
    Backend backend = backend_of(3);
    backend.endpoints.erase(backend.endpoints.begin() + 1);
    const auto second = balancer.replace(backend, 0);
    REQUIRE(second.size() == 1);
    CHECK(second.front()->endpoint.ip.value == 3);
    CHECK(balancer.endpoints().front() == first.front());
    CHECK(first.front()->in_flight == 1);
    CHECK(first.back()->is_gone);
}

TEST_CASE("balancer: one that drains gets its own clients' requests alone") {
    Balancer balancer("secret");
    BalancePolicy policy;
    policy.affinity_cookie = "c";
    Backend backend = backend_of(2, policy);
    balancer.replace(backend, 0);
    const std::string cookie = balancer.endpoints()[0]->cookie;
    backend.endpoints[0].is_draining = true;
    balancer.replace(backend, 0);
    CHECK(spread(balancer, 10, 0) == std::map<uint32_t, int>{{2, 10}});
    CHECK(take_one(balancer, 0, {balancer.find_own(cookie, 0)}) == 1);
    backend.endpoints[1].is_draining = true;
    balancer.replace(backend, 0);
    CHECK_FALSE(balancer.has_any());
    CHECK(take_one(balancer) == 0);
}

TEST_CASE("balancer: a cookie names an endpoint and tells nothing") {
    BalancePolicy policy;
    policy.affinity_cookie = "c";
    Balancer balancer("secret"), same("secret"), other("other");
    for (Balancer* each : {&balancer, &same, &other}) each->replace(backend_of(3, policy), 0);
    const std::string cookie = balancer.endpoints()[2]->cookie;
    CHECK(cookie.size() == 32);
    CHECK(cookie.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(same.find_own(cookie, 0)->endpoint.ip.value == 3);
    CHECK(other.find_own(cookie, 0) == nullptr);
    CHECK(balancer.find_own("", 0) == nullptr);
    CHECK(balancer.find_own("0.0.0.3:80", 0) == nullptr);
    // It waits for its own rather than to go to another one, unless that does not work.
    balancer.replace(backend_of(3, policy, 1), 0);
    const EndpointPtr own = balancer.find_own(cookie, 0);
    CHECK(take_one(balancer, 0, {own}) == 3);
    CHECK(take_one(balancer, 0, {own}) == 0);
    CHECK(take_one(balancer, 0, {own, own.get()}) != 0);
    Backend without = backend_of(2, policy);
    balancer.replace(without, 0);
    CHECK(take_one(balancer, 0, {own}) != 0);
    CHECK(balancer.find_own(cookie, 0) == nullptr);
    // Of a backend without affinity nothing is its own.
    balancer.replace(backend_of(3), 0);
    CHECK(balancer.find_own("", 0) == nullptr);

    CHECK(render_affinity_cookie(policy, *own, false) == "c=" + cookie + "; Path=/; HttpOnly; SameSite=Lax");
    policy.affinity_s_max = 60;
    CHECK(render_affinity_cookie(policy, *own, true) == "c=" + cookie + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
    CHECK(find_cookie({{"Cookie", "a=1; c=2; cc=3"}}, "c") == "2");
    CHECK(find_cookie({{"x", "c=1"}, {"cookie", "cc=3"}, {"cookie", "c=;c=4"}}, "c").empty());
    CHECK(find_cookie({{"cookie", "cc=3"}, {"cookie", "b;c=4"}}, "c") == "4");
}

TEST_CASE("balancer: who fails several times in a row rests, as long as another one is there") {
    BalancePolicy policy;
    policy.eject_failures_max = 3;
    policy.eject_ms = 1'000;
    Balancer balancer("secret");
    balancer.replace(backend_of(2, policy), 0);
    EndpointState& bad = *balancer.endpoints()[0];
    for (const bool has_failed : {true, true, false, true, true}) balancer.tell(bad, has_failed, 10);
    CHECK(spread(balancer, 10, 10).size() == 2);
    balancer.tell(bad, true, 10);
    CHECK(spread(balancer, 10, 1'009) == std::map<uint32_t, int>{{2, 10}});
    CHECK(spread(balancer, 10, 1'010).size() == 2);
    // One failure after its rest, and it rests again.
    balancer.tell(bad, true, 1'010);
    CHECK(spread(balancer, 10, 1'020) == std::map<uint32_t, int>{{2, 10}});
    balancer.tell(bad, false, 2'010);
    balancer.tell(bad, true, 2'010);
    CHECK(spread(balancer, 10, 2'020).size() == 2);
    for (int i = 0; i < 3; ++i)
        for (const auto& endpoint : balancer.endpoints()) balancer.tell(*endpoint, true, 3'000);
    CHECK(spread(balancer, 10, 3'000).size() == 2);
}

TEST_CASE("balancer: a tired endpoint is not taken because the good one is full") {
    BalancePolicy policy;
    policy.eject_failures_max = 1;
    Balancer balancer("secret");
    balancer.replace(backend_of(2, policy, 1), 0);
    balancer.tell(*balancer.endpoints()[0], true, 0);
    CHECK(take_one(balancer, 1) == 2);
    CHECK(take_one(balancer, 1) == 0);
}

TEST_CASE("balancer: after a failure another endpoint is taken, if there is one") {
    Balancer balancer("secret");
    balancer.replace(backend_of(2), 0);
    const EndpointState* failed = balancer.endpoints()[1].get();
    for (int i = 0; i < 4; ++i) CHECK(take_one(balancer, 0, {nullptr, failed}) == 1);
    balancer.replace(backend_of(1), 0);
    CHECK(take_one(balancer, 0, {nullptr, balancer.endpoints()[0].get()}) == 1);
}

TEST_CASE("balancer: a new endpoint beside others gets its share little by little") {
    BalancePolicy policy;
    policy.slow_start_ms = 10'000;
    Balancer balancer("secret");
    balancer.replace(backend_of(1, policy), 0);
    CHECK(spread(balancer, 10, 0) == std::map<uint32_t, int>{{1, 10}});  // alone from the beginning
    balancer.replace(backend_of(2, policy), 1'000);
    const int at_once = spread(balancer, 1'000, 1'000)[2], halfway = spread(balancer, 1'000, 6'000)[2];
    CHECK((at_once > 20 && at_once < 90));
    CHECK((halfway > 180 && halfway < 320));
    CHECK(spread(balancer, 1'000, 11'000)[2] == 500);
    // The other one is gone or full: no reason to wait.
    Backend second = backend_of(2, policy);
    second.endpoints.erase(second.endpoints.begin());
    Balancer alone("secret");
    alone.replace(backend_of(1, policy), 0);
    alone.replace(backend_of(2, policy), 0);
    alone.replace(second, 0);
    CHECK(spread(alone, 10, 0) == std::map<uint32_t, int>{{2, 10}});
}

TEST_CASE("balancer: retries are a part of the requests of the last seconds, and a few at least") {
    BalancePolicy policy;
    policy.retry_percent_max = 20;
    RetryBudget budget;
    const auto taken = [&](int64_t now_ms) {
        int count = 0;
        while (count < 1'000 && budget.take(policy, now_ms)) ++count;
        return count;
    };
    CHECK(taken(100'000) == 3);
    for (int i = 0; i < 100; ++i) budget.note_request(101'000);
    CHECK(taken(102'000) == 17);
    CHECK(taken(109'999) == 0);
    CHECK(taken(110'000) == 3);  // the first three are forgotten
    CHECK(taken(111'000) == 0);  // the requests, too
    CHECK(taken(130'000) == 3);
}
