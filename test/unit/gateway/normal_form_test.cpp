#include "normal_form.hpp"

#include <catch2/catch.hpp>

using namespace orilla::gateway;

namespace {
std::string path_of(std::string_view path) {
    std::string scratch = "left over";
    const auto normal = normal_path(path, &scratch);
    return normal ? std::string(*normal) : "refused";
}
std::string host_of(std::string_view authority) {
    HostBuffer buffer;
    const auto host = normal_host(authority, buffer);
    return host ? std::string(*host) : "refused";
}
}  // namespace

TEST_CASE("normal form: a path is read in one way, or not at all") {
    const struct {
        const char *path, *normal;
    } rows[] = {
        {"/", "/"},
        {"/a/b.c-d_e~f", "/a/b.c-d_e~f"},
        {"/a//b/", "/a//b/"},
        {"/%41%7e%2d", "/A~-"},
        {"/%c3%A9", "/%C3%A9"},
        {"/\xc3\xa9", "/%C3%A9"},
        {"/%20%3f%23%25", "/%20%3F%23%25"},
        {"/a%2fb", "/a%2Fb"},
        {"/%252e%252e", "/%252e%252e"},
        {"/.well-known/x", "/.well-known/x"},
        {"/...", "/..."},
        {"/a/./b", "/a/b"},
        {"/a/.", "/a/"},
        {"/.", "/"},
        {"/a/../b", "/b"},
        {"/a/..", "/"},
        {"/a/b/..", "/a/"},
        {"/a/b/../..", "/"},
        {"/a/%2E%2e/b", "/b"},
        {"/a/.%2e/", "/"},
        {"/a//../b", "/a/b"},
        {"/a;b=c/d", "/a;b=c/d"},
        {"/a..;x/b", "/a..;x/b"},
        // Refused.
        {"", "refused"},
        {"*", "refused"},
        {"a/b", "refused"},
        {"/..", "refused"},
        {"/../a", "refused"},
        {"/a/../../b", "refused"},
        {"/%2e%2e/a", "refused"},
        {"/a/..;/b", "refused"},
        {"/a/..;x=y/b", "refused"},
        {"/a/..%3bx/b", "refused"},
        {"/a/.;/b", "refused"},
        {"/a%2f..%2fb", "refused"},
        {"/a%2F..", "refused"},
        {"/..%2fb", "refused"},
        {"/a%5c..%5Cb", "refused"},
        {"/a%2F%2e/b", "refused"},
        {"/a%2F..;x", "refused"},
        {"/a\\b", "refused"},
        {"/a b", "refused"},
        {"/a\tb", "refused"},
        {"/a\x7f", "refused"},
        {"/%00", "refused"},
        {"/%", "refused"},
        {"/%4", "refused"},
        {"/%g0", "refused"},
        {"/a#b", "refused"},
    };
    for (const auto& row : rows) {
        INFO(row.path);
        CHECK(path_of(row.path) == row.normal);
        // It is what it becomes.
        if (row.normal != std::string("refused")) CHECK(path_of(row.normal) == row.normal);
    }
}

TEST_CASE("normal form: hosts are small, without port and last dot") {
    CHECK(host_of("Example.COM") == "example.com");
    CHECK(host_of("example.com:8080") == "example.com");
    CHECK(host_of("example.com.:80") == "example.com");
    CHECK(host_of("example.com:") == "example.com");
    CHECK(host_of("a_b-c.d") == "a_b-c.d");
    CHECK(host_of("10.0.0.1:80") == "10.0.0.1");
    CHECK(host_of("[FE80::1]:80") == "[fe80::1]");
    CHECK(host_of("[::1]") == "[::1]");
    CHECK(host_of("") == "");
    for (const char* bad : {"a:b", "a:123456", "a@b", "a b", "a/b", ":80", ".", "[::1", "[]", "[::1]x", "[a/b]", "a:1:2", "a,b",
                            "..", ".a", "a..", "a..b", "\xc3\xa9"})
        CHECK(host_of(bad) == "refused");
    CHECK(host_of(std::string(255, 'a')) == std::string(255, 'a'));
    CHECK(host_of(std::string(256, 'a')) == "refused");
}

TEST_CASE("normal form: rules have single slashes") {
    CHECK(with_single_slashes("//a///b/") == "/a/b/");
    CHECK(with_single_slashes("/") == "/");
}
