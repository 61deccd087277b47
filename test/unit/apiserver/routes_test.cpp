#include "rest/routes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

#include "orilla/kinds/registry.hpp"

using namespace orilla;
using namespace orilla::apiserver;

namespace {
constexpr api::Payload stored = api::Payload::none, computed = api::Payload::computed;

/// RESOURCE, SUBRESOURCE and VERB of all that discovery tells of kinds that are stored, or are not.
std::vector<std::array<std::string_view, 3>> told(api::Payload payload) {
    std::vector<std::array<std::string_view, 3>> all;
    for (const api::KindInfo& kind : api::builtin_kinds()) {
        if ((kind.payload == computed) != (payload == computed)) continue;
        for (const std::string_view verb : kind.verbs) all.push_back({kind.resource, "", verb});
        for (const api::SubresourceInfo& part : kind.subresources)
            for (const std::string_view verb : part.verbs) all.push_back({kind.resource, part.name, verb});
    }
    return all;
}

bool answers(const Route& route, const std::array<std::string_view, 3>& what) {
    return (route.resource == "*" || route.resource == what[0]) && route.subresource == what[1] && route.verb == what[2];
}
}  // namespace

TEST_CASE("routes: whatever discovery tells has exactly one") {
    const api::KindRegistry kinds;
    for (const api::Payload payload : {stored, computed})
        for (const auto& what : told(payload)) {
            INFO(what[0] << "/" << what[1] << " " << what[2]);
            const auto fits = [&what](const Route& route) { return answers(route, what); };
            REQUIRE(std::ranges::count_if(routes(payload), fits) == 1);
            CHECK(answers(*find_route(*kinds.find_resource(what[0]), what[1], what[2]), what));
        }
}

TEST_CASE("routes: none is for something that discovery does not tell") {
    for (const api::Payload payload : {stored, computed}) {
        const auto all = told(payload);
        for (const Route& route : routes(payload)) {
            INFO(route.resource << "/" << route.subresource << " " << route.verb);
            const auto fits = [&route](const auto& what) { return answers(route, what); };
            CHECK(std::ranges::any_of(all, fits));
        }
    }
}
