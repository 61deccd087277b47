#include "pod/stop_signal.hpp"

#include <signal.h>

#include <catch2/catch.hpp>

using namespace orilla::node;

TEST_CASE("parse_stop_signal: by number, by name with and without SIG, and of real time") {
    CHECK(parse_stop_signal("3") == SIGQUIT);
    CHECK(parse_stop_signal("SIGQUIT") == SIGQUIT);
    CHECK(parse_stop_signal("QUIT") == SIGQUIT);
    CHECK(parse_stop_signal("SIGIOT") == SIGABRT);
    CHECK(parse_stop_signal("SIGCLD") == SIGCHLD);
    CHECK(parse_stop_signal("SIGIO") == SIGIO);
    CHECK(parse_stop_signal("SIGPOLL") == SIGIO);
    CHECK(parse_stop_signal("SIGRTMIN") == SIGRTMIN);
    CHECK(parse_stop_signal("SIGRTMIN+3") == SIGRTMIN + 3);
    CHECK(parse_stop_signal("RTMAX-14") == SIGRTMAX - 14);
    CHECK(parse_stop_signal("SIGRTMAX") == SIGRTMAX);
    CHECK(parse_stop_signal("sigint") == SIGINT);
    CHECK(parse_stop_signal("Quit") == SIGQUIT);
    CHECK(parse_stop_signal("sigrtmin+3") == SIGRTMIN + 3);
}

TEST_CASE("parse_stop_signal: SIGTERM for what is none") {
    for (const char* text :
         {"", "0", "-1", "65", "9999999999999", "SIG", "SIGNOSUCH", "SIGRTMIN+", "SIGRTMIN+99", "SIGRTMAX-x", "3x"})
        CHECK(parse_stop_signal(text) == SIGTERM);
}
