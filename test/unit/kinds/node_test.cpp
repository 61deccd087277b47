#include <catch2/catch.hpp>

#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/object.hpp"

using namespace orilla;
using namespace orilla::api;

namespace {
Node completed_node(Node node) {
    Object object(std::move(node));
    apply_defaults(object);
    return object.as<Node>();
}
}  // namespace

TEST_CASE("Node: a cordon is a taint, which comes and goes with it") {
    Node node;
    node.metadata.name = "box";
    Taint& own = node.spec.taints.emplace_back();
    own.key = "node.kubernetes.io/unschedulable";
    own.effect = "NoExecute";
    node.spec.unschedulable = true;
    Node now = completed_node(node);
    REQUIRE(now.spec.taints.size() == 2);
    CHECK(now.spec.taints[1].key == "node.kubernetes.io/unschedulable");
    CHECK(now.spec.taints[1].effect == "NoSchedule");
    CHECK(completed_node(now).spec.taints.size() == 2);
    now.spec.unschedulable = false;
    now = completed_node(now);
    REQUIRE(now.spec.taints.size() == 1);
    CHECK(now.spec.taints[0].effect == "NoExecute");
}
