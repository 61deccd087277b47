#include "supervisor/messages.hpp"

#include <catch2/catch.hpp>
#include <tuple>
#include <vector>

using namespace orilla::supervisor;

namespace {

/// As the first version of the wire put it: supervisors of that time live on.
Message packet(MessageType type, std::vector<int64_t> numbers, uint32_t request = 9) {
    Message message{1, type, request, {}};
    for (size_t i = 0; i < numbers.size(); ++i) message.number[i] = numbers[i];
    return message;
}

bool same(const Message& a, const Message& b) {
    return a.version == b.version && a.type == b.type && a.request == b.request &&
           std::tie(a.number[0], a.number[1], a.number[2], a.number[3]) ==
               std::tie(b.number[0], b.number[1], b.number[2], b.number[3]);
}

template <class Body>
bool reads(MessageType type, std::vector<int64_t> numbers) {
    Body body;
    return read_message(packet(type, std::move(numbers)), body);
}

/// A body becomes that packet, and the packet that body.
template <class Body>
void check(const Body& body, std::vector<int64_t> numbers) {
    const Message message = packet(Body::type, std::move(numbers));
    CHECK(same(write_message(body, 9), message));
    Body again;
    REQUIRE(read_message(message, again));
    CHECK(same(write_message(again, 9), message));
}

}  // namespace

TEST_CASE("messages: each reads back as it was written, in the numbers of the first version") {
    check(Hello(), {});
    check(StartContainer(), {});
    check(StartExec(), {});
    check(SendSignal{4'000'000'000U, 15}, {4'000'000'000, 15});
    check(Forget{7}, {7});
    check(Shutdown(), {});
    check(HelloReply{4711}, {4711});
    check(Started{7, 4711, 1'700'000'000'000'000'000}, {7, 4711, 1'700'000'000'000'000'000});
    check(StartFailed{-1, 13, 1}, {-1, 13, 1});
    check(Exited{7, 137, 9, -1}, {7, 137, 9, -1});
    check(Done(), {});
    check(Refused{16}, {16});
}

TEST_CASE("messages: every field comes back") {
    Exited exited;
    REQUIRE(read_message(packet(MessageType::exited, {7, 137, 9, 42}), exited));
    CHECK(exited.handle == 7);
    CHECK(exited.exit_code == 137);
    CHECK(exited.signal == 9);
    CHECK(exited.wall_ns == 42);
    Started started;
    REQUIRE(read_message(packet(MessageType::started, {7, 4711, 42}), started));
    CHECK(started.handle == 7);
    CHECK(started.pid == 4711);
    CHECK(started.wall_ns == 42);
    StartFailed failed;
    REQUIRE(read_message(packet(MessageType::start_failed, {3, 2, 0}), failed));
    CHECK(failed.step == 3);
    CHECK(failed.error == 2);
    CHECK(failed.no_run == 0);
}

TEST_CASE("messages: what nobody could have meant is refused") {
    CHECK_FALSE(reads<HelloReply>(MessageType::hello_reply, {0}));
    CHECK_FALSE(reads<HelloReply>(MessageType::hello_reply, {int64_t{1} << 31}));
    CHECK_FALSE(reads<Started>(MessageType::started, {0, 1}));
    CHECK_FALSE(reads<Started>(MessageType::started, {int64_t{1} << 32, 1}));
    CHECK_FALSE(reads<Started>(MessageType::started, {1, -1}));
    CHECK_FALSE(reads<StartFailed>(MessageType::start_failed, {-2, 1, 0}));
    CHECK_FALSE(reads<StartFailed>(MessageType::start_failed, {plan_steps_max, 1, 0}));
    CHECK_FALSE(reads<StartFailed>(MessageType::start_failed, {0, 0, 0}));
    CHECK_FALSE(reads<StartFailed>(MessageType::start_failed, {0, 4096, 0}));
    CHECK_FALSE(reads<StartFailed>(MessageType::start_failed, {0, 1, 2}));
    CHECK_FALSE(reads<Exited>(MessageType::exited, {0, 0, 0, 0}));
    CHECK_FALSE(reads<Exited>(MessageType::exited, {1, 256, 0, 0}));
    CHECK_FALSE(reads<Exited>(MessageType::exited, {1, 0, 65, 0}));
    CHECK_FALSE(reads<Refused>(MessageType::refused, {0}));
    CHECK_FALSE(reads<SendSignal>(MessageType::signal, {1, 0}));
    CHECK_FALSE(reads<SendSignal>(MessageType::signal, {1, 65}));
    CHECK_FALSE(reads<SendSignal>(MessageType::signal, {0, 9}));
    CHECK_FALSE(reads<Forget>(MessageType::forget, {0}));
    CHECK_FALSE(reads<Forget>(MessageType::signal, {1, 9}));
}

TEST_CASE("messages: a newer peer says more, and one without a version says nothing") {
    Message newer = packet(MessageType::forget, {7, 8, 9, 10});
    newer.version = 2;
    Forget forget;
    CHECK(read_message(newer, forget));
    newer.version = 0;
    CHECK_FALSE(read_message(newer, forget));
}

TEST_CASE("messages: each question has its own answer") {
    CHECK(is_answer<Hello>(packet(MessageType::hello_reply, {1})));
    CHECK(is_answer<Hello>(packet(MessageType::start_failed, {1, 1, 0})));
    CHECK_FALSE(is_answer<Hello>(packet(MessageType::done, {})));
    CHECK_FALSE(is_answer<StartExec>(packet(MessageType::hello_reply, {1})));
    CHECK(is_answer<Forget>(packet(MessageType::done, {})));
    CHECK_FALSE(is_answer<Forget>(packet(MessageType::start_failed, {1, 1, 0})));
}
