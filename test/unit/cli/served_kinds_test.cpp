#include "served_kinds.hpp"

#include <poll.h>

#include <boost/json.hpp>

#include "cli_support.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
const auto discovered = boost::json::parse(R"([
  {"metadata":{"name":"example.com"},"versions":[{"version":"v1","freshness":"Current","resources":[
    {"resource":"widgets","responseKind":{"group":"example.com","version":"v1","kind":"Widget"},"scope":"Namespaced",
     "singularResource":"widget","verbs":["get","list"],"shortNames":["wd"],"categories":["all"],
     "subresources":[{"subresource":"scale","responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},"verbs":["get","patch"]},
       8]},
    {"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Cluster","singularResource":"widget","verbs":[]}]}]},
  {"metadata":{},"versions":[{"version":"v1","resources":[
    {"resource":"nodes","responseKind":{"group":"","version":"v1","kind":"Node"},"scope":"Cluster","singularResource":"node",
     "verbs":["get"],"shortNames":["no","box"]}, 7]}]}, "text"])")
                            .as_array();
}  // namespace

TEST_CASE("served kinds: what the server tells counts, also of kinds that are not known here") {
    api::KindRegistry kinds{std::span<const api::KindInfo>()};
    add_discovered(kinds, discovered);
    CHECK(kinds.all().size() == 2);
    const auto* widget = kinds.find_by_any_name("wd");
    REQUIRE(widget);
    CHECK(widget->resource == "widgets.example.com");
    CHECK(widget->api_version == "example.com/v1");
    CHECK(widget->namespaced);
    CHECK(widget->has_verb("list"));
    CHECK_FALSE(widget->rules);
    const auto* scale = widget->find_subresource("scale");
    REQUIRE(scale);
    CHECK(scale->kind == "Scale");
    CHECK(scale->verbs.size() == 2);
    CHECK(kinds.find_category("all").size() == 1);
    CHECK(kinds.find_by_any_name("pods") == nullptr);
}

TEST_CASE("served kinds: a kind that is known here keeps its rules, and takes the server's names") {
    api::KindRegistry kinds{std::span<const api::KindInfo>()};
    add_discovered(kinds, discovered);
    const auto* node = kinds.find_by_any_name("box");
    REQUIRE(node);
    CHECK(node->rules);
    CHECK(node->type->name == "Node");
    CHECK(node->verbs.size() == 1);
    CHECK(node->subresources.empty());  // the server has none
}

TEST_CASE("served kinds: without a server they are those of this program") {
    ask_kinds_of({"/no/such/socket", -1, 0});
    CHECK(served_kinds().all().size() == api::builtin_kinds().size());
}

TEST_CASE("served kinds: what a document of a known kind is, nobody is asked") {
    const Scratch scratch;
    const std::string path = scratch.path("s");
    const UniqueFd listener = listen_at(path);
    ask_kinds_of({path, 50, 0});
    pollfd asked{listener.get(), POLLIN, 0};
    REQUIRE(find_kind("apps/v1", "Deployment"));
    CHECK(poll(&asked, 1, 0) == 0);
    CHECK(find_kind("v9", "Gadget") == nullptr);
    CHECK(poll(&asked, 1, 0) == 1);
    ask_kinds_of({"/no/such/socket", -1, 0});
}
