#include "orilla/schema/names.hpp"

#include <catch2/catch.hpp>

using namespace orilla::api;

TEST_CASE("names: a bad subdomain is answered with Kubernetes' sentence") {
    CHECK(check_dns1123_subdomain("my-app.v1").empty());
    CHECK(check_dns1123_subdomain("My_App") ==
          Complaints{"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                     "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"});
    CHECK(check_dns1123_subdomain(std::string(254, 'a')) == Complaints{"must be no more than 253 bytes"});
    for (const char* text : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "é"})
        CHECK_FALSE(check_dns1123_subdomain(text).empty());
}

TEST_CASE("names: labels") {
    CHECK(check_dns1123_label("a").empty());
    CHECK(check_dns1123_label("0-a").empty());
    CHECK(check_dns1123_label("a.b") == Complaints{"must not contain dots"});
    CHECK(check_dns1123_label("A") ==
          Complaints{"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
                     "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
                     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"});
    CHECK(check_dns1035_label("web").empty());
    CHECK_FALSE(check_dns1035_label("0web").empty());
}

TEST_CASE("names: label keys and values") {
    CHECK(check_qualified_name("app.kubernetes.io/name").empty());
    CHECK(check_qualified_name("A_b.c-D").empty());
    CHECK_FALSE(check_qualified_name("a/b/c").empty());
    CHECK(check_qualified_name("/name") == Complaints{"prefix part must be non-empty"});
    CHECK(check_qualified_name("").front() == "name part must be non-empty");
    CHECK_FALSE(check_qualified_name(std::string(64, 'a')).empty());
    CHECK(check_label_value("").empty());
    CHECK_FALSE(check_label_value("a b").empty());
    CHECK_FALSE(check_label_value("-a").empty());
}

TEST_CASE("names: keys, environment names, ports and addresses") {
    CHECK(check_config_map_key("nginx.conf").empty());
    CHECK(check_config_map_key("..") == Complaints{"must not be '..'"});
    CHECK_FALSE(check_config_map_key("a/b").empty());
    CHECK(check_env_name("MY.VAR-1").empty());
    CHECK_FALSE(check_env_name("A=B").empty());
    CHECK_FALSE(check_env_name("").empty());
    CHECK(check_port_name("http").empty());
    CHECK(check_port_name("8080") == Complaints{"must contain at least one letter (a-z)"});
    CHECK_FALSE(check_port_name("a-very-long-port-name").empty());
    CHECK(check_port_number(0) == Complaints{"must be between 1 and 65535, inclusive"});
    CHECK(check_port_number(65535).empty());
    CHECK(check_ip("10.0.0.1").empty());
    CHECK(check_ip("::1").empty());
    CHECK_FALSE(check_ip("10.0.0.256").empty());
    CHECK(check_percent("25%").empty());
    CHECK_FALSE(check_percent("%").empty());
    CHECK_FALSE(check_path_segment("a/b").empty());
}
