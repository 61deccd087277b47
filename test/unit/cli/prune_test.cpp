#include "verbs/prune.hpp"

#include "cli_support.hpp"
#include "orilla/kinds/types.hpp"
#include "print/output.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {

std::string prune_refusal(const Options& options) { return complaint(check_prune(options)); }

std::vector<std::string> kinds_of(const Options& options) {
    std::vector<std::string> names;
    const auto kinds = find_prunable_kinds(options);
    REQUIRE(kinds);
    for (const auto* kind : *kinds) names.emplace_back(kind->kind);
    return names;
}

}  // namespace

TEST_CASE("check_prune: it must be told what it may take") {
    Options options;
    CHECK(prune_refusal(options) == "none");
    options.prune = true;
    CHECK(prune_refusal(options).starts_with("error: all resources selected for prune without explicitly passing --all."));
    options.all = true;
    CHECK(prune_refusal(options) == "none");
    options.selector = "a=b";
    CHECK(prune_refusal(options) == "error: cannot set --all and --selector at the same time");
    options.all = false;
    CHECK(prune_refusal(options) == "none");
    options.prune_allowlist = {"ConfigMap"};
    CHECK(prune_refusal(options) == "error: invalid GroupVersionKind format: ConfigMap, please follow <group/version/kind>");
    options.prune_allowlist = {"apps/v1/Gadget"};
    CHECK(prune_refusal(options).find("no matches for kind \"Gadget\" in version \"apps/v1\"") != std::string::npos);
}

TEST_CASE("find_prunable_kinds: those of kubectl, or those that are named") {
    Options options;
    const auto usual = kinds_of(options);
    CHECK(usual.front() == "ConfigMap");
    CHECK(usual.back() == "PersistentVolume");
    options.ns = "shop";
    CHECK(kinds_of(options).back() == "StatefulSet");
    options.prune_allowlist = {"core/v1/Secret", "batch/v1/Job", "core/v1/PersistentVolume"};
    CHECK(kinds_of(options) == std::vector<std::string>{"Secret", "Job", "PersistentVolume"});
}

TEST_CASE("plan_prune: what was applied and is named no more") {
    Options options;
    const auto manifests =
        parse_manifests(options, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, namespace: shop}\n", "x.yaml");
    REQUIRE(manifests);
    const std::string applied = R"("annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}})";
    const auto list = parse_object(R"({"items":[{"metadata":{"name":"kept","namespace":"shop",)" + applied +
                                   R"(},{"metadata":{"name":"kept","namespace":"other",)" + applied +
                                   R"(},{"metadata":{"name":"old","namespace":"shop",)" + applied +
                                   R"(},{"metadata":{"name":"by-hand","namespace":"shop"}}]})");
    REQUIRE(list);
    const auto& kind = api::kind_of<api::ConfigMap>();
    const std::vector<Target> wanted = {{&kind, "kept", "other", ""}, {&kind, "old", "shop", ""}};
    CHECK(plan_prune(kind, *list, *manifests) == wanted);
    // Of another kind, by the same name.
    CHECK(plan_prune(api::kind_of<api::Secret>(), *list, *manifests).size() == 3);
}
