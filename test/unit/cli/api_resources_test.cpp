#include "cli_support.hpp"
#include "verbs/verbs.hpp"

using namespace orilla::cli;

namespace {
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("render_api_resources: a line a kind") {
    const std::string all = render_api_resources({});
    CHECK(contains(all, "NAME "));
    CHECK(contains(all, "deployments                deploy"));
    CHECK(contains(all, "apps/v1"));
}

TEST_CASE("render_api_resources: chosen by group, scope and verbs") {
    Options options;
    options.output = "name";
    options.namespaced = "false";
    CHECK(render_api_resources(options) ==
          "namespaces\nnodes\npersistentvolumes\ningressclasses.networking.k8s.io\npriorityclasses.scheduling.k8s."
          "io\nstorageclasses.storage.k8s.io\ngatewayclasses.gateway.networking.k8s.io\n"
          "volumesnapshotclasses.snapshot.storage.k8s.io\nvolumesnapshotcontents.snapshot.storage.k8s.io\n"
          "nodes.metrics.k8s.io\n");
    options.namespaced = "true";
    options.api_group = "apps";
    CHECK(contains(render_api_resources(options), "deployments.apps\n"));
    CHECK_FALSE(contains(render_api_resources(options), "pods"));
    options.verbs = {"nosuch"};
    CHECK(render_api_resources(options).empty());
}

TEST_CASE("render_api_resources: wide shows verbs, and headers can go") {
    Options options;
    options.output = "wide";
    CHECK(contains(render_api_resources(options), "VERBS"));
    options.no_headers = true;
    CHECK_FALSE(contains(render_api_resources(options), "VERBS"));
}
