#include "auth.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::images;

namespace {
std::string users(std::string_view config, std::string_view image) {
    const auto found = find_credentials(config, *parse_reference(image));
    if (!found) return "error: " + found.error().message();
    std::string out;
    for (const auto& credential : *found) out += credential.username + ":" + credential.password + " ";
    return out;
}
}  // namespace

TEST_CASE("find_credentials: only entries of the image's registry count") {
    const auto config = R"({"auths":{"a.example":{"username":"u","password":"p"},"b.example:5000":{"auth":"dTpw"}}})";
    CHECK(users(config, "a.example/x:1") == "u:p ");
    CHECK(users(config, "b.example:5000/x:1") == "u:p ");
    CHECK(users(config, "b.example/x:1").empty());
    CHECK(users(config, "evil-a.example/x").empty());
    CHECK(users(config, "nginx").empty());
}

TEST_CASE("find_credentials: docker.io goes by its old names") {
    const auto config = R"({"auths":{"https://index.docker.io/v1/":{"auth":"dTpwOnE="}}})";
    CHECK(users(config, "nginx") == "u:p:q ");
}

TEST_CASE("find_credentials: the longest path comes first, and paths end at slashes") {
    const auto config = R"({"r.example":{"auth":"YTph"},"r.example/team":{"auth":"Yjpi"},"r.example/te":{"auth":"Yzpj"}})";
    CHECK(users(config, "r.example/team/app") == "b:b a:a ");
    CHECK(users(config, "r.example/other") == "a:a ");
}

TEST_CASE("find_credentials: a star stands for one label") {
    const auto config = R"({"auths":{"*.r.example":{"auth":"dTpw"}}})";
    CHECK(users(config, "a.r.example/x") == "u:p ");
    CHECK(users(config, "a.b.r.example/x").empty());
    CHECK(users(config, "r.example/x").empty());
}

TEST_CASE("find_credentials: what cannot be read is an error, what is not supported too") {
    CHECK(users("{", "nginx").find("image pull secret is not valid JSON") != std::string::npos);
    CHECK(users(R"({"auths":{"docker.io":{"auth":"%%"}}})", "nginx") == "error: not valid base64");
    CHECK(users(R"({"auths":{"docker.io":{"identitytoken":"t"}}})", "nginx").find("not supported") != std::string::npos);
}

TEST_CASE("parse_challenges: Bearer beats Basic, quotes may hold commas") {
    const auto challenge =
        parse_challenges({"Basic realm=\"x\"", "Bearer realm=\"https://a/t,1\",service=\"s, \\\"q\\\"\",scope=z"});
    CHECK(challenge.scheme == Challenge::Scheme::bearer);
    CHECK(challenge.realm == "https://a/t,1");
    CHECK(challenge.service == "s, \"q\"");
    CHECK(parse_challenges({"basic"}).scheme == Challenge::Scheme::basic);
    CHECK(parse_challenges({"Digest realm=\"x\"", ""}).scheme == Challenge::Scheme::none);
}

TEST_CASE("shares_credentials: a password stays with its registry and the site it belongs to") {
    CHECK(shares_credentials("r.example", "r.example"));
    CHECK(shares_credentials("registry-1.docker.io", "auth.docker.io"));
    CHECK(shares_credentials("registry.gitlab.com", "gitlab.com"));
    CHECK_FALSE(shares_credentials("registry.gitlab.com", "evilgitlab.com"));
    CHECK_FALSE(shares_credentials("r.example", "other.example"));
    CHECK_FALSE(shares_credentials("10.0.0.1", "10.0.0.2"));
    CHECK_FALSE(shares_credentials("10.0.0.1", "1.0.0.1"));
    CHECK_FALSE(shares_credentials("localhost", "127.0.0.1"));
}
