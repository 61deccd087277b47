#include "request/request_info.hpp"

#include <catch2/catch.hpp>

#include "orilla/http/uri.hpp"
#include "request/negotiation.hpp"

using namespace orilla;
using namespace orilla::apiserver;

namespace {
std::string shown(std::string_view path) {
    http::Request request;
    request.path = path;
    const auto info = parse_request_info(request);
    if (!info) return info.error().code() == Code::not_found ? "none" : "refused";
    if (!info->is_resource()) return "none";
    return info->group + "|" + info->version + "|" + info->ns + "|" + info->resource + "|" + info->name + "|" +
           info->subresource;
}

std::string verb_of(http::Method method, std::string_view path, std::string_view query = {}) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.query = query;
    const auto info = parse_request_info(request);
    return info ? std::string(info->verb) : "refused";
}
}  // namespace

TEST_CASE("parse_request_info: finds group, namespace, resource, name and subresource") {
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

TEST_CASE("parse_request_info: tells the verb as discovery does") {
    using http::Method;
    CHECK(verb_of(Method::get, "/api/v1/pods") == "list");
    CHECK(verb_of(Method::head, "/api/v1/namespaces/a/pods/b") == "get");
    CHECK(verb_of(Method::get, "/api/v1/pods", "watch=1") == "watch");
    CHECK(verb_of(Method::get, "/api/v1/namespaces/a/pods/b", "watch=true") == "watch");
    CHECK(verb_of(Method::get, "/api/v1/namespaces/a/pods/b/log", "watch=true") == "get");
    CHECK(verb_of(Method::get, "/api/v1/pods", "watch=perhaps") == "refused");
    CHECK(verb_of(Method::post, "/api/v1/namespaces/a/pods") == "create");
    CHECK(verb_of(Method::post, "/api/v1/namespaces/a/pods/b/eviction") == "create");
    CHECK(verb_of(Method::put, "/api/v1/namespaces/a/pods/b") == "update");
    CHECK(verb_of(Method::patch, "/api/v1/namespaces/a/pods/b/status") == "patch");
    CHECK(verb_of(Method::delete_, "/api/v1/namespaces/a/pods/b") == "delete");
    CHECK(verb_of(Method::delete_, "/api/v1/namespaces/a/pods") == "deletecollection");
    CHECK(verb_of(Method::post, "/api/v1/namespaces/a/pods/b").empty());
    CHECK(verb_of(Method::put, "/api/v1/namespaces/a/pods").empty());
    CHECK(verb_of(Method::get, "/version").empty());
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
