#include "resources.hpp"

#include "cli_support.hpp"
#include "served_kinds.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string shown(const std::vector<std::string>& words, const Options& options = {}) {
    auto targets = parse_targets(words, options);
    if (!targets) return targets.error().message();
    std::string out;
    for (const auto& target : *targets)
        out += (out.empty() ? "" : " ") + display_name(*target.kind, target.name) + "@" + target.ns;
    return out;
}

std::string target_verdict(const std::vector<std::string>& words, const Options& options, bool needs_name = false) {
    auto targets = parse_targets(words, options);
    REQUIRE(targets);
    return complaint(check_targets(*targets, options, needs_name));
}
}  // namespace

TEST_CASE("parse_targets: a type by its plural, singular, kind, short name and group") {
    for (const char* name :
         {"deployments", "deployment", "Deployment", "deploy", "deployments.apps", "deploy.apps", "deployments.v1.apps"})
        CHECK(shown({name}) == "deployment.apps/@default");
    CHECK(shown({"po"}) == "pod/@default");
    CHECK(shown({"cm", "a"}) == "configmap/a@default");
    CHECK(shown({"no"}) == "node/@");
    CHECK(shown({"nosuch"}) == "error: the server doesn't have a resource type \"nosuch\"");
    CHECK(shown({"pdos"}) == "error: the server doesn't have a resource type \"pdos\"\n\nDid you mean this?\n\tpods\n");
    CHECK(shown({"Deploymet/x"}).find("\n\tdeployment\n") != std::string::npos);
    CHECK(shown({"gadgets"}) == "error: the server doesn't have a resource type \"gadgets\"");
    CHECK(shown({"deployments.batch"}) == "error: the server doesn't have a resource type \"deployments.batch\"");
}

TEST_CASE("parse_targets: names, pairs and several types") {
    CHECK(shown({"pods", "a", "b"}) == "pod/a@default pod/b@default");
    CHECK(shown({"pod/x", "svc/y"}) == "pod/x@default service/y@default");
    CHECK(shown({"pods,svc"}) == "pod/@default service/@default");
    CHECK(shown({"cm,secret", "a"}) == "configmap/a@default secret/a@default");
    CHECK(shown({"svc,services"}) == "service/@default");
    CHECK(shown({"all"}).find("replicaset.apps/") != std::string::npos);
}

TEST_CASE("parse_targets: the namespace of the flags, and none for cluster-scoped kinds") {
    Options options;
    options.ns = "x";
    CHECK(shown({"pod/a", "node/b"}, options) == "pod/a@x node/b@");
    options.all_namespaces = true;
    CHECK(shown({"pods"}, options) == "pod/@");
}

TEST_CASE("parse_targets: mixed and broken forms are errors") {
    CHECK(shown({"pod/x", "y"}).find("there is no need to specify a resource type as a separate argument") !=
          std::string::npos);
    CHECK(shown({"pod", "pods/x"}).find("there is no need to specify a resource type as a separate argument") !=
          std::string::npos);
    for (const char* broken : {"pods/", "/x", "pod/a/b", "pod,svc/a", "all/x"})
        CHECK(shown({broken}) == "error: arguments in resource/name form must have a single resource and name");
    CHECK(shown({}).starts_with("error: You must provide one or more resources"));
    CHECK(shown({","}).starts_with("error: "));
}

TEST_CASE("check_targets: names, selectors and -A that contradict each other") {
    Options options;
    CHECK(target_verdict({"pods"}, options) == "none");
    CHECK(target_verdict({"pods"}, options, true) == "error: resource(s) were provided, but no name was specified");
    options.selector = "a=b";
    CHECK(target_verdict({"pods"}, options, true) == "none");
    CHECK(target_verdict({"pods", "x"}, options) == "error: name cannot be provided when a selector is specified");
    options.all = true;
    CHECK(target_verdict({"pods"}, options) == "error: setting 'all' parameter but found a non empty selector.");
    Options everywhere;
    everywhere.all_namespaces = true;
    CHECK(target_verdict({"pods", "x"}, everywhere) == "error: a resource cannot be retrieved by name across all namespaces");
    CHECK(target_verdict({"nodes", "x"}, everywhere) == "none");
}

TEST_CASE("path_of: groups, namespaces and names that need escaping") {
    const auto& pods = *served_kinds().find("v1", "Pod");
    const auto& deployments = *served_kinds().find("apps/v1", "Deployment");
    CHECK(path_of(pods, "", "") == "/api/v1/pods");
    CHECK(path_of(pods, "x", "a/b") == "/api/v1/namespaces/x/pods/a%2Fb");
    CHECK(path_of(deployments, "x", "web") == "/apis/apps/v1/namespaces/x/deployments/web");
    CHECK(path_of(*served_kinds().find("v1", "Node"), "x", "n") == "/api/v1/nodes/n");
}

TEST_CASE("list_query: selectors are escaped and joined") {
    Options options;
    CHECK(list_query(options).empty());
    options.selector = "app in (a,b)";
    options.field_selector = "status.phase=Running";
    CHECK(list_query(options, "watch=true") ==
          "?watch=true&labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=status.phase%3DRunning");
}
