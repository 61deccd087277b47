#include "orilla/http/sockets.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::http;

TEST_CASE("listen_unix: replaces a socket that nobody listens on") {
    const std::string path = "/tmp/orilla-stale-" + std::to_string(::getpid()) + ".sock";
    { REQUIRE(listen_unix(path, -1)); }
    CHECK(listen_unix(path, -1));
    CHECK_FALSE(listen_unix("/tmp/" + std::string(200, 'x'), -1));
    CHECK_FALSE(listen_unix("/nonexistent/x.sock", -1));
    ::unlink(path.c_str());
}

TEST_CASE("listen_tcp: takes addresses, not names") {
    CHECK(listen_tcp("127.0.0.1:0"));
    CHECK_FALSE(listen_tcp("localhost:0"));
    CHECK_FALSE(listen_tcp("127.0.0.1"));
    CHECK_FALSE(listen_tcp("127.0.0.1:65536"));
    CHECK_FALSE(listen_tcp("127.0.0.1:x"));
}
