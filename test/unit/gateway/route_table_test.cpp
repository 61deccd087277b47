#include "route_table.hpp"

#include <catch2/catch.hpp>

#include "normal_form.hpp"
#include "routes_builder.hpp"

using namespace orilla;
using namespace orilla::gateway;
using namespace orilla::gateway::test;

namespace {

/// A table, asked as a client asks.
class Site {
  public:
    explicit Site(std::vector<Listener> listeners = {Listener{"ingress/80", 80}}) {
        Change change;
        change.listeners = std::move(listeners);
        table.apply(change);
    }
    Site& with(Route route) {
        Change change;
        change.routes = {std::move(route)};
        for (auto& fault : table.apply(change)) faults.push_back(fault.message);
        return *this;
    }
    Site& without(const std::string& key) {
        Change change;
        change.gone_routes = {key};
        table.apply(change);
        return *this;
    }
    /// The backend, or the status. `request`: "METHOD host/path?query".
    std::string ask(std::string_view request, std::vector<http::HeaderView> headers = {}, uint16_t port = 80) {
        RequestFacts facts;
        facts.port = port;
        return ask(request, headers, facts);
    }
    std::string ask_tls(std::string_view server_name, std::string_view request, uint16_t port = 443) {
        RequestFacts facts;
        facts.port = port;
        facts.is_tls = true;
        facts.server_name = server_name;
        return ask(request, {}, facts);
    }
    std::string ask(std::string_view request, const std::vector<http::HeaderView>& headers, RequestFacts facts) {
        const size_t space = request.find(' ');
        facts.method = request.substr(0, space);
        request.remove_prefix(space + 1);
        const size_t slash = request.find('/'), mark = std::min(request.find('?'), request.size());
        const auto host = normal_host(request.substr(0, slash), buffer);
        const auto path = normal_path(request.substr(slash, mark - slash), &scratch);
        if (!host || !path) return "400";
        facts.host = *host;
        facts.path = *path;
        if (mark < request.size()) facts.query = request.substr(mark + 1);
        facts.headers = headers;
        found = table.find(facts);
        if (found.outcome == RouteFound::Outcome::misdirected) return "421";
        if (found.outcome == RouteFound::Outcome::none) return "404";
        return found.rule->shares.empty() ? "500" : found.rule->shares.front().backend;
    }

    RouteTable table;
    RouteFound found;
    std::vector<std::string> faults;
    HostBuffer buffer;
    std::string scratch;
};

Listener listener(const std::string& key, uint16_t port, const std::string& host,
                  ListenerProtocol protocol = ListenerProtocol::http) {
    return Listener{key, port, protocol, {host}};
}

Route on(Route route, std::vector<std::string> listeners) {
    route.listeners = std::move(listeners);
    return route;
}
Route aged(Route route, int64_t created_s) {
    route.created_s = created_s;
    return route;
}

}  // namespace

TEST_CASE("routes: the table of paths of Ingress") {
    struct Row {
        std::vector<std::string> rules;  ///< "=/foo" is exact; the backend has the rule's text as its name
        std::string path, answer;
    };
    const Row rows[] = {
        {{"/"}, "/anything/at/all", "/"},
        {{"=/foo"}, "/foo", "=/foo"},
        {{"=/foo"}, "/bar", "404"},
        {{"=/foo"}, "/foo/", "404"},
        {{"=/foo/"}, "/foo", "404"},
        {{"=/foo/"}, "/foo/", "=/foo/"},
        {{"/foo"}, "/foo", "/foo"},
        {{"/foo"}, "/foo/", "/foo"},
        {{"/foo/"}, "/foo", "/foo/"},
        {{"/foo/"}, "/foo/", "/foo/"},
        {{"/aaa/bb"}, "/aaa/bbb", "404"},
        {{"/aaa/bbb"}, "/aaa/bbb", "/aaa/bbb"},
        {{"/aaa/bbb/"}, "/aaa/bbb", "/aaa/bbb/"},
        {{"/aaa/bbb"}, "/aaa/bbb/", "/aaa/bbb"},
        {{"/aaa/bbb"}, "/aaa/bbb/ccc", "/aaa/bbb"},
        {{"/aaa/bbb"}, "/aaa/bbbxyz", "404"},
        {{"/", "/aaa"}, "/aaa/ccc", "/aaa"},
        {{"/", "/aaa", "/aaa/bbb"}, "/aaa/bbb", "/aaa/bbb"},
        {{"/", "/aaa", "/aaa/bbb"}, "/aaa/bbbb", "/aaa"},
        {{"/", "/aaa", "/aaa/bbb"}, "/aaa/bbb/ccc", "/aaa/bbb"},
        {{"/", "/aaa", "/aaa/bbb"}, "/ccc", "/"},
        {{"/aaa"}, "/ccc", "404"},
        {{"/foo", "=/foo"}, "/foo", "=/foo"},
        {{"/foo", "=/foo"}, "/foo/bar", "/foo"},
        {{"/Foo"}, "/foo", "404"},
        {{"/foo"}, "/foo?a=/bar", "/foo"},
        {{"/foo"}, "//foo", "/foo"},
        {{"/a/b"}, "/a//b///c", "/a/b"},
        {{"=/a/b"}, "/a//b", "=/a/b"},
        {{"/a//b"}, "/a/b", "/a//b"},
        {{"/foo"}, "/%66oo", "/foo"},
        {{"/%66oo"}, "/foo", "/%66oo"},
        {{"/caf\xc3\xa9"}, "/caf%c3%a9", "/caf\xc3\xa9"},
        {{"/a", "/b"}, "/a/../b", "/b"},
        {{"/a", "/"}, "/a%2Fb", "/"},
    };
    for (const Row& row : rows) {
        Site site;
        std::vector<Rule> rules;
        for (const auto& rule : row.rules)
            rules.push_back(rule.front() == '=' ? rule_to(rule, {match_exact(rule.substr(1))})
                                                : rule_to(rule, {match_prefix(rule)}));
        site.with(route("ingress/a/b", {}, rules));
        INFO(row.rules.front() << " is asked for " << row.path);
        CHECK(site.ask("GET example.com" + row.path) == row.answer);
    }
}

TEST_CASE("routes: a request that is read in two ways has no route") {
    Site site;
    site.with(route("ingress/a/b", {}, {rule_to("all", {})}));
    for (const char* path :
         {"/a%2f..%2fb", "/%2e%2e", "/..", "/a/..;/b", "/a/%2e%2e%5cb", "/a\\b", "/%00", "/%0", "/%zz", "/a b", "/\x7f"})
        CHECK(site.ask(std::string("GET a") + path) == "400");
    CHECK(site.ask("GET a/%2e") == "all");
    CHECK(site.ask("GET a/a%2fb") == "all");
    CHECK(site.ask("GET a@b/") == "400");
    CHECK(site.ask("GET a:b/") == "400");
}

TEST_CASE("routes: hosts of Ingress are exact, or wildcards of one label") {
    Site site;
    const auto to = [](const std::string& backend) { return std::vector<Rule>{rule_to(backend, {match_prefix("/")})}; };
    site.with(route("ingress/a/1", {{"*.foo.com", true}}, to("wild"))).with(route("ingress/a/2", {{"bar.foo.com"}}, to("bar")));
    CHECK(site.ask("GET other.foo.com/") == "wild");
    CHECK(site.ask("GET OTHER.Foo.com:8080/") == "wild");
    CHECK(site.ask("GET bar.foo.com/") == "bar");
    CHECK(site.ask("GET bar.foo.com./") == "bar");
    CHECK(site.ask("GET baz.bar.foo.com/") == "404");
    CHECK(site.ask("GET foo.com/") == "404");
    CHECK(site.ask("GET /") == "404");
    site.with(route("ingress/a/3", {}, to("any")));
    CHECK(site.ask("GET baz.bar.foo.com/") == "any");
    CHECK(site.ask("GET foo.com/") == "any");
    CHECK(site.ask("GET [::1]:80/") == "any");
    CHECK(site.ask("GET bar.foo.com/") == "bar");
}

TEST_CASE("routes: wildcards of the Gateway API stand for any number of labels, the longest is taken") {
    Site site({listener("gateway/a/gw/web", 80, "")});
    const auto to = [](const std::string& key, const std::string& host) {
        return on(route(key, {{host}}, {rule_to(host, {})}), {"gateway/a/gw/web"});
    };
    site.with(to("httproute/a/1", "*.example.com"))
        .with(to("httproute/a/2", "*.b.example.com"))
        .with(to("httproute/a/3", "a.b.example.com"));
    CHECK(site.ask("GET x.example.com/") == "*.example.com");
    CHECK(site.ask("GET x.y.example.com/") == "*.example.com");
    CHECK(site.ask("GET b.example.com/") == "*.example.com");
    CHECK(site.ask("GET x.b.example.com/") == "*.b.example.com");
    CHECK(site.ask("GET a.b.example.com/") == "a.b.example.com");
    CHECK(site.ask("GET example.com/") == "404");
    CHECK(site.ask("GET xexample.com/") == "404");
}

TEST_CASE("routes: hosts of a route and its listener are intersected") {
    const auto both = [](HostPattern a, HostPattern b) {
        const auto found = intersect(a, b);
        CHECK(found == intersect(b, a));
        return found ? found->text : "none";
    };
    CHECK(both({""}, {"a.com"}) == "a.com");
    CHECK(both({""}, {""}) == "");
    CHECK(both({"a.com"}, {"a.com"}) == "a.com");
    CHECK(both({"a.com"}, {"b.com"}) == "none");
    CHECK(both({"*.example.com"}, {"a.b.example.com"}) == "a.b.example.com");
    CHECK(both({"*.example.com", true}, {"a.b.example.com"}) == "none");
    CHECK(both({"*.example.com", true}, {"b.example.com"}) == "b.example.com");
    CHECK(both({"*.example.com"}, {"example.com"}) == "none");
    CHECK(both({"*.example.com"}, {"bexample.com"}) == "none");
    CHECK(both({"*.example.com"}, {"*.example.com"}) == "*.example.com");
    CHECK(intersect({"*.example.com"}, {"*.example.com", true})->is_one_label);
    CHECK(both({"*.example.com"}, {"*.b.example.com"}) == "*.b.example.com");
    CHECK(both({"*.example.com", true}, {"*.b.example.com"}) == "none");
    CHECK(both({"*.com"}, {"*.org"}) == "none");
}

TEST_CASE("routes: matches of one path go by method, headers, query, age, name and place") {
    const Match plain = match_prefix("/a");
    Match method = plain, header = plain, two_headers = plain, query = plain;
    method.method = "GET";
    header.headers = {{"x", "1"}};
    two_headers.headers = {{"X", "1"}, {"y", "2"}, {"x", "ignored"}};
    query.query = {{"q", "1"}};
    Site site;
    site.with(aged(route("r/plain", {}, {rule_to("plain", {plain})}), 1))
        .with(aged(route("r/query", {}, {rule_to("query", {query})}), 2));
    const std::vector<http::HeaderView> one{{"X", "1"}}, two{{"x", "1"}, {"Y", "2"}};
    CHECK(site.ask("GET a/a?q=1", two) == "query");
    CHECK(site.ask("GET a/a?q=2", two) == "plain");
    site.with(aged(route("r/header", {}, {rule_to("header", {header})}), 3));
    CHECK(site.ask("GET a/a?q=1", two) == "header");
    site.with(aged(route("r/two", {}, {rule_to("two", {two_headers})}), 4));
    CHECK(site.ask("GET a/a?q=1", two) == "two");
    CHECK(site.ask("GET a/a?q=1", one) == "header");
    site.with(aged(route("r/method", {}, {rule_to("method", {method})}), 5));
    CHECK(site.ask("GET a/a?q=1", two) == "method");
    CHECK(site.ask("POST a/a?q=1", two) == "two");
    // A longer prefix and an exact path are before all of that.
    site.with(aged(route("r/longer", {}, {rule_to("longer", {match_prefix("/a/b")})}), 6));
    CHECK(site.ask("GET a/a/b?q=1", two) == "longer");
    site.with(aged(route("r/exact", {}, {rule_to("exact", {match_exact("/a/b")})}), 7));
    CHECK(site.ask("GET a/a/b?q=1", two) == "exact");

    Site equal;
    const auto named = [&](const std::string& name, int64_t created_s) {
        Route out = aged(route("r/" + name, {}, {rule_to(name, {plain}), rule_to("second", {plain})}), created_s);
        out.name = name;
        return out;
    };
    equal.with(named("b", 10));
    CHECK(equal.ask("GET a/a") == "b");
    equal.with(named("a", 10));
    CHECK(equal.ask("GET a/a") == "a");
    equal.with(named("c", 9));
    CHECK(equal.ask("GET a/a") == "c");
    equal.without("r/c").without("r/a");
    CHECK(equal.ask("GET a/a") == "b");
}

TEST_CASE("routes: one of several matches, and all parts of it") {
    Match one = match_prefix("/a"), other = match_prefix("/a");
    one.headers = {{"x", "1"}};
    one.method = "PUT";
    other.headers = {{"x", "2"}};
    Site site;
    site.with(route("r/1", {}, {rule_to("it", {one, other})}));
    CHECK(site.ask("PUT a/a", {{"x", "1"}}) == "it");
    CHECK(site.ask("GET a/a", {{"x", "1"}}) == "404");
    CHECK(site.ask("put a/a", {{"x", "1"}}) == "404");
    CHECK(site.ask("GET a/a", {{"x", "2"}}) == "it");
    CHECK(site.ask("GET a/a") == "404");
    // A rule that fits less well answers when the better one's parts do not fit.
    site.with(route("r/2", {}, {rule_to("rest", {match_prefix("/")})}));
    CHECK(site.ask("GET a/a") == "rest");
}

TEST_CASE("routes: headers are joined by commas, parameters decoded and the first one taken") {
    Match header = match_prefix("/h"), query = match_prefix("/q"), pattern = match_prefix("/p");
    header.headers = {{"X-A", "1,2"}};
    query.query = {{"a b", "c&d"}};
    pattern.headers = {{"x", "v[0-9]+,w", true}};
    pattern.query = {{"q", "(on|off)", true}};
    Site site;
    site.with(route("r/1", {}, {rule_to("it", {header, query, pattern})}));
    CHECK(site.ask("GET a/h", {{"x-a", "1"}, {"b", "9"}, {"x-A", "2"}}) == "it");
    CHECK(site.ask("GET a/h", {{"x-a", "1,2"}}) == "it");
    CHECK(site.ask("GET a/h", {{"x-a", "1"}}) == "404");
    CHECK(site.ask("GET a/h", {{"x-a", "1"}, {"x-a", "2"}, {"x-a", "3"}}) == "404");
    CHECK(site.ask("GET a/q?x=1&a+b=c%26d") == "it");
    CHECK(site.ask("GET a/q?%61%20b=c%26d&a+b=2") == "it");
    CHECK(site.ask("GET a/q?a+b=2&a+b=c%26d") == "404");
    CHECK(site.ask("GET a/q?A+b=c%26d") == "404");
    CHECK(site.ask("GET a/q?a+b=c%2") == "404");
    CHECK(site.ask("GET a/q?a+b") == "404");
    CHECK(site.ask("GET a/p?q=on", {{"x", "v12"}, {"x", "w"}}) == "it");
    CHECK(site.ask("GET a/p?q=one", {{"x", "v12"}, {"x", "w"}}) == "404");
    CHECK(site.ask("GET a/p?q=on", {{"x", "v"}, {"x", "w"}}) == "404");
}

TEST_CASE("routes: an expression is between an exact path and a prefix, and one that cannot be read fits nothing") {
    Site site;
    Match bad = match_regex("/a(");
    site.with(route("r/1", {},
                    {rule_to("regex", {match_regex("/a/[0-9]+"), bad}), rule_to("longer", {match_regex("/a/[0-9]+|/zzz/zzz")}),
                     rule_to("exact", {match_exact("/a/1")}), rule_to("prefix", {match_prefix("/a/2")})}));
    CHECK(site.ask("GET a/a/1") == "exact");
    CHECK(site.ask("GET a/a/2") == "longer");
    CHECK(site.ask("GET a/a/2/3") == "prefix");
    CHECK(site.ask("GET a/a(") == "404");
    REQUIRE(site.faults.size() == 1);
    CHECK(site.faults.front().find("match 2 of rule 1: the regular expression is refused: a ( has no )") == 0);
}

TEST_CASE("routes: the default backend answers known hosts without a path that fits, and unknown ones") {
    Site site;
    Route standard = route("ingress/a/default", {}, {rule_to("default", {})});
    standard.is_default = true;
    site.with(standard);
    CHECK(site.ask("GET a.com/x") == "default");
    site.with(route("ingress/a/1", {{"a.com"}}, {rule_to("a", {match_prefix("/a")})}));
    site.with(route("ingress/a/2", {}, {rule_to("any", {match_prefix("/x")})}));
    CHECK(site.ask("GET a.com/a") == "a");
    // Not the rules without a host.
    CHECK(site.ask("GET a.com/x") == "default");
    CHECK(site.ask("GET b.com/x") == "any");
    CHECK(site.ask("GET b.com/y") == "default");
    site.without("ingress/a/default");
    CHECK(site.ask("GET a.com/x") == "404");
    CHECK(site.ask("GET b.com/y") == "404");
    standard.hosts = {{"a.com"}};
    site.with(standard);
    CHECK(site.ask("GET a.com/x") == "default");
    CHECK(site.ask("GET b.com/y") == "404");
}

TEST_CASE("routes: of one Gateway's listeners only the closest has a say") {
    Site site({listener("gateway/a/gw/all", 80, ""), listener("gateway/a/gw/wild", 80, "*.example.com"),
               listener("gateway/a/gw/one", 80, "a.example.com"), listener("gateway/a/gw/other", 8080, ""),
               listener("ingress/80", 80, "")});
    site.with(on(route("httproute/a/all", {}, {rule_to("all", {})}), {"gateway/a/gw/all"}));
    site.with(on(route("httproute/a/wild", {}, {rule_to("wild", {match_prefix("/w")})}), {"gateway/a/gw/wild"}));
    CHECK(site.ask("GET b.org/") == "all");
    CHECK(site.ask("GET b.example.com/w") == "wild");
    CHECK(site.ask("GET b.example.com/") == "404");
    // The closest listener has no route for it: nobody else answers.
    CHECK(site.ask("GET a.example.com/w") == "404");
    CHECK(site.ask("GET b.org/", {}, 8080) == "404");
    CHECK(site.ask("GET b.org/", {}, 81) == "404");
    site.with(
        on(route("httproute/a/late", {{"a.example.com"}}, {rule_to("late", {})}), {"gateway/a/gw/all", "gateway/a/gw/other"}));
    CHECK(site.ask("GET a.example.com/") == "404");
    CHECK(site.ask("GET a.example.com/", {}, 8080) == "late");
    // Another Gateway, or the Ingresses, are not bound by that.
    site.with(on(route("ingress/a/b", {{"a.example.com"}}, {rule_to("ingress", {})}), {"ingress/80"}));
    CHECK(site.ask("GET a.example.com/") == "ingress");
    CHECK(site.ask("GET b.example.com/w") == "wild");
}

TEST_CASE("routes: a host of another listener than the one of SNI is misdirected") {
    const auto https = ListenerProtocol::https;
    Listener strict = listener("gateway/a/gw/c", 443, "c.example.com", https);
    strict.client_authorities = "PEM";
    Site site({listener("gateway/a/gw/a", 443, "a.example.com", https),
               listener("gateway/a/gw/wild", 443, "*.example.com", https), strict, listener("ingress/443", 443, "", https)});
    site.with(on(route("httproute/a/b", {}, {rule_to("it", {})}), {"gateway/a/gw/a", "gateway/a/gw/wild", "gateway/a/gw/c"}));
    CHECK(site.ask_tls("a.example.com", "GET a.example.com/") == "it");
    CHECK(site.ask_tls("b.example.com", "GET x.example.com/") == "it");
    CHECK(site.ask_tls("a.example.com", "GET b.example.com/") == "421");
    CHECK(site.ask_tls("b.example.com", "GET a.example.com/") == "421");
    CHECK(site.ask_tls("", "GET a.example.com/") == "421");
    CHECK(site.ask_tls("a.example.com", "GET other.org/") == "404");
    CHECK(site.ask_tls("c.example.com", "GET c.example.com/") == "it");
    CHECK(site.ask_tls("a.example.com", "GET c.example.com/") == "421");
    site.with(on(route("ingress/a/b", {{"other.org"}, {"c.example.com"}}, {rule_to("ingress", {match_prefix("/i")})}),
                 {"ingress/443"}));
    CHECK(site.ask_tls("other.org", "GET other.org/i") == "ingress");
    CHECK(site.ask_tls("a.example.com", "GET other.org/i") == "ingress");
    // Who has shown a certificate for one of them has shown none of the kind that the other asks for.
    CHECK(site.ask_tls("c.example.com", "GET other.org/i") == "421");
    CHECK(site.ask_tls("other.org", "GET c.example.com/") == "421");
}

TEST_CASE("routes: TLS that goes on is found by its name alone") {
    Site site({listener("gateway/a/gw/tls", 443, "*.example.com", ListenerProtocol::passthrough)});
    site.with(on(route("tlsroute/a/b", {{"a.example.com"}}, {rule_to("a", {})}), {"gateway/a/gw/tls"}));
    const auto found = site.table.find_by_name(443, "a.example.com");
    REQUIRE(found.outcome == RouteFound::Outcome::rule);
    CHECK(found.rule->shares.front().backend == "a");
    CHECK(site.table.find_by_name(443, "b.example.com").outcome == RouteFound::Outcome::none);
    CHECK(site.table.find_listener(443, "b.example.com")->key == "gateway/a/gw/tls");
    CHECK(site.table.find_listener(443, "example.com") == nullptr);
    CHECK(site.table.find_listener(443, "") == nullptr);
    CHECK(site.table.find_listener(80, "a.example.com") == nullptr);
}

TEST_CASE("routes: gRPC by service and method") {
    const auto grpc = [](const std::string& service, const std::string& method, bool is_regex = false) {
        Match out;
        out.is_grpc = true;
        out.grpc_service = {"", service, is_regex};
        out.grpc_method = {"", method, is_regex};
        return out;
    };
    Site site;
    site.with(
        route("grpcroute/a/b", {},
              {rule_to("any", {grpc("", "")}), rule_to("service", {grpc("pkg.Shop", "")}), rule_to("method", {grpc("", "Get")}),
               rule_to("both", {grpc("pkg.Shop", "Get")}), rule_to("regex", {grpc("pkg\\..*", "L.*", true)})}));
    const std::vector<http::HeaderView> type{{"content-type", "application/grpc+proto"}};
    CHECK(site.ask("POST a/pkg.Shop/Get", type) == "both");
    CHECK(site.ask("POST a/pkg.Shop/List", type) == "service");
    CHECK(site.ask("POST a/pkg.Other/Get", type) == "method");
    CHECK(site.ask("POST a/pkg.Other/List", type) == "regex");
    CHECK(site.ask("POST a/org.Other/Put", type) == "any");
    CHECK(site.found.is_grpc);
    CHECK(site.ask("POST a/org.Other/Put/x", type) == "404");
    CHECK(site.ask("POST a/pkg.Shop/Get") == "404");
    CHECK(site.ask("GET a/pkg.Shop/Get", type) == "404");
    CHECK(site.ask("POST a/pkg.Shop/Get", {{"content-type", "application/grpc-web"}}) == "404");
    site.with(route("httproute/a/b", {}, {rule_to("http", {match_exact("/pkg.Shop/Get"), match_prefix("/")})}));
    CHECK(site.ask("POST a/pkg.Shop/Get", type) == "both");
    CHECK(site.ask("POST a/pkg.Other/List", type) == "regex");
    CHECK(site.ask("POST a/pkg.Shop/Get") == "http");
}

TEST_CASE("routes: a prefix says how much of the path it took") {
    Site site;
    site.with(route(
        "r/1", {},
        {rule_to("it", {match_prefix("/a/b/")}), rule_to("root", {match_prefix("/")}), rule_to("e", {match_exact("/e")})}));
    const auto taken = [&](const std::string& path) {
        site.ask("GET a" + path);
        return path.substr(0, site.found.prefix_bytes);
    };
    CHECK(taken("/a/b") == "/a/b");
    CHECK(taken("/a/b/c") == "/a/b");
    CHECK(taken("/a//b//c") == "/a//b");
    CHECK(taken("/x").empty());
    CHECK(taken("/e") == "/e");
}

TEST_CASE("routes: a request keeps its rule while the table changes") {
    Site site;
    site.with(route("r/1", {}, {rule_to("old", {})}));
    REQUIRE(site.ask("GET a/") == "old");
    const RouteFound held = site.found;
    site.with(route("r/1", {}, {rule_to("new", {})}));
    CHECK(site.ask("GET a/") == "new");
    site.without("r/1");
    CHECK(site.ask("GET a/") == "404");
    CHECK(held.rule->shares.front().backend == "old");
    CHECK(site.table.size() == 0);
}

TEST_CASE("routes: listeners come, change and go, also behind their routes") {
    Site site(std::vector<Listener>{});
    site.with(on(route("r/1", {}, {rule_to("it", {})}), {"gateway/a/gw/one", "gateway/a/gw/two"}));
    CHECK(site.ask("GET a.com/") == "404");
    Change change;
    change.listeners = {listener("gateway/a/gw/one", 80, "a.com"), listener("gateway/a/gw/two", 81, "")};
    site.table.apply(change);
    CHECK(site.table.ports() == std::vector<uint16_t>{80, 81});
    CHECK(site.ask("GET a.com/") == "it");
    CHECK(site.ask("GET b.com/") == "404");
    CHECK(site.ask("GET b.com/", {}, 81) == "it");
    change.listeners = {listener("gateway/a/gw/one", 82, "b.com")};
    change.gone_listeners = {"gateway/a/gw/two"};
    site.table.apply(change);
    CHECK(site.table.ports() == std::vector<uint16_t>{82});
    CHECK(site.ask("GET a.com/") == "404");
    CHECK(site.ask("GET b.com/", {}, 82) == "it");
    // One that goes and comes in one change is there.
    change.gone_listeners = {"gateway/a/gw/one"};
    site.table.apply(change);
    CHECK(site.ask("GET b.com/", {}, 82) == "it");
    // The whole of it: what is not named is gone.
    Change whole;
    whole.is_whole = true;
    whole.listeners = {Listener{"ingress/80", 80}};
    whole.routes = {route("r/2", {}, {rule_to("second", {})})};
    site.table.apply(whole);
    CHECK(site.table.ports() == std::vector<uint16_t>{80});
    CHECK(site.table.size() == 1);
    CHECK(site.ask("GET b.com/") == "second");
}

TEST_CASE("routes: a random table answers as one that is searched by the rules' own words") {
    uint32_t state = 7;
    const auto random = [&state](uint32_t below) { return (state = state * 1664525 + 1013904223) / 65536 % below; };
    const std::string elements[] = {"a", "b", "ab"};
    const auto random_path = [&] {
        std::string path;
        for (uint32_t i = random(4); i > 0; --i) path += "/" + elements[random(3)];
        return path.empty() || random(4) == 0 ? path + "/" : path;
    };
    Site site;
    std::vector<std::pair<std::string, bool>> rules;  // the path and whether it is exact
    for (int turn = 0; turn < 60; ++turn) {
        rules.emplace_back(random_path(), random(3) == 0);
        const auto& [path, is_exact] = rules.back();
        const std::string name = std::to_string(rules.size() - 1);
        site.with(aged(route("r/" + name, {}, {rule_to(name, {is_exact ? match_exact(path) : match_prefix(path)})}), turn));
        for (int i = 0; i < 20; ++i) {
            const std::string asked = random_path();
            std::string best = "404";
            size_t best_rank = 0;
            for (size_t at = 0; at < rules.size(); ++at) {
                std::string text = rules[at].first;
                if (!rules[at].second && text.back() == '/') text.pop_back();
                const bool fits = rules[at].second ? asked == text : (asked + "/").substr(0, text.size() + 1) == text + "/";
                const size_t rank = rules[at].second ? 1'000 : text.size() + 1;
                if (fits && rank > best_rank) best = std::to_string(at), best_rank = rank;
            }
            INFO("asked for " << asked << " with " << rules.size() << " rules");
            CHECK(site.ask("GET a" + asked) == best);
        }
    }
}
