#include "orilla/images/reference.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::images;

namespace {
std::string name_of(std::string_view text) {
    const auto reference = parse_reference(text);
    return reference ? reference->name() : "error: " + reference.error().message();
}
const std::string some_digest = "sha256:" + std::string(64, 'a');
}  // namespace

TEST_CASE("parse_reference: short names mean docker.io, library and latest") {
    CHECK(name_of("nginx") == "docker.io/library/nginx:latest");
    CHECK(name_of("nginx:1") == "docker.io/library/nginx:1");
    CHECK(name_of("bitnami/redis") == "docker.io/bitnami/redis:latest");
    CHECK(name_of("docker.io/nginx") == "docker.io/library/nginx:latest");
    CHECK(name_of("index.docker.io/library/nginx") == "docker.io/library/nginx:latest");
}

TEST_CASE("parse_reference: the first part is a host when it looks like one") {
    CHECK(name_of("localhost/app") == "localhost/app:latest");
    CHECK(name_of("localhost:5000/app") == "localhost:5000/app:latest");
    CHECK(name_of("localhost:5000") == "docker.io/library/localhost:5000");
    CHECK(name_of("registry.k8s.io/pause:3.9") == "registry.k8s.io/pause:3.9");
    CHECK(name_of("ghcr.io/a/b/c:v1.0") == "ghcr.io/a/b/c:v1.0");
    CHECK(name_of("[::1]:5000/app:1") == "[::1]:5000/app:1");
    CHECK(name_of("Host/app") == "Host/app:latest");
}

TEST_CASE("parse_reference: digests stay, and need no tag") {
    CHECK(name_of("nginx@" + some_digest) == "docker.io/library/nginx@" + some_digest);
    CHECK(name_of("nginx:1@" + some_digest) == "docker.io/library/nginx:1@" + some_digest);
    CHECK(parse_reference("nginx@" + some_digest)->tag.empty());
    CHECK_FALSE(parse_reference("nginx@sha256:abc"));
    CHECK_FALSE(parse_reference("nginx@md5:" + std::string(32, 'a')));
}

TEST_CASE("parse_reference: what is no name says why") {
    CHECK(name_of("") == "error: invalid reference format");
    CHECK(name_of(":1") == "error: invalid reference format");
    CHECK(name_of("NGINX") == "error: invalid reference format: repository name (library/NGINX) must be lowercase");
    CHECK(name_of("a//b") == "error: invalid reference format");
    CHECK(name_of("a..b") == "error: invalid reference format");
    CHECK(name_of("-a") == "error: invalid reference format");
    CHECK(name_of("a:") == "error: invalid reference format");
    CHECK(name_of("a:" + std::string(129, 't')) == "error: invalid reference format");
    CHECK(name_of("a b") == "error: invalid reference format");
    CHECK(name_of("../etc") == "error: invalid reference format");
    CHECK(name_of(std::string(64, 'a')).find("64-byte hexadecimal") != std::string::npos);
    CHECK(name_of(std::string(300, 'a')).find("more than 255") != std::string::npos);
}

TEST_CASE("parse_reference: joints of path components follow the grammar") {
    for (std::string_view good : {"a_b", "a__b", "a-b", "a---b", "a.b/c"}) CHECK(parse_reference(good));
    for (std::string_view bad : {"a___b", "a-", "_a", "a._b", "x/a..b"}) CHECK_FALSE(parse_reference(bad));
}

TEST_CASE("Reference: the familiar name leaves out what goes without saying") {
    CHECK(parse_reference("nginx:1")->familiar_name() == "nginx:1");
    CHECK(parse_reference("a/b:1")->familiar_name() == "a/b:1");
    CHECK(parse_reference("ghcr.io/a/b:1")->familiar_name() == "ghcr.io/a/b:1");
}
