#include "client.hpp"

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

TEST_CASE("find_warning: the text of a warning header, without its quotes") {
    CHECK(find_warning("Warning: 299 - \"unknown field \\\"dat\\\"\"\r\n") == "unknown field \"dat\"");
    CHECK(find_warning("warning: 299 - \"a\\\\b\"") == "a\\b");
    CHECK_FALSE(find_warning("Content-Type: \"x\""));
    CHECK_FALSE(find_warning("Warning: 299 - none"));
    CHECK_FALSE(find_warning("Warning: 299 - \""));
}

TEST_CASE("Client: a socket that is not there is told with what to do") {
    Client client({"/no/such/socket", -1, 0});
    Request request;
    request.path = "/version";
    const std::string said = complaint(client.send(request));
    CHECK(said.find("/no/such/socket") != std::string::npos);
    CHECK(said.find("orilla serve") != std::string::npos);
}
