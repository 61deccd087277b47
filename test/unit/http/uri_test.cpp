#include "orilla/http/uri.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::http;

TEST_CASE("split_path: refuses what could mean two things") {
    CHECK_FALSE(split_path("/api/v1/namespaces/../pods"));
    CHECK_FALSE(split_path("/api/v1/namespaces/%2e%2e/pods"));
    CHECK_FALSE(split_path("/api/v1//pods"));
    CHECK_FALSE(split_path("/api/v1/namespaces/a%2Fb/pods"));
    CHECK_FALSE(split_path("/api/v1/namespaces/a%00b/pods"));
    CHECK_FALSE(split_path("/api/v1/namespaces/a%zz/pods"));
    CHECK_FALSE(split_path("/api/v1/namespaces/a%4"));
    CHECK_FALSE(split_path("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"));
}

TEST_CASE("Query: decodes names and values") {
    auto query = Query::parse("a=1&b=x%3Dy+z&a=2&flag&bad=maybe&empty=");
    REQUIRE(query);
    CHECK(query->get("b") == "x=y z");
    CHECK(query->all("a").size() == 2);
    CHECK(query->flag("flag").value());
    CHECK_FALSE(query->flag("absent").value());
    CHECK_FALSE(query->flag("bad"));
    CHECK(query->number("a").value() == 1);
    CHECK_FALSE(query->number("absent").value());
    CHECK_FALSE(query->number("b"));
    CHECK_FALSE(Query::parse("a=%"));
    std::string many;
    for (size_t i = 0; i <= query_parameters_max; ++i) many += "a&";
    CHECK_FALSE(Query::parse(many));
}
