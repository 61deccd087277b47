// The forms of an answer: its headers, `pretty`, YAML, gzip, and lists in pages.
#include <zlib.h>

#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"
#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/schema/manifest.hpp"

using namespace orilla;
using orilla::test::Answer;
using orilla::test::ApiClient;
using orilla::test::ApiWorld;
using orilla::test::merge;
using orilla::test::pods;

namespace {
const std::string settings = "/api/v1/namespaces/default/configmaps";
const std::string yaml_only = "Accept: application/yaml\r\n";
const std::string as_table = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n";
const std::string zipped = "Accept-Encoding: gzip\r\n";

std::string setting(const std::string& name, const std::string& value = "v", const std::string& label = "x") {
    return R"({"metadata":{"name":")" + name + R"(","labels":{"l":")" + label + R"("}},"data":{"k":")" + value + R"("}})";
}

std::string header_of(const Answer& answer, const std::string& name) {
    const size_t at = answer.head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const size_t start = at + name.size() + 4;
    return answer.head.substr(start, answer.head.find("\r\n", start) - start);
}

std::string text_member(const std::string& text, const std::string& name) {
    const size_t at = text.find("\"" + name + "\":\"");
    if (at == std::string::npos) return {};
    const size_t start = at + name.size() + 4;
    return text.substr(start, text.find('"', start) - start);
}

std::string unzip(const std::string& bytes) {
    z_stream stream{};
    REQUIRE(::inflateInit2(&stream, 15 + 16) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    int code = Z_OK;
    while (code == Z_OK) {
        char piece[65536];
        stream.next_out = reinterpret_cast<Bytef*>(piece);
        stream.avail_out = sizeof piece;
        code = ::inflate(&stream, Z_NO_FLUSH);
        out.append(piece, sizeof piece - stream.avail_out);
    }
    ::inflateEnd(&stream);
    CHECK(code == Z_STREAM_END);
    CHECK(stream.avail_in == 0);
    return out;
}

/// The JSON that a YAML text stands for, as compact text.
std::string json_of_yaml(const std::string& yaml) {
    const auto documents = api::read_documents(yaml, "answer");
    INFO(yaml);
    REQUIRE(documents);
    REQUIRE(documents->size() == 1);
    return documents->front().json;
}

std::string without_blanks(const std::string& json) {
    std::string out;
    bool in_string = false, escaped = false;
    for (const char c : json) {
        if (c == '"' && !escaped) in_string = !in_string;
        escaped = c == '\\' && !escaped;
        if (in_string || (c != ' ' && c != '\n')) out += c;
    }
    return out;
}
}  // namespace

TEST_CASE("answers: each has a date, a name of its own, and is not to be kept") {
    ApiWorld w;
    const Answer list = w.client.ask("GET", settings);
    CHECK(header_of(list, "Cache-Control") == "no-cache, private");
    CHECK(header_of(list, "Date").ends_with(" GMT"));
    CHECK(header_of(list, "Audit-Id").size() == 36);
    const Answer missing = w.client.ask("GET", settings + "/none");
    CHECK(header_of(missing, "Audit-Id").size() == 36);
    CHECK(header_of(missing, "Audit-Id") != header_of(list, "Audit-Id"));
    CHECK(header_of(missing, "Cache-Control") == "no-cache, private");
    CHECK(header_of(w.client.ask("GET", "/version", "", "Audit-ID: mine-1\r\n"), "Audit-Id") == "mine-1");
    CHECK(header_of(w.client.ask("GET", "/version", "", "Audit-ID: " + std::string(65, 'a') + "\r\n"), "Audit-Id").size() ==
          36);
    ApiClient broken(w.loop, w.http);
    broken.send("GET", "/", "", "Host: again\r\n");
    CHECK(header_of(ApiClient::parse(broken.receive()), "Audit-Id").size() == 36);
}

TEST_CASE("answers: who comes beyond a bound is told so in a Status, and when to come again") {
    ApiWorld w;
    const http::Response answer = w.handler.render_http_error(429, "too many connections, please try again later");
    CHECK(answer.status == 429);
    CHECK(answer.headers.find("Retry-After: 1\r\n") != std::string::npos);
    CHECK(answer.content().find(R"("reason":"TooManyRequests")") != std::string_view::npos);
}

TEST_CASE("answers: pretty spreads JSON over lines") {
    ApiWorld w;
    w.create(settings, setting("a", R"(x{[,:\"]}\\)"));
    const Answer plain = w.client.ask("GET", settings + "/a");
    for (const char* query : {"?pretty=true", "?pretty=1", "?pretty"}) {
        const Answer pretty = w.client.ask("GET", settings + "/a" + query);
        CHECK(pretty.body.starts_with(
            "{\n  \"kind\": \"ConfigMap\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n    \"name\": \"a\",\n"));
        CHECK(pretty.body.ends_with("\n  \"data\": {\n    \"k\": \"x{[,:\\\"]}\\\\\"\n  }\n}\n"));
    }
    CHECK(w.client.ask("GET", settings + "/a?pretty=false").body == plain.body);
    CHECK(w.client.ask("GET", "/api/v1/namespaces/kube-public/configmaps?pretty=1").body.find("\"items\": []\n}\n") !=
          std::string::npos);
    CHECK(w.client.ask("GET", settings + "/none?pretty=1").has("{\n  \"kind\": \"Status\","));
    CHECK(w.client.ask("GET", settings + "/none?pretty=1").has("  \"metadata\": {},\n"));
    const std::string filler(3'000, 'f');
    for (int i = 0; i < 50; ++i) w.create(settings, setting("m" + std::to_string(i), filler));
    const Answer list = w.client.ask("GET", settings + "?pretty=true");
    CHECK((without_blanks(list.body) == without_blanks(w.client.ask("GET", settings).body)));
    CHECK_FALSE(w.client.ask("GET", settings + "?watch=true&timeoutSeconds=1&pretty=true&resourceVersion=0").has("\n  "));
}

TEST_CASE("answers: YAML for who prefers it, errors and lists alike") {
    ApiWorld w;
    w.create(settings, setting("a", R"(one\ntwo\n)"));
    w.create(settings, setting("b", "yes"));
    const Answer one = w.client.ask("GET", settings + "/a", "", yaml_only);
    CHECK(header_of(one, "Content-Type") == "application/yaml");
    CHECK(one.has("data:\n  k: |\n    one\n    two\n"));
    CHECK(api::decode_object(orilla::test::builtin(), json_of_yaml(one.body)).value() ==
          api::decode_object(orilla::test::builtin(), w.client.ask("GET", settings + "/a").body).value());
    const Answer list = w.client.ask("GET", settings, "", yaml_only);
    CHECK(list.has("kind: ConfigMapList\n"));
    CHECK(list.has("items:\n- apiVersion: v1\n  data:\n    k: |\n      one\n      two\n"));
    CHECK(list.has("    k: \"yes\"\n"));
    const Answer empty = w.client.ask("GET", "/api/v1/namespaces/kube-public/configmaps", "", yaml_only);
    CHECK(empty.has("items: []\n"));
    const Answer missing = w.client.ask("GET", settings + "/none", "", yaml_only);
    CHECK(missing.status == 404);
    CHECK(missing.has("kind: Status\n"));
    CHECK(missing.has("reason: NotFound\n"));
    CHECK(json_of_yaml(missing.body).find(R"("code":404)") != std::string::npos);
    const Answer table = w.client.ask("GET", settings, "", "Accept: application/yaml;as=Table;v=v1;g=meta.k8s.io\r\n");
    CHECK(table.has("kind: Table\n"));
    CHECK(json_of_yaml(table.body).find(R"("cells":["a",1,"0s"])") != std::string::npos);
    CHECK(w.client.ask("GET", "/apis", "", yaml_only).has("kind: APIGroupList\n"));
    CHECK(header_of(w.client.ask("GET", settings, "", "Accept: application/json, application/yaml\r\n"), "Content-Type") ==
          "application/json");
    CHECK(w.client.ask("GET", settings + "?watch=true", "", yaml_only).status == 406);
}

TEST_CASE("answers: a long YAML list arrives whole, in pieces") {
    ApiWorld w;
    for (int i = 0; i < 40; ++i) w.create(settings, setting("m" + std::to_string(i), std::string(3'000, 'f')));
    w.create(settings, setting("large", std::string(100'000, 'l')));
    const std::string yaml = json_of_yaml(w.client.ask("GET", settings, "", yaml_only).body);
    for (const char* part : {R"("name":"large")", R"("name":"m0")", R"("name":"m39")"})
        CHECK(yaml.find(part) != std::string::npos);
    CHECK((yaml.find(std::string(100'000, 'l')) != std::string::npos));
}

TEST_CASE("answers: bodies may be YAML") {
    ApiWorld w;
    const std::string yaml = "Content-Type: application/yaml\r\n";
    const Answer created = w.client.ask("POST", settings, "metadata:\n  name: a\ndata:\n  k: |\n    one\n    two\n", yaml);
    CHECK(created.status == 201);
    CHECK(created.has(R"("data":{"k":"one\ntwo\n"})"));
    CHECK(w.client.ask("PUT", settings + "/a", "# a comment\nmetadata: {name: a}\ndata: {k: 'w'}\n", yaml).has(R"("k":"w")"));
    CHECK(w.client.ask("DELETE", settings + "/a", "propagationPolicy: Background\n", yaml).status == 200);
    CHECK(w.client.ask("POST", settings, "a: [\n", yaml).status == 400);
    CHECK(w.client.ask("POST", settings, "metadata: {name: a}\n---\nmetadata: {name: b}\n", yaml).status == 400);
    CHECK(
        w.client.ask("POST", settings + "?fieldValidation=Strict", "metadata: {name: a}\nfoo: 1\n", yaml).has("unknown field"));
    std::string large = "metadata:\n  name: large\ndata:\n";
    for (int i = 5'000; i > 0; --i) large += "  k" + std::to_string(i) + ": v\n";
    CHECK(w.client.ask("POST", settings, large, yaml).status == 201);
    CHECK(w.client.ask("DELETE", settings + "/large", large, yaml).status == 413);
    CHECK(w.client.ask("POST", settings, setting("t"), "Content-Type: text/plain\r\n").status == 415);
}

TEST_CASE("answers: large ones are gzipped for who asks") {
    ApiWorld w;
    for (int i = 0; i < 40; ++i) w.create(settings, setting("m" + std::to_string(i), std::string(3'000, 'f')));
    const std::string whole = w.client.ask("GET", settings).body;
    const Answer list = w.client.ask("GET", settings, "", zipped);
    CHECK(header_of(list, "Content-Encoding") == "gzip");
    CHECK(list.body.size() < whole.size() / 10);
    CHECK((unzip(list.body) == whole));
    w.create(settings, setting("large", std::string(200'000, 'l')));
    for (const std::string& path : {settings + "/large", settings, std::string("/openapi/v3/api/v1")})
        CHECK((unzip(w.client.ask("GET", path, "", zipped).body) == w.client.ask("GET", path).body));
    const Answer yaml = w.client.ask("GET", settings, "", yaml_only + zipped);
    CHECK((unzip(yaml.body) == w.client.ask("GET", settings, "", yaml_only).body));
    const Answer small = w.client.ask("GET", settings + "?fieldSelector=metadata.name%3Dnone", "", zipped);
    CHECK(header_of(small, "Content-Encoding").empty());
    for (const char* refused :
         {"Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br, deflate\r\n", "Accept-Encoding: identity\r\n"})
        CHECK((w.client.ask("GET", settings, "", refused).body == w.client.ask("GET", settings).body));
    CHECK(header_of(w.client.ask("GET", settings, "", "Accept-Encoding: deflate, gzip;q=0.5\r\n"), "Content-Encoding") ==
          "gzip");
    w.client.send("GET", settings + "?watch=true", "", zipped);
    CHECK(w.client.receive().find("Content-Encoding") == std::string::npos);
}

TEST_CASE("lists in pages: all pages show one revision, and what is still to come") {
    ApiWorld w;
    for (int i = 0; i < 5; ++i) w.create(settings, setting("m" + std::to_string(i)));
    const Answer first = w.client.ask("GET", settings + "?limit=2");
    const std::string revision = text_member(first.body, "resourceVersion");
    CHECK(first.has(R"(,"remainingItemCount":3},"items":[)"));
    CHECK(first.has(R"("name":"m1")"));
    CHECK_FALSE(first.has(R"("name":"m2")"));
    w.client.ask("DELETE", settings + "/m2");
    w.create(settings, setting("m3a"));
    const Answer second = w.client.ask("GET", settings + "?limit=2&continue=" + text_member(first.body, "continue"));
    CHECK(second.has(R"("metadata":{"resourceVersion":")" + revision + R"(","continue":")"));
    CHECK(second.has(R"("name":"m2")"));
    CHECK(second.has(R"("name":"m3")"));
    CHECK(second.has(R"("remainingItemCount":1})"));
    const Answer third = w.client.ask("GET", settings + "?limit=2&continue=" + text_member(second.body, "continue"));
    CHECK(third.has(R"("metadata":{"resourceVersion":")" + revision + R"("},"items":[{)"));
    CHECK(third.has(R"("name":"m4")"));
    CHECK_FALSE(third.has("m3a"));
    const std::string rest = w.client.ask("GET", settings + "?continue=" + text_member(first.body, "continue")).body;
    CHECK(rest.find(R"("name":"m2")") != std::string::npos);
    CHECK(rest.find(R"("name":"m4")") != std::string::npos);
    CHECK_FALSE(w.client.ask("GET", settings + "?limit=5").has("continue"));
    CHECK_FALSE(w.client.ask("GET", settings + "?limit=0").has("continue"));
}

TEST_CASE("lists in pages: a limit counts what is selected, in Tables as well") {
    ApiWorld w;
    for (int i = 0; i < 6; ++i) w.create(settings, setting("m" + std::to_string(i), "v", i % 2 == 0 ? "even" : "odd"));
    const Answer even = w.client.ask("GET", settings + "?limit=2&labelSelector=l%3Deven");
    CHECK(even.has(R"("name":"m0")"));
    CHECK(even.has(R"("name":"m2")"));
    CHECK_FALSE(even.has("remainingItemCount"));
    const Answer last =
        w.client.ask("GET", settings + "?limit=2&labelSelector=l%3Deven&continue=" + text_member(even.body, "continue"));
    CHECK(last.has(R"("name":"m4")"));
    CHECK_FALSE(last.has("continue"));
    const Answer table = w.client.ask("GET", settings + "?limit=4", "", as_table);
    CHECK(table.has(R"("remainingItemCount":2},"columnDefinitions":)"));
    const Answer more =
        w.client.ask("GET", settings + "?limit=4&continue=" + text_member(table.body, "continue"), "", as_table);
    CHECK(more.has(R"("cells":["m4",)"));
    CHECK_FALSE(more.has(R"("cells":["m3",)"));
    const Answer partial = w.client.ask("GET", settings + "?limit=1", "",
                                        "Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io\r\n");
    CHECK(partial.has(R"("remainingItemCount":5},"items":[)"));
}

TEST_CASE("lists in pages: across namespaces") {
    ApiWorld w;
    w.create(settings, setting("b"));
    w.create("/api/v1/namespaces/kube-public/configmaps", setting("a"));
    const Answer first = w.client.ask("GET", "/api/v1/configmaps?limit=1");
    CHECK(first.has(R"("name":"b")"));
    const std::string token = text_member(first.body, "continue");
    CHECK(w.client.ask("GET", "/api/v1/configmaps?limit=1&continue=" + token).has(R"("name":"a")"));
    CHECK(w.client.ask("GET", settings + "?limit=1&continue=" + token).status == 400);
}

TEST_CASE("lists in pages: a token that is too old says so, and how to go on") {
    ApiWorld w;
    for (int i = 0; i < 3; ++i) w.create(settings, setting("m" + std::to_string(i)));
    const std::string token = text_member(w.client.ask("GET", settings + "?limit=1").body, "continue");
    const std::string filler(12'000, 'f');
    for (int i = 0; i < 400; ++i)
        w.client.ask("PATCH", settings + "/m0", R"({"metadata":{"annotations":{"n":")" + filler + std::to_string(i) + R"("}}})",
                     merge);
    const Answer expired = w.client.ask("GET", settings + "?limit=1&continue=" + token);
    CHECK(expired.status == 410);
    CHECK(expired.has(R"("reason":"Expired")"));
    CHECK(expired.has("The provided continue parameter is too old"));
    const std::string fresh = text_member(expired.body, "continue");
    CHECK(w.client.ask("GET", settings + "?limit=1&continue=" + fresh).has(R"("name":"m1")"));
    for (const char* bad : {"abc", "!!", "djE", "djEKMQphCmIKYw"})
        CHECK(w.client.ask("GET", settings + "?continue=" + bad).status == 400);
    CHECK(w.client.ask("GET", settings + "?resourceVersion=5&continue=" + token).status == 400);
    CHECK(w.client.ask("GET", settings + "?resourceVersion=5&resourceVersionMatch=Exact&continue=" + token).status == 422);
}

TEST_CASE("deletecollection deletes a page where it is asked for one") {
    ApiWorld w;
    for (int i = 0; i < 6; ++i) w.create(settings, setting("m" + std::to_string(i), "v", i % 2 == 0 ? "even" : "odd"));
    const Answer first = w.client.ask("DELETE", settings + "?limit=2&labelSelector=l%3Deven");
    CHECK(first.has(R"("name":"m0")"));
    CHECK(first.has(R"("name":"m2")"));
    const std::string token = text_member(first.body, "continue");
    CHECK(w.client.ask("GET", settings + "/m4").status == 200);
    w.create(settings, setting("m8", "v", "even"));
    const Answer second = w.client.ask("DELETE", settings + "?limit=2&labelSelector=l%3Deven&continue=" + token);
    CHECK(second.has(R"("name":"m4")"));
    CHECK_FALSE(second.has("continue"));
    CHECK(w.client.ask("GET", settings + "/m8").status == 200);
    CHECK(w.client.ask("GET", settings + "/m1").status == 200);
    CHECK(w.client.ask("DELETE", settings + "?continue=abc").status == 400);
    CHECK(w.client.ask("DELETE", settings + "?limit=x").status == 400);
    CHECK(w.client.ask("DELETE", settings + "?resourceVersionMatch=Exact").status == 422);
    CHECK(w.client.ask("DELETE", settings + "?limit=1&dryRun=All").has(R"("name":"m1")"));
    CHECK(w.client.ask("GET", settings + "/m1").status == 200);
}
