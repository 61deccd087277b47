#include "orilla/base/result.hpp"

#include <catch2/catch.hpp>

using namespace orilla;

TEST_CASE("Error: context goes in front and reads as a sentence") {
    auto error = Error::from_errno("mount /proc", EPERM).with_context("start container web");
    CHECK(error.message() == "start container web: mount /proc: Operation not permitted");
    CHECK(error.error_number() == EPERM);
    CHECK(error.code() == Code::system);
}

TEST_CASE("Error: every code has the HTTP status and reason of the API") {
    CHECK(http_status(Code::not_found) == 404);
    CHECK(status_reason(Code::expired) == "Expired");
    CHECK(http_status(Code::invalid) == 422);
    CHECK(status_reason(Code::system) == "InternalError");
}

namespace {
Result<int> half(int n) {
    if (n % 2) return Error(Code::invalid, "odd");
    return n / 2;
}
Result<int> quarter(int n) {
    TRY(int h, half(n));
    TRY(int q, half(h));
    return q;
}
}  // namespace

TEST_CASE("TRY: the first error is returned") {
    CHECK(*quarter(8) == 2);
    CHECK(quarter(6).error().message() == "odd");
}

TEST_CASE("Error: a copy keeps its causes") {
    Error error = Error(Code::invalid, "x").with_cause({"FieldValueRequired", "Required value", "spec"});
    const Error copy = error;
    REQUIRE(copy.causes().size() == 1);
    CHECK(copy.causes()[0].field == "spec");
}
