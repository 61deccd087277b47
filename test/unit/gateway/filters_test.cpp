#include "filters.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace orilla;
using namespace orilla::gateway;

namespace {

std::string changed(const HeaderChange& change, std::vector<http::HeaderView> headers) {
    change_headers(change, &headers);
    std::string out;
    for (const auto& header : headers) out += std::string(header.name) + "=" + std::string(header.value) + " ";
    return out;
}

RequestPlace place(std::string_view path, size_t prefix_bytes = 0, std::string_view query = {}) {
    return {"http", "example.com", 80, path, query, prefix_bytes};
}

std::map<std::string, std::string> cors_headers(const Cors& cors, std::string_view method,
                                                std::vector<http::HeaderView> headers) {
    const auto plan = plan_cors(cors, method, headers);
    REQUIRE(plan);
    return {plan->headers.begin(), plan->headers.end()};
}

}  // namespace

TEST_CASE("filters: headers are set, added and removed, without case, but none that frames the message") {
    CHECK(changed({{{"x-a", "1"}}, {}, {}}, {{"X-A", "0"}, {"b", "2"}, {"x-A", "3"}}) == "X-A=1 b=2 ");
    CHECK(changed({{{"x-a", "1"}}, {}, {}}, {{"b", "2"}}) == "b=2 x-a=1 ");
    CHECK(changed({{}, {{"x-a", "1"}}, {}}, {{"X-A", "0"}}) == "X-A=0 x-a=1 ");
    CHECK(changed({{}, {}, {"X-a"}}, {{"x-a", "0"}, {"b", "2"}, {"X-A", "3"}}) == "b=2 ");
    const HeaderChange framing{{{"Content-Length", "9"}, {"host", "x"}}, {{"transfer-encoding", "chunked"}}, {"Connection"}};
    CHECK(changed(framing, {{"content-length", "1"}, {"connection", "close"}}) == "content-length=1 connection=close ");
}

TEST_CASE("filters: the table of replaced prefixes") {
    const struct {
        const char* path;
        size_t prefix;
        const char *value, *target;
    } rows[] = {
        {"/foo/bar", 4, "/xyz", "/xyz/bar"},
        {"/foo/bar", 4, "/xyz/", "/xyz/bar"},
        {"/foo", 4, "/xyz", "/xyz"},
        {"/foo/", 4, "/xyz", "/xyz/"},
        {"/foo/bar", 4, "", "/bar"},
        {"/foo/", 4, "", "/"},
        {"/foo", 4, "", "/"},
        {"/foo/", 4, "/", "/"},
        {"/foo", 4, "/", "/"},
        {"/bar", 0, "/xyz", "/xyz/bar"},
        {"/", 0, "/xyz", "/xyz/"},
        {"/foo//bar", 4, "/x", "/x//bar"},
    };
    for (const auto& row : rows) {
        INFO(row.path << " with " << row.value);
        CHECK(render_changed_target({true, row.value}, place(row.path, row.prefix)) == row.target);
    }
    CHECK(render_changed_target({false, "/all"}, place("/foo/bar", 4, "q=1")) == "/all?q=1");
    CHECK(render_changed_target({false, ""}, place("/foo/bar", 4)) == "/");
}

TEST_CASE("filters: a Location has the port that its scheme, the filter or the listener gives") {
    const auto at = [](std::string_view scheme, uint16_t port) {
        return RequestPlace{scheme, "example.com", port, "/a", "q=1", 0};
    };
    CHECK(render_location({}, at("http", 80)) == "http://example.com/a?q=1");
    CHECK(render_location({}, at("http", 8080)) == "http://example.com:8080/a?q=1");
    CHECK(render_location({}, at("https", 443)) == "https://example.com/a?q=1");
    CHECK(render_location({}, at("https", 8443)) == "https://example.com:8443/a?q=1");
    CHECK(render_location({"https", "", {}, 0, 301}, at("http", 8080)) == "https://example.com/a?q=1");
    CHECK(render_location({"http", "", {}, 0, 301}, at("https", 443)) == "http://example.com/a?q=1");
    CHECK(render_location({"https", "", {}, 8443, 301}, at("http", 80)) == "https://example.com:8443/a?q=1");
    CHECK(render_location({"", "", {}, 443, 301}, at("https", 8443)) == "https://example.com/a?q=1");
    CHECK(render_location({"", "", {}, 80, 301}, at("http", 8080)) == "http://example.com/a?q=1");
    CHECK(render_location({"", "", {}, 443, 301}, at("http", 80)) == "http://example.com:443/a?q=1");
    CHECK(render_location({"", "other.org", PathChange{false, "/b"}, 0, 302}, at("http", 80)) == "http://other.org/b?q=1");
    CHECK(render_location({"", "", PathChange{true, "/new"}, 0, 302}, place("/old/x", 4)) == "http://example.com/new/x");
    // Nobody is led to another host by a path.
    const RequestPlace without_host{"http", "", 80, "//evil.org/x", "", 0};
    CHECK(render_location({}, without_host) == "/evil.org/x");
}

TEST_CASE("filters: shares go by weight") {
    const std::vector<Share> shares{{"a", 1, {}}, {"none", 0, {}}, {"b", 3, {}}};
    std::map<std::string, int> counts;
    for (uint64_t random = 0; random < 400; ++random) ++counts[choose_share(shares, random)->backend];
    CHECK(counts == std::map<std::string, int>{{"a", 100}, {"b", 300}});
    CHECK(choose_share({}, 1) == nullptr);
    CHECK(choose_share({{"a", 0, {}}}, 1) == nullptr);
    CHECK(choose_share({{"a", UINT32_MAX, {}}, {"b", UINT32_MAX, {}}}, UINT32_MAX)->backend == "b");
}

TEST_CASE("filters: a part of the requests is mirrored") {
    int count = 0;
    for (uint64_t random = 0; random < 300; ++random) count += is_mirrored({"m", 1, 3}, random);
    CHECK(count == 100);
    CHECK(is_mirrored({"m", 100, 100}, 99));
    CHECK_FALSE(is_mirrored({"m", 0, 100}, 0));
    CHECK_FALSE(is_mirrored({"m", 1, 0}, 0));
}

TEST_CASE("filters: those of the rule come before those of the share, the first answer counts") {
    Rule rule;
    rule.filters = {RequestHeaders{{{{"a", "1"}}, {}, {}}}, Redirect{"https"}, Respond{500}, Mirror{"m1"}, Mirror{"m2"}};
    const Share share{
        "b", 1, {RequestHeaders{{{{"a", "2"}}, {}, {}}}, Redirect{"http"}, ResponseHeaders{}, Rewrite{"h"}, Cors{}}};
    const FilterPlan plan = plan_filters(rule, &share);
    REQUIRE(plan.request.size() == 2);
    CHECK(plan.request[0]->set.front().second == "1");
    CHECK(plan.response.size() == 1);
    REQUIRE(plan.redirect);
    CHECK(plan.redirect->scheme == "https");
    CHECK(plan.respond == nullptr);
    CHECK(plan.mirrors.size() == 2);
    CHECK((plan.rewrite && plan.cors));
    CHECK(plan_filters(rule, nullptr).request.size() == 1);
}

TEST_CASE("filters: other origins are told what they may") {
    Cors cors;
    cors.allow_origins = {"https://a.com", "https://*.b.com"};
    cors.allow_methods = {"GET", "PUT"};
    cors.allow_headers = {"x-a"};
    cors.expose_headers = {"x-b", "x-c"};
    cors.max_age_s = 60;
    CHECK_FALSE(plan_cors(cors, "GET", {{"host", "x"}}));
    const std::vector<http::HeaderView> asks{
        {"Origin", "https://a.com"}, {"Access-Control-Request-Method", "PUT"}, {"Access-Control-Request-Headers", "x-z"}};
    CHECK(plan_cors(cors, "OPTIONS", asks)->is_preflight);
    CHECK_FALSE(plan_cors(cors, "GET", asks)->is_preflight);
    CHECK_FALSE(plan_cors(cors, "OPTIONS", {{"Origin", "https://a.com"}})->is_preflight);
    using Map = std::map<std::string, std::string>;
    CHECK(cors_headers(cors, "OPTIONS", asks) == Map{{"Access-Control-Allow-Origin", "https://a.com"},
                                                     {"Vary", "Origin"},
                                                     {"Access-Control-Allow-Methods", "GET, PUT"},
                                                     {"Access-Control-Allow-Headers", "x-a"},
                                                     {"Access-Control-Max-Age", "60"}});
    CHECK(cors_headers(cors, "GET", {{"origin", "https://x.y.b.com"}}) ==
          Map{{"Access-Control-Allow-Origin", "https://x.y.b.com"},
              {"Vary", "Origin"},
              {"Access-Control-Expose-Headers", "x-b, x-c"}});
    for (const char* other :
         {"https://b.com", "http://a.com", "https://a.com.evil", "https://evil/.b.com", "https://x@.b.com", "null"})
        CHECK(cors_headers(cors, "GET", {{"origin", other}}).empty());
    // Everything, and everything for who has shown credentials.
    cors.allow_origins = cors.allow_methods = cors.allow_headers = {"*"};
    Map headers = cors_headers(cors, "OPTIONS", asks);
    CHECK(headers["Access-Control-Allow-Origin"] == "*");
    CHECK(headers["Access-Control-Allow-Methods"] == "*");
    CHECK(headers["Access-Control-Allow-Headers"] == "*");
    CHECK_FALSE(headers.contains("Vary"));
    cors.allow_credentials = true;
    headers = cors_headers(cors, "OPTIONS", asks);
    CHECK(headers["Access-Control-Allow-Origin"] == "https://a.com");
    CHECK(headers["Access-Control-Allow-Methods"] == "PUT");
    CHECK(headers["Access-Control-Allow-Headers"] == "x-z");
    CHECK(headers["Access-Control-Allow-Credentials"] == "true");
    CHECK(headers["Vary"] == "Origin");
    CHECK(is_cors_header("access-control-allow-origin"));
    CHECK_FALSE(is_cors_header("access"));
}
