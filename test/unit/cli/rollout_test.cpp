#include "verbs/rollout.hpp"
#include "cli_support.hpp"
#include "served_kinds.hpp"
#include "verbs/logs.hpp"

using namespace orilla;
using namespace orilla::cli;

namespace {
std::string stands(const char* text, const KindRollout& how = deployment_rollout) {
    auto status = how.summarise(object(text));
    return status ? (status->done ? "done: " : "waits: ") + status->text : status.error().message();
}

Revision set(const std::string& revision, const std::string& cause = "") {
    boost::json::object annotations{{"deployment.kubernetes.io/revision", revision}};
    if (!cause.empty()) annotations["kubernetes.io/change-cause"] = cause;
    return deployment_rollout.read_revision(boost::json::object{{"metadata", {{"annotations", annotations}}}});
}
}  // namespace

TEST_CASE("summarise_rollout: each step in kubectl's words") {
    CHECK(stands(R"({"metadata":{"name":"web","generation":2},"status":{"observedGeneration":1}})") ==
          "waits: Waiting for deployment spec update to be observed...\n");
    CHECK(stands(R"({"metadata":{"name":"web"},"spec":{"replicas":3},"status":{"updatedReplicas":1}})") ==
          "waits: Waiting for deployment \"web\" rollout to finish: 1 out of 3 new replicas have been updated...\n");
    CHECK(stands(R"({"metadata":{"name":"web"},"spec":{"replicas":3},"status":{"updatedReplicas":3,"replicas":4}})") ==
          "waits: Waiting for deployment \"web\" rollout to finish: 1 old replicas are pending termination...\n");
    CHECK(
        stands(
            R"({"metadata":{"name":"web"},"spec":{"replicas":3},"status":{"updatedReplicas":3,"replicas":3,"availableReplicas":2}})") ==
        "waits: Waiting for deployment \"web\" rollout to finish: 2 of 3 updated replicas are available...\n");
    CHECK(
        stands(
            R"({"metadata":{"name":"web"},"spec":{"replicas":1},"status":{"updatedReplicas":1,"replicas":1,"availableReplicas":1}})") ==
        "done: deployment \"web\" successfully rolled out\n");
    CHECK(
        stands(
            R"({"metadata":{"name":"web"},"status":{"conditions":[{"type":"Progressing","reason":"ProgressDeadlineExceeded"}]}})") ==
        "error: deployment \"web\" exceeded its progress deadline");
}

TEST_CASE("summarise_rollout: a StatefulSet's steps") {
    const auto is = [](const char* text) { return stands(text, statefulset_rollout); };
    CHECK(is(R"({"spec":{"updateStrategy":{"type":"OnDelete"}}})") ==
          "error: rollout status is only available for RollingUpdate strategy type");
    CHECK(is(R"({"metadata":{"generation":1},"spec":{"updateStrategy":{"type":"RollingUpdate"}}})") ==
          "waits: Waiting for statefulset spec update to be observed...\n");
    CHECK(
        is(R"({"spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate"}},"status":{"observedGeneration":1,"readyReplicas":1}})") ==
        "waits: Waiting for 2 pods to be ready...\n");
    CHECK(is(R"({"spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":1}}},
        "status":{"observedGeneration":1,"readyReplicas":3,"updatedReplicas":1}})") ==
          "waits: Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...\n");
    CHECK(is(R"({"spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":1}}},
        "status":{"observedGeneration":1,"readyReplicas":3,"updatedReplicas":2}})") ==
          "done: partitioned roll out complete: 2 new pods have been updated...\n");
    CHECK(
        is(R"({"spec":{"replicas":1,"updateStrategy":{"type":"RollingUpdate"}},"status":{"observedGeneration":1,"readyReplicas":1,
        "updateRevision":"b","currentRevision":"a"}})") ==
        "waits: waiting for statefulset rolling update to complete 0 pods at revision b...\n");
    CHECK(
        is(R"({"spec":{"replicas":1,"updateStrategy":{"type":"RollingUpdate"}},"status":{"observedGeneration":1,"readyReplicas":1,
        "updateRevision":"b","currentRevision":"b","currentReplicas":1}})") ==
        "done: statefulset rolling update complete 1 pods at revision b...\n");
}

TEST_CASE("read_revision: the template that a ControllerRevision puts back") {
    const Revision kept = statefulset_rollout.read_revision(object(
        R"({"metadata":{"annotations":{"kubernetes.io/change-cause":"why"}},"revision":4,"data":{"spec":{"template":{"$patch":"replace","spec":{"x":1}}}}})"));
    CHECK(kept.number == 4);
    CHECK(kept.cause == "why");
    CHECK(boost::json::serialize(kept.pod_template) == R"({"spec":{"x":1}})");
}

TEST_CASE("find_revision: by number, or the one before the last") {
    const std::string none = deployment_rollout.no_history("web");
    const std::vector<Revision> history{set("1"), set("3"), set("4")};
    CHECK((*find_revision(history, 0, none))->number == 3);
    CHECK((*find_revision(history, 1, none))->number == 1);
    CHECK(complaint(find_revision(history, 2, none)) == "error: unable to find specified revision 2 in history");
    CHECK(complaint(find_revision({set("1")}, 0, none)) == "error: no rollout history found for deployment \"web\"");
}

TEST_CASE("render_history: revisions and why") {
    CHECK(render_history({set("1"), set("12", "kubectl set image")}) ==
          "REVISION  CHANGE-CAUSE\n1         <none>\n12        kubectl set image\n");
}

TEST_CASE("refuse_kind: a kind without rollouts") {
    const auto& service = *served_kinds().find("v1", "Service");
    CHECK_FALSE(has_rollout(service, "status"));
    CHECK_FALSE(has_rollout(*served_kinds().find("apps/v1", "ReplicaSet"), "restart"));
    CHECK(refuse_kind("status", service, "web").message() == "error: no status viewer has been implemented for Service");
    CHECK(refuse_kind("restart", service, "web").message() == "error: services \"web\" restarting is not supported");
    CHECK(refuse_kind("pause", service, "web").message() == "error: services \"web\" pausing is not supported");
}

TEST_CASE("find_rollout: a kind of the same name in another group is another kind") {
    api::KindInfo found = *served_kinds().find("apps/v1", "Deployment");
    CHECK(has_rollout(found, "pause"));
    found.added = nullptr;
    found.version = "v2";
    CHECK(find_rollout(found) == &deployment_rollout);
    found.group = "example.org";
    CHECK(find_rollout(found) == nullptr);
    CHECK_FALSE(has_rollout(found, "status"));
}

TEST_CASE("selects_pods: what makes pods and selects them, and a Service") {
    for (const char* name : {"deployments", "replicasets", "services"})
        CHECK(selects_pods(*served_kinds().find_by_any_name(name)));
    for (const char* name : {"pods", "configmaps", "endpointslices"})
        CHECK_FALSE(selects_pods(*served_kinds().find_by_any_name(name)));
}
