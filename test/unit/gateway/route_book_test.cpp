// What the gateway is told: what changed, once, or the whole.
#include "route_book.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::gateway;

namespace {
Listener listener_of(const std::string& key, uint16_t port) {
    Listener out;
    out.key = key;
    out.port = port;
    return out;
}
Route route_of(const std::string& key, const std::string& name = {}) {
    Route out;
    out.key = key;
    out.name = name;
    return out;
}
}  // namespace

TEST_CASE("route book: what has changed is told once", "[gateway]") {
    RouteBook book;
    Change change;
    change.listeners = {listener_of("ingress/80", 80)};
    change.routes = {route_of("a"), route_of("b")};
    book.apply(change);
    CHECK(book.has_news());
    const Change told = book.take_news();
    CHECK_FALSE(told.is_whole);
    CHECK(told.listeners.size() == 1);
    CHECK(told.routes.size() == 2);
    CHECK_FALSE(book.has_news());
    book.apply(change);
    CHECK_FALSE(book.has_news());
}

TEST_CASE("route book: a change that is taken back before it was told is told as gone", "[gateway]") {
    RouteBook book;
    Change first;
    first.routes = {route_of("a")};
    book.apply(first);
    Change second;
    second.gone_routes = {"a", "never there"};
    book.apply(second);
    const Change told = book.take_news();
    CHECK(told.routes.empty());
    CHECK(told.gone_routes == std::vector<std::string>{"a"});
}

TEST_CASE("route book: what a whole change does not name is gone", "[gateway]") {
    RouteBook book;
    Change first;
    first.listeners = {listener_of("ingress/80", 80), listener_of("ingress/443", 443)};
    first.routes = {route_of("a"), route_of("b")};
    book.apply(first);
    (void)book.take_news();
    Change whole;
    whole.is_whole = true;
    whole.listeners = {listener_of("ingress/80", 80)};
    whole.routes = {route_of("b", "renamed")};
    book.apply(whole);
    const Change told = book.take_news();
    CHECK(told.gone_listeners == std::vector<std::string>{"ingress/443"});
    CHECK(told.gone_routes == std::vector<std::string>{"a"});
    CHECK(told.routes == std::vector<Route>{route_of("b", "renamed")});
    CHECK(book.ports() == std::set<uint16_t>{80});
    CHECK(book.listeners_of(80) == std::vector<std::string>{"ingress/80"});
}

TEST_CASE("route book: a gateway that starts anew is told everything, and no news afterwards", "[gateway]") {
    RouteBook book;
    Change change;
    change.routes = {route_of("a"), route_of("b")};
    book.apply(change);
    const Change whole = book.take_whole();
    CHECK(whole.is_whole);
    CHECK(whole.routes.size() == 2);
    CHECK_FALSE(book.has_news());
}
