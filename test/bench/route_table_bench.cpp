// What finding a route costs with 5 and with 500 of them, on hosts of their own and on one host, and what a change of one
// costs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "normal_form.hpp"
#include "route_table.hpp"

using namespace orilla;
using namespace orilla::gateway;

namespace {

double now_ns() {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Route route_of(int number, bool has_own_host, int version = 0) {
    Route route;
    route.key = route.name = "ingress/default/" + std::to_string(number);
    route.listeners = {"ingress/80"};
    route.hosts = {{has_own_host ? "app-" + std::to_string(number) + ".example.com" : "www.example.com"}};
    route.created_s = version;
    for (const char* path : {"/", "/api/v1", "/static"}) {
        Match match;
        match.path = {PathMatch::Type::prefix, has_own_host ? path : "/app-" + std::to_string(number) + path};
        Rule rule;
        rule.matches = {match};
        rule.shares = {Share{"default/app-" + std::to_string(number) + ":80"}};
        route.rules.push_back(rule);
    }
    return route;
}

struct Wish {
    std::string host, path;
};

/// Nanoseconds of one lookup with all that is made of a request before it.
double lookup_ns(const RouteTable& table, const std::vector<Wish>& wishes, size_t& found) {
    constexpr int rounds = 200, each = 2'000;
    const std::vector<http::HeaderView> headers{{"Host", "x"}, {"User-Agent", "bench"}, {"Accept", "*/*"}, {"Cookie", "a=b"}};
    std::vector<double> times;
    HostBuffer buffer;
    std::string scratch;
    for (int round = 0; round < rounds; ++round) {
        const double begin = now_ns();
        for (size_t i = 0; i < each; ++i) {
            const Wish& wish = wishes[(i * 7919 + static_cast<size_t>(round)) % wishes.size()];
            RequestFacts facts;
            facts.port = 80;
            facts.host = *normal_host(wish.host, buffer);
            facts.method = "GET";
            facts.path = *normal_path(wish.path, &scratch);
            facts.headers = headers;
            found += table.find(facts).outcome == RouteFound::Outcome::rule;
        }
        times.push_back((now_ns() - begin) / each);
    }
    return median(times);
}

void measure(int routes, bool has_own_host) {
    RouteTable table;
    Change all;
    all.is_whole = true;
    all.listeners = {Listener{"ingress/80", 80}};
    for (int i = 0; i < routes; ++i) all.routes.push_back(route_of(i, has_own_host));
    double begin = now_ns();
    table.apply(all);
    const double whole_us = (now_ns() - begin) / 1e3;
    std::vector<Wish> wishes;
    for (int i = 0; i < routes; ++i) {
        const Route route = route_of(i, has_own_host);
        wishes.push_back({route.hosts[0].text, route.rules[static_cast<size_t>(i) % 3].matches[0].path.value + "/a/page.html"});
    }
    size_t found = 0;
    const double ns = lookup_ns(table, wishes, found);
    std::vector<double> changes;
    for (int i = 0; i < 200; ++i) {
        Change change;
        change.routes = {route_of(i * 37 % routes, has_own_host, i + 1)};
        begin = now_ns();
        table.apply(change);
        changes.push_back((now_ns() - begin) / 1e3);
    }
    std::printf("%4d routes on %s: lookup %.0f ns, change of one %.0f us (longest %.0f us), all of them %.0f us%s\n", routes,
                has_own_host ? "hosts of their own" : "one host", ns, median(changes),
                *std::max_element(changes.begin(), changes.end()), whole_us, found == 400'000 ? "" : ", SOME NOT FOUND");
}

}  // namespace

int main() {
    for (const bool has_own_host : {true, false})
        for (const int routes : {5, 500}) measure(routes, has_own_host);
}
