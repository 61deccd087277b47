#include "request/resource_path.hpp"

#include <catch2/catch.hpp>

#include "orilla/http/uri.hpp"
#include "request/negotiation.hpp"

using namespace orilla;
using namespace orilla::apiserver;

namespace {
std::string shown(std::string_view path) {
    auto segments = http::split_path(path);
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
