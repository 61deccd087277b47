#include "nft/service_table.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::network;

TEST_CASE("parse_element: bytes of a foreign shape are not taken for ours") {
    const std::string key("\x0a\x2b\x00\x0a\x06\x00\x00\x00\x00\x50\x00\x00", 12);
    const std::string two("\x02\x00\x00\x00", 4);
    const auto element = parse_element(ServiceMap::services, key, two, "");
    REQUIRE(element);
    CHECK(element->ip.text() == "10.43.0.10");
    CHECK(element->port == 80);
    CHECK(element->chain.endpoints == 2);
    CHECK_FALSE(parse_element(ServiceMap::services, key.substr(0, 8), two, ""));
    std::string padded = key;
    padded[5] = 1;
    CHECK_FALSE(parse_element(ServiceMap::services, padded, two, ""));
    CHECK(parse_element(ServiceMap::chains, two, "", "endpoints-2"));
    CHECK_FALSE(parse_element(ServiceMap::chains, two, "", "endpoints-3"));
    CHECK_FALSE(parse_element(ServiceMap::chains, two, "", "somebody-elses"));
    CHECK_FALSE(parse_element(ServiceMap::endpoints, key, "", ""));
    CHECK_FALSE(parse_element(ServiceMap::hairpin, "", "", ""));
    const auto source = parse_element(ServiceMap::sources, key + std::string("\x18\x00\x00\x00\xc0\x00\x02\x00", 8), "", "");
    REQUIRE(source);
    CHECK(source->source.text() == "192.0.2.0/24");
    CHECK_FALSE(parse_element(ServiceMap::sources, key + std::string("\x28\x00\x00\x00\xc0\x00\x02\x00", 8), "", ""));
    CHECK(parse_element(ServiceMap::owned, key.substr(0, 4), "", ""));
    CHECK_FALSE(parse_element(ServiceMap::owned, key, "", ""));
}

TEST_CASE("table_fingerprint: another network or bridge is another table") {
    ServiceRulesConfig config;
    config.pod_cidr = *parse_cidr("10.42.0.0/24");
    config.service_cidr = *parse_cidr("10.43.0.0/16");
    const std::string one = table_fingerprint(config);
    config.service_cidr = *parse_cidr("10.44.0.0/16");
    const std::string two = table_fingerprint(config);
    CHECK(two != one);
    config.cluster_cidr = config.pod_cidr;
    CHECK(table_fingerprint(config) == two);
    config.cluster_cidr = *parse_cidr("10.42.0.0/16");
    CHECK(table_fingerprint(config) != two);
}

TEST_CASE("netlink attributes: a length that lies ends the reading") {
    const std::string bytes(
        "\x08\x00\x01\x00"
        "abcd"
        "\xff\x00\x02\x00"
        "xy",
        14);
    const NetlinkAttributes found(bytes.data(), bytes.size());
    CHECK(found.name(1) == "abcd");
    CHECK_FALSE(found.has(2));
    const std::string zero("\x00\x00\x01\x00", 4);
    CHECK_FALSE(NetlinkAttributes(zero.data(), zero.size()).has(1));
}
