#include <catch2/catch.hpp>

#include "orilla/schema/values.hpp"

using orilla::api::IntOrString;
using orilla::api::Quantity;

namespace {

std::string canonical(std::string_view text) {
    auto quantity = Quantity::parse(text);
    return quantity ? quantity->text.str() : "error: " + quantity.error().message();
}

Quantity make(std::string_view text) { return Quantity::parse(text).value(); }

}  // namespace

TEST_CASE("quantity: the canonical text keeps the suffix family and has no fraction") {
    CHECK(canonical("1.5") == "1500m");
    CHECK(canonical("1.5Gi") == "1536Mi");
    CHECK(canonical("1000m") == "1");
    CHECK(canonical("0.1m") == "1m");
    CHECK(canonical("+5") == "5");
    CHECK(canonical("-0.5") == "-500m");
    CHECK(canonical("0") == "0");
    CHECK(canonical("0Gi") == "0");
    CHECK(canonical("100000") == "100k");
    CHECK(canonical("1024Mi") == "1Gi");
    CHECK(canonical("0.5Ki") == "512");
    CHECK(canonical("1500Mi") == "1500Mi");
    CHECK(canonical("12e6") == "12e6");
    CHECK(canonical("1E3") == "1e3");
    CHECK(canonical("1e2") == "100");
    CHECK(canonical("1E") == "1E");
    CHECK(canonical("100n") == "100n");
    CHECK(canonical("1500u") == "1500u");
    CHECK(canonical(".5") == "500m");
    CHECK(canonical("5.") == "5");
    CHECK(canonical("0.7Ki") == "716800m");
}

TEST_CASE("quantity: what is too large is capped, what is too small is rounded up") {
    CHECK(canonical("9223372036854775807") == "9223372036854775807");
    CHECK(canonical("9223372036854775808") == "9223372036854775807");
    CHECK(canonical("8Ei") == "9223372036854775807");
    CHECK(canonical("1e9999") == "9223372036854775807");
    CHECK(canonical("1e-9999") == "1e-3");
    CHECK(canonical("-100E") == "-9223372036854775807");
    CHECK(canonical("0.0000000000000000000000001") == "1m");
    CHECK(make("100E").value() == INT64_MAX);
    CHECK(make("100E").milli_value() == INT64_MAX);
}

TEST_CASE("quantity: other text is refused") {
    for (const char* text : {"", "x", "1x", "1.2.3", "--1", "1 ", "Ki", ".", "1KiB", "1kI", "1e", "1e+", "0x10", "1Mi2"}) {
        INFO(text);
        CHECK_FALSE(Quantity::parse(text).has_value());
    }
}

TEST_CASE("quantity: values, sums and order") {
    CHECK(make("1500m").value() == 2);
    CHECK(make("1500m").milli_value() == 1500);
    CHECK(make("-1500m").value() == -2);
    CHECK(make("1Ki").value() == 1024);
    CHECK(Quantity().value() == 0);
    CHECK(make("1").compare(make("1000m")) == 0);
    CHECK(make("1Gi").compare(make("1G")) > 0);
    CHECK(Quantity().compare(make("1n")) < 0);
    CHECK(make("1Gi").plus(make("512Mi")).text == "1536Mi");
    CHECK(make("500m").plus(make("500m")).text == "1");
    CHECK(make("1").minus(make("1500m")).text == "-500m");
    CHECK(Quantity().plus(make("64Mi")).text == "64Mi");
    CHECK(Quantity::from_milli(1500).text == "1500m");
    CHECK(Quantity::from_bytes(1048576).text == "1Mi");
    CHECK(Quantity::from_bytes(1000).text == "1k");
}

TEST_CASE("quantity: parsing the canonical text again changes nothing") {
    uint64_t state = 42;
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        const std::string_view alphabet = "0123456789.eE+-munkKMGTPi";
        for (int j = 0; j < 8; ++j) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text += alphabet[(state >> 33) % alphabet.size()];
        }
        auto quantity = Quantity::parse(text);
        if (!quantity) continue;
        INFO(text);
        CHECK(canonical(quantity->text) == quantity->text.str());
        CHECK(make(quantity->text).compare(*quantity) == 0);
    }
}

TEST_CASE("IntOrString: percentages round as asked and other text is refused") {
    CHECK(IntOrString(3).resolve(10, true).value() == 3);
    CHECK(IntOrString(orilla::api::Str("25%")).resolve(10, true).value() == 3);
    CHECK(IntOrString(orilla::api::Str("25%")).resolve(10, false).value() == 2);
    CHECK(IntOrString(orilla::api::Str("0%")).resolve(10, true).value() == 0);
    CHECK_FALSE(IntOrString(orilla::api::Str("http")).resolve(10, true).has_value());
    CHECK_FALSE(IntOrString(orilla::api::Str("99999999999%")).resolve(10, true).has_value());
    CHECK(IntOrString(80).to_string() == "80");
    CHECK(IntOrString(orilla::api::Str("http")).to_string() == "http");
}
