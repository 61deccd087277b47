#include "apiserver/request/status.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::apiserver;
using namespace orilla::http;
using namespace orilla::pki;

TEST_CASE("render_status: an error has reason, message, details and code") {
    const Error error = Error(Code::invalid, "Pod \"x\" is invalid: spec: Required value")
                            .with_target({"", "Pod", "x"})
                            .with_cause({"FieldValueRequired", "Required value", "spec"});
    CHECK(
        render_status(error) ==
        R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
        R"("message":"Pod \"x\" is invalid: spec: Required value","reason":"Invalid",)"
        R"("details":{"name":"x","kind":"Pod","causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec"}]},)"
        R"("code":422})"
        "\n");
}

TEST_CASE("status_response: a retry hint is also a header") {
    const Response response = status_response(Error(Code::too_many_requests, "later").with_retry_after(5));
    CHECK(response.status == 429);
    CHECK(response.headers == "Retry-After: 5\r\n");
    CHECK(response.body.find("\"retryAfterSeconds\":5") != std::string::npos);
}

TEST_CASE("Response: a header value cannot start another header") {
    Response response;
    response.add_header("Warning", "299 - \"a\r\nSet-Cookie: b\"");
    CHECK(response.headers == "Warning: 299 - \"a  Set-Cookie: b\"\r\n");
}
