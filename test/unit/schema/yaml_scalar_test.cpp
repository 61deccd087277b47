#include "yaml_scalar.hpp"

#include <catch2/catch.hpp>

using namespace orilla::api;

namespace {
std::string json(std::string_view text) {
    YamlScalar scalar = resolve_plain_scalar(text);
    return scalar.type == YamlScalar::Type::string ? "'" + scalar.json + "'" : scalar.json;
}
}  // namespace

TEST_CASE("yaml scalar: words of YAML 1.1 are booleans and null") {
    for (const char* word : {"y", "Yes", "on", "ON", "true", "True"}) CHECK(json(word) == "true");
    for (const char* word : {"n", "No", "off", "OFF", "false", "FALSE"}) CHECK(json(word) == "false");
    for (const char* word : {"", "~", "null", "Null"}) CHECK(json(word) == "null");
    CHECK(json("tRue") == "'tRue'");
    CHECK(json("yess") == "'yess'");
}

TEST_CASE("yaml scalar: numbers in every notation come out decimal") {
    CHECK(json("0") == "0");
    CHECK(json("-17") == "-17");
    CHECK(json("+17") == "17");
    CHECK(json("0644") == "420");
    CHECK(json("0o644") == "420");
    CHECK(json("0x1F") == "31");
    CHECK(json("0b101") == "5");
    CHECK(json("1_000") == "1000");
    CHECK(json("1.5") == "1.5");
    CHECK(json(".5") == "0.5");
    CHECK(json("1e3") == "1000");
    CHECK(json("9223372036854775807") == "9223372036854775807");
    CHECK(json("-9223372036854775808") == "-9223372036854775808");
}

TEST_CASE("yaml scalar: what only looks like a number is text") {
    for (const char* text :
         {"1.2.3", "10.42.0.0/24", "500m", "1Gi", "-", "+", ".", "1e", "0x", "2024-01-02", "12:30", "--1", "+-1", ".inf"})
        CHECK(json(text) == "'" + std::string(text) + "'");
}
