#include "http/clients.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "http/send_budget.hpp"

using namespace orilla::http;
using Standing = Clients::Standing;
using Seat = Clients::Seat;

TEST_CASE("Clients: a seat counts for its client as long as it lives") {
    Clients clients;
    {
        const Seat a(clients, Standing::known, "a");
        Seat b(clients, Standing::stranger, "192.0.2.1");
        CHECK(clients.connections() == 2);
        CHECK(clients.connections_of(Standing::known, "a") == 1);
        CHECK(clients.connections_of(Standing::stranger, "a") == 0);
        CHECK(clients.busiest(Standing::stranger) == "192.0.2.1");
        b.become(Standing::known, "a");
        CHECK(clients.connections_of(Standing::known, "a") == 2);
        CHECK(clients.busiest(Standing::stranger).empty());
        b.become(Standing::refused, {});
        CHECK(clients.connections() == 1);
        CHECK(clients.refused() == 1);
    }
    CHECK(clients.connections() == 0);
    CHECK(clients.refused() == 0);
}

TEST_CASE("Clients: watches are counted for all connections of a client") {
    Clients clients;
    Seat first(clients, Standing::known, "a"), second(clients, Standing::known, "a"), other(clients, Standing::known, "b");
    CHECK(first.begin_watch(1));
    CHECK_FALSE(second.begin_watch(1));
    CHECK(other.begin_watch(1));
    first.end_watch();
    CHECK(second.begin_watch(1));
    {
        Seat third(clients, Standing::known, "a");
        CHECK(third.begin_watch(2));
    }
    CHECK(first.begin_watch(2));
    Seat refused(clients, Standing::refused, "a");
    CHECK_FALSE(refused.begin_watch(100));
}

namespace {
/// Only addresses are looked at.
Connection& connection(int number) {
    static char places[8];
    return reinterpret_cast<Connection&>(places[number]);
}
std::vector<Connection*> these(std::initializer_list<int> numbers) {
    std::vector<Connection*> all;
    for (int number : numbers) all.push_back(&connection(number));
    return all;
}
}  // namespace

TEST_CASE("SendBudget: one text counts once, however many wait with it") {
    SendBudget budget(1'000);
    const auto text = std::make_shared<int>(1);
    {
        const SendBudget::Waiting a(budget, connection(0), {10, text, 900, true});
        const SendBudget::Waiting b(budget, connection(1), {10, text, 900, true});
        CHECK(budget.bytes() == 920);
        CHECK(budget.take_excess().empty());
    }
    CHECK(budget.bytes() == 0);
}

TEST_CASE("SendBudget: the watch that has waited longest goes first, others only after all watches") {
    SendBudget budget(1'000);
    const SendBudget::Waiting answer(budget, connection(0), {400, nullptr, 0, false});
    const SendBudget::Waiting slow(budget, connection(1), {400, nullptr, 0, true});
    CHECK(budget.take_excess().empty());
    const SendBudget::Waiting fast(budget, connection(2), {400, nullptr, 0, true});
    CHECK(budget.take_excess() == these({1}));
    CHECK(budget.take_excess().empty());
    const SendBudget::Waiting huge(budget, connection(3), {5'000, nullptr, 0, false});
    CHECK(budget.take_excess() == these({2, 0}));
    CHECK(budget.bytes() == 5'000);
}

TEST_CASE("SendBudget: whoever waits with the same text goes, too, or nothing would be gained") {
    SendBudget budget(1'000);
    const auto old_text = std::make_shared<int>(1), new_text = std::make_shared<int>(2);
    const SendBudget::Waiting a(budget, connection(0), {0, old_text, 600, true});
    const SendBudget::Waiting b(budget, connection(1), {0, old_text, 600, true});
    const SendBudget::Waiting c(budget, connection(2), {0, new_text, 600, true});
    CHECK(budget.take_excess() == these({0, 1}));
    CHECK(budget.bytes() == 600);
}
