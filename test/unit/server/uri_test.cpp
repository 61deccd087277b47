#include "server/uri.hpp"

#include <catch2/catch.hpp>

#include "server/negotiation.hpp"

using namespace orilla;
using namespace orilla::server;

namespace {
std::string shown(std::string_view path) {
    auto segments = split_path(path);
    if (!segments) return "refused";
    const auto parsed = parse_resource_path(std::move(*segments));
    if (!parsed) return "none";
    return parsed->group + "|" + parsed->version + "|" + parsed->ns + "|" + parsed->plural + "|" + parsed->name + "|" +
           parsed->subresource;
}
}  // namespace

TEST_CASE("parse_resource_path: finds group, namespace, resource, name and subresource") {
    CHECK(shown("/api/v1/pods") == "|v1||pods||");
    CHECK(shown("/api/v1/namespaces/ns/pods/") == "|v1|ns|pods||");
    CHECK(shown("/api/v1/namespaces/ns/pods/a/log") == "|v1|ns|pods|a|log");
    CHECK(shown("/apis/apps/v1/namespaces/ns/deployments/a") == "apps|v1|ns|deployments|a|");
    CHECK(shown("/api/v1/namespaces") == "|v1||namespaces||");
    CHECK(shown("/api/v1/namespaces/ns") == "|v1||namespaces|ns|");
    CHECK(shown("/api/v1/namespaces/ns/status") == "|v1||namespaces|ns|status");
    CHECK(shown("/api/v1/namespaces/ns/finalize") == "|v1||namespaces|ns|finalize");
    CHECK(shown("/api/v1/nodes/n1/status") == "|v1||nodes|n1|status");
    CHECK(shown("/api/v1/namespaces/ns/pods/a/log/more") == "none");
    CHECK(shown("/version") == "none");
}

TEST_CASE("split_path: refuses what could mean two things") {
    CHECK(shown("/api/v1/namespaces/../pods") == "refused");
    CHECK(shown("/api/v1/namespaces/%2e%2e/pods") == "refused");
    CHECK(shown("/api/v1//pods") == "refused");
    CHECK(shown("/api/v1/namespaces/a%2Fb/pods") == "refused");
    CHECK(shown("/api/v1/namespaces/a%00b/pods") == "refused");
    CHECK(shown("/api/v1/namespaces/a%zz/pods") == "refused");
    CHECK(shown("/api/v1/namespaces/a%4") == "refused");
    CHECK(shown("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a") == "refused");
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

TEST_CASE("negotiate_object: the first form that can be served wins") {
    CHECK(negotiate_object("").value() == Form::json);
    CHECK(negotiate_object("application/json").value() == Form::json);
    CHECK(negotiate_object("application/json;as=Table;v=v1;g=meta.k8s.io,application/json").value() == Form::table);
    CHECK(negotiate_object("application/json;g=meta.k8s.io;as=Table;v=v1beta1").value() == Form::table_v1beta1);
    CHECK(negotiate_object("application/vnd.kubernetes.protobuf,application/json").value() == Form::json);
    CHECK(negotiate_object("application/vnd.kubernetes.protobuf, */*").value() == Form::json);
    CHECK(negotiate_object("application/json;as=Other;v=v1;g=meta.k8s.io,application/json").value() == Form::json);
    CHECK(negotiate_object("application/json; q=0.9").value() == Form::json);
    CHECK_FALSE(negotiate_object("application/cbor"));
}
