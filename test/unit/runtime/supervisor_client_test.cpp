#include "supervisor_client.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "orilla/base/clock.hpp"
#include "support/await.hpp"

using namespace orilla;
using namespace orilla::runtime;
using supervisor::Message;

namespace {

/// A supervisor that says what a test lets it say.
class Line {
  public:
    Line() {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        peer_.reset(ends[1]);
        SupervisorClient::Listener listener;
        listener.exited = [this](const supervisor::Exited& exited) { handles.push_back(exited.handle); };
        listener.gone = [this] { gone = true; };
        client = std::make_shared<SupervisorClient>(loop, UniqueFd(ends[0]), 10'000, std::move(listener));
    }
    void say(const Message& message) { REQUIRE(send(peer_.get(), &message, sizeof message, 0) == sizeof message); }
    Message hear() {
        Message message{};
        REQUIRE(recv(peer_.get(), &message, sizeof message, 0) == sizeof message);
        return message;
    }

    SystemClock clock;
    loop::Loop loop{clock};
    std::shared_ptr<SupervisorClient> client;
    std::vector<uint32_t> handles;
    bool gone = false;

  private:
    UniqueFd peer_;
};

}  // namespace

TEST_CASE("SupervisorClient: a question is answered, refused, or answered with what makes no sense") {
    Line line;
    // The answers are there before the questions, whose numbers are 1, 2 and 3.
    line.say(supervisor::write_message(supervisor::HelloReply{4711}, 1));
    const supervisor::Forget forget{7};
    const auto first = test::await(line.loop, line.client->call(supervisor::Hello()));
    REQUIRE(first);
    CHECK(line.hear().type == supervisor::MessageType::hello);
    line.say(supervisor::write_message(supervisor::Refused{EBUSY}, 2));
    const auto second = test::await(line.loop, line.client->call(forget));
    REQUIRE_FALSE(second);
    CHECK(second.error().message() == "the supervisor refuses: Device or resource busy");
    const Message heard = line.hear();
    CHECK(heard.request == 2);
    CHECK(heard.number[0] == 7);
    line.say(supervisor::write_message(supervisor::HelloReply{4711}, 3));
    const auto third = test::await(line.loop, line.client->call(forget));
    REQUIRE_FALSE(third);
    CHECK(third.error().code() == Code::corrupt);
    CHECK_FALSE(line.gone);
}

TEST_CASE("SupervisorClient: events of a newer supervisor are passed over, one that makes no sense ends the connection") {
    Line line;
    Message unknown = supervisor::write_message(supervisor::Exited{1, 0, 0, 0}, 0);
    unknown.type = static_cast<supervisor::MessageType>(999);
    line.say(unknown);
    line.say(supervisor::write_message(supervisor::Exited{2, 0, 0, 0}, 0));
    while (line.handles.empty()) line.loop.turn(true);
    CHECK(line.handles == std::vector<uint32_t>{2});
    CHECK(line.client->connected());
    line.say(supervisor::write_message(supervisor::Exited{0, 0, 0, 0}, 0));
    while (!line.gone) line.loop.turn(true);
    CHECK(line.handles == std::vector<uint32_t>{2});
    CHECK_FALSE(line.client->connected());
}
