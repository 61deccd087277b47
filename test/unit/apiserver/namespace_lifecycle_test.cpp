#include <catch2/catch.hpp>

#include "../../support/admitted_world.hpp"

using namespace orilla;
using orilla::test::AdmittedWorld;

namespace {
api::ConfigMap map_in(std::string_view ns) {
    api::ConfigMap map;
    map.metadata.name = "m";
    map.metadata.namespace_ = api::Str(ns);
    return map;
}
}  // namespace

TEST_CASE("NamespaceLifecycle: nothing is created where there is no namespace, or it ends") {
    AdmittedWorld w;
    const auto missing = w.run(w.objects.create(map_in("nowhere")));
    CHECK(missing.error().code() == Code::not_found);
    CHECK(missing.error().target().kind == "namespaces");
    CHECK(missing.error().target().name == "nowhere");

    api::Namespace ns;
    ns.metadata.name = "team";
    REQUIRE(w.run(w.objects.create(ns)));
    CHECK(w.run(w.objects.create(map_in("team"))));
    REQUIRE(w.run(w.objects.remove<api::Namespace>("", "team")));
    api::ConfigMap late = map_in("team");
    late.metadata.name = "late";
    const auto refused = w.run(w.objects.create(late));
    CHECK(refused.error().code() == Code::forbidden);
    CHECK(refused.error().causes().front().reason == "NamespaceTerminating");
    CHECK(refused.error().target().name == "late");
}

TEST_CASE("NamespaceLifecycle: what every cluster has stays, whoever deletes it") {
    AdmittedWorld w;
    for (const char* name : {"default", "kube-system", "kube-public"})
        CHECK(w.run(w.objects.remove<api::Namespace>("", name)).error().code() == Code::forbidden);
    CHECK(w.run(w.objects.remove<api::Namespace>("", "kube-node-lease")));
}
