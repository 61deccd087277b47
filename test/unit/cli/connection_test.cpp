#include "connection.hpp"

#include "cli_support.hpp"
#include "client.hpp"

using namespace orilla;
using namespace orilla::cli;

TEST_CASE("connect_socket: missing, refused and hanging are three errors with their errno and what to do") {
    const Scratch scratch;
    const std::string path = scratch.path("s");
    CHECK(complaint(connect_socket(path))
              .starts_with("error: connect to " + path +
                           ": No such file or directory (ENOENT): the daemon has not made its socket: start it"));
    UniqueFd listener = listen_at(path);
    const auto first = connect_socket(path);
    REQUIRE(first);
    CHECK(complaint(connect_socket(path, 50))
              .starts_with("error: connect to " + path +
                           ": no connection within 50 ms (ETIMEDOUT): the daemon does not take connections"));
    listener.reset();
    CHECK(complaint(connect_socket(path))
              .starts_with("error: connect to " + path + ": Connection refused (ECONNREFUSED): nobody listens there"));
}

TEST_CASE("connect_socket: what we may not") {
    if (geteuid() != 0) return;
    const Scratch scratch;
    const std::string path = scratch.path("s");
    const UniqueFd listener = listen_at(path);
    REQUIRE(seteuid(65534) == 0);
    const std::string said = complaint(connect_socket(path));
    REQUIRE(seteuid(0) == 0);
    CHECK(said.starts_with("error: connect to " + path + ": Permission denied (EACCES): only root and the group orilla may"));
}

TEST_CASE("connect_socket: a path that no socket can have") {
    CHECK(complaint(connect_socket("/" + std::string(200, 'x'))).find("it may have 1 to 107 bytes") != std::string::npos);
    CHECK(complaint(connect_socket("")).find("it may have 1 to 107 bytes") != std::string::npos);
}

TEST_CASE("Client: a daemon that takes the request and never answers") {
    const Scratch scratch;
    const std::string path = scratch.path("s");
    const UniqueFd listener = listen_at(path);
    Client chosen({path, 50, 0});
    const auto answer = chosen.send(Request{});
    CHECK(complaint(answer).starts_with("error: no answer from " + path + " within "));
    CHECK(complaint(answer).ends_with("--request-timeout=DURATION waits longer"));
    Request impatient;
    impatient.answer_begins_ms_max = 10;
    Client usual({scratch.path("t"), -1, 0});
    const UniqueFd other = listen_at(scratch.path("t"));
    CHECK(complaint(usual.send(impatient)).ends_with("--request-timeout=0 waits for ever"));
}

TEST_CASE("Client: a listener that takes no connections") {
    const Scratch scratch;
    const std::string path = scratch.path("s");
    UniqueFd listener = listen_at(path);
    const auto first = connect_socket(path);
    REQUIRE(first);
    Client client({path, -1, 0});
    CHECK(
        complaint(client.send(Request{})).starts_with("error: connect to " + path + ": no connection within 5 s (ETIMEDOUT)"));
}

TEST_CASE("plan_connection: --request-timeout as kubectl reads it") {
    Options options;
    CHECK(plan_connection(options)->request_ms_max == -1);
    for (const auto& [text, wanted] : {std::pair{"0", 0}, {"5", 5'000}, {"1m", 60'000}, {"200ms", 200}}) {
        options.request_timeout = text;
        CHECK(plan_connection(options)->request_ms_max == wanted);
    }
    options.request_timeout = "soon";
    CHECK(complaint(plan_connection(options)).starts_with("error: Invalid timeout value."));
}
