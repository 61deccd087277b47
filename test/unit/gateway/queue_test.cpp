#include "queue.hpp"

#include <catch2/catch.hpp>
#include <deque>

#include "../../support/fake_clock.hpp"

using namespace orilla;
using namespace orilla::gateway;
using orilla::test::FakeClock;
using orilla::test::pass;
using orilla::test::settle;
using Waiter = BackendQueue::Waiter;
using State = Waiter::State;

namespace {

Backend busy_backend(uint32_t endpoints, uint32_t in_flight_max = 1) {
    Backend out;
    out.key = "a/b:80";
    for (uint32_t i = 1; i <= endpoints; ++i) out.endpoints.push_back({Ipv4{i}, 80});
    out.queue = {in_flight_max, 4, 3, 1'000};
    return out;
}

/// A queue and those who come to it.
struct Line {
    explicit Line(const Backend& backend) { queue.replace(backend, 0); }
    Waiter& come(const std::string& client, int64_t now_ms = 0, Balancer::Wish wish = {}) {
        SeatWish seat_wish;
        seat_wish.client = client;
        seat_wish.endpoint = std::move(wish);
        waiters.emplace_back(queue, seat_wish);
        queue.enter(waiters.back(), 0, now_ms);
        return waiters.back();
    }
    int wanted = 0;
    BackendQueue queue{"secret", [this] { ++wanted; }};
    std::deque<Waiter> waiters;
};

}  // namespace

TEST_CASE("queue: who finds a seat is seated, the others wait and are seated clients in turn") {
    Line line(busy_backend(1));
    Waiter& first = line.come("a");
    REQUIRE(first.state == State::seated);
    Waiter &a2 = line.come("a"), &a3 = line.come("a"), &b = line.come("b", 10), &c = line.come("c", 20);
    for (Waiter* each : {&a2, &a3, &b, &c}) CHECK(each->state == State::waiting);
    CHECK(line.queue.waiting() == 4);
    CHECK(line.queue.take_now({}, 20) == nullptr);
    EndpointPtr seat = first.fetch();
    for (Waiter* next : {&a2, &b, &c, &a3}) {
        line.queue.give_back(*seat, 100);
        REQUIRE(next->state == State::seated);
        seat = next->fetch();
    }
    CHECK(line.queue.waiting() == 0);
    CHECK(line.queue.waited_ms() == 100 + 90 + 80 + 100);
    line.queue.give_back(*seat, 100);
    CHECK(line.queue.take_now({}, 100) != nullptr);
}

TEST_CASE("queue: over its bounds requests are refused at once") {
    Line line(busy_backend(1));
    line.come("a");
    for (int i = 0; i < 3; ++i) CHECK(line.come("a").state == State::waiting);
    Waiter& fourth = line.come("a");
    CHECK(fourth.state == State::refused);
    CHECK(fourth.why == Waiter::Why::client_full);
    CHECK(line.come("b").state == State::waiting);
    Waiter& fifth = line.come("c");
    CHECK(fifth.state == State::refused);
    CHECK(fifth.why == Waiter::Why::full);
    CHECK(line.queue.refused() == 2);
    CHECK(line.queue.waiting() == 4);
    // Nobody waits.
    Backend impatient = busy_backend(1);
    impatient.queue.waiting_max = 0;
    Line none(impatient);
    CHECK(none.come("a").state == State::seated);
    CHECK(none.come("a").state == State::refused);
}

TEST_CASE("queue: whose time is over is refused") {
    Line line(busy_backend(1));
    line.come("a");
    Waiter &early = line.come("a", 0), &late = line.come("b", 500);
    CHECK(line.queue.next_deadline_ms() == 1'000);
    line.queue.expire(999);
    CHECK(early.state == State::waiting);
    line.queue.expire(1'000);
    CHECK(early.state == State::refused);
    CHECK(early.why == Waiter::Why::time);
    CHECK(late.state == State::waiting);
    CHECK(line.queue.next_deadline_ms() == 1'500);
}

TEST_CASE("queue: without an endpoint requests wait until one comes") {
    Line line(busy_backend(0));
    Waiter &a = line.come("a"), &b = line.come("b");
    CHECK(a.state == State::waiting);
    CHECK(line.queue.replace(busy_backend(1), 500).size() == 1);
    CHECK(a.state == State::seated);
    CHECK(b.state == State::waiting);
    line.queue.replace(busy_backend(1, 2), 600);
    CHECK(b.state == State::seated);
    CHECK(line.wanted == 0);
}

TEST_CASE("queue: where nothing has run for long nothing is waited for") {
    Line line(busy_backend(0));
    CHECK(line.come("a", 999).state == State::waiting);
    Waiter& late = line.come("a", 1'000);
    CHECK(late.state == State::refused);
    CHECK(late.why == Waiter::Why::nothing_runs);
    line.queue.replace(busy_backend(1), 5'000);
    line.queue.replace(busy_backend(0), 6'000);
    CHECK(line.come("b", 6'500).state == State::waiting);
}

TEST_CASE("queue: somebody who can start a backend is told once that it is wanted") {
    Backend asleep = busy_backend(0);
    asleep.is_on_demand = true;
    Line line(asleep);
    CHECK(line.come("a", 50'000).state == State::waiting);
    line.come("b", 51'000);
    CHECK(line.wanted == 1);
    line.come("b", 60'000);  // nothing has come of it
    CHECK(line.wanted == 2);
    asleep.endpoints = {{Ipv4{1}, 80}};
    line.queue.replace(asleep, 60'500);
    CHECK(line.waiters.front().state == State::seated);
    line.come("c", 60'500);
    CHECK(line.wanted == 2);
    asleep.endpoints.clear();
    line.queue.replace(asleep, 61'000);
    line.come("d", 61'000);
    CHECK(line.wanted == 3);
}

TEST_CASE("queue: one that waits for its own endpoint does not hold up the others") {
    Backend backend = busy_backend(2);
    backend.balance.affinity_cookie = "c";
    Line line(backend);
    const EndpointPtr own = line.queue.balancer().endpoints()[0];
    Waiter &first = line.come("a", 0, {own}), &second = line.come("a");
    REQUIRE(second.state == State::seated);
    Waiter &sticky = line.come("b", 0, {own}), &plain = line.come("c");
    const EndpointPtr other = second.fetch();
    line.queue.give_back(*other, 1);
    CHECK(sticky.state == State::waiting);
    CHECK(plain.state == State::seated);
    line.queue.give_back(*first.fetch(), 2);
    CHECK(sticky.state == State::seated);
    CHECK(sticky.fetch() == own);
}

TEST_CASE("queue: who goes away leaves no trace, and gives back what it was given") {
    Line line(busy_backend(1));
    Waiter& first = line.come("a");
    {
        SeatWish wish;
        wish.client = "b";
        Waiter gone(line.queue, wish), given(line.queue, wish);
        line.queue.enter(gone, 0, 0);
        line.queue.enter(given, 0, 0);
        CHECK(line.queue.waiting() == 2);
        line.queue.give_back(*first.fetch(), 0);
        CHECK(gone.state == State::seated);
    }
    CHECK(line.queue.waiting() == 0);
    CHECK(line.queue.balancer().in_flight() == 0);
    CHECK(line.come("c").state == State::seated);
}

TEST_CASE("queue: of a backend that is removed nobody waits") {
    Line line(busy_backend(1));
    line.come("a");
    Waiter& waits = line.come("a");
    line.queue.close();
    CHECK(waits.state == State::refused);
    CHECK(waits.why == Waiter::Why::gone);
    CHECK(line.come("b").state == State::refused);
}

TEST_CASE("queue: it says when to come again by how fast it moves") {
    Backend backend = busy_backend(1, 100);
    backend.queue.waiting_max = backend.queue.waiting_per_client_max = 1'000;
    Line line(backend);
    CHECK(line.queue.retry_after_s(0) == 5);
    std::vector<EndpointPtr> seats;
    for (int i = 0; i < 100; ++i) seats.push_back(line.come("a").fetch());
    for (int i = 0; i < 60; ++i) line.come("a");
    for (int i = 0; i < 20; ++i) line.queue.give_back(*seats[static_cast<size_t>(i)], 9'000);
    CHECK(line.queue.waiting() == 40);
    CHECK(line.queue.retry_after_s(9'000) == 20);
    CHECK(line.queue.retry_after_s(30'000) == 5);
}

namespace {

loop::Task<void> ask(std::shared_ptr<Seats> seats, std::string client, std::vector<std::string>* log, std::vector<Seat>* held) {
    SeatWish wish;
    wish.client = client;
    AWAIT(auto seat, seats->take(wish));
    log->push_back(client + (seat ? " sits" : ": " + seat.error().message()));
    if (seat) held->push_back(std::move(*seat));
    else CHECK(seat.error().retry_after_s() > 0);
}

}  // namespace

TEST_CASE("seats: a request awaits its seat on the loop, and may go away meanwhile") {
    FakeClock clock;
    loop::Loop loop(clock);
    auto seats = std::make_shared<Seats>(loop, "secret", nullptr);
    seats->replace(busy_backend(1));
    std::vector<std::string> log;
    std::vector<Seat> held;
    loop::Scope scope(loop), other(loop);
    held.push_back(seats->take_now({}));
    REQUIRE(held.front());
    CHECK_FALSE(seats->take_now({}));
    other.spawn(ask(seats, "gone", &log, &held));
    scope.spawn(ask(seats, "a", &log, &held));
    scope.spawn(ask(seats, "b", &log, &held));
    settle(loop);
    CHECK(log.empty());
    other.cancel();
    CHECK(seats->queue().waiting() == 2);
    held.clear();
    settle(loop);
    CHECK(log == std::vector<std::string>{"a sits"});
    // Seated, but destroyed before it went on: the seat goes to the next one.
    loop::Scope unlucky(loop);
    unlucky.spawn(ask(seats, "c", &log, &held));
    pass(loop, clock, 1'500);
    CHECK(log ==
          std::vector<std::string>{"a sits", "b: this service had no room in time", "c: this service had no room in time"});
    unlucky.spawn(ask(seats, "d", &log, &held));
    scope.spawn(ask(seats, "e", &log, &held));
    held.clear();
    unlucky.cancel();
    settle(loop);
    CHECK(log.back() == "e sits");
    // Its last seat may outlive the backend's own hold of it.
    seats->close();
    seats.reset();
    held.back().tell(true);
    held.clear();
}
