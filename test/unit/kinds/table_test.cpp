#include "orilla/kinds/table.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"

using namespace orilla::api;

namespace {

constexpr int64_t now = 1'700'000'000;

std::string row_of(const Object& object) {
    std::string text;
    std::vector<Cell> row = render_row(object, now);
    CHECK(row.size() == object.kind().columns.size());
    for (const Cell& cell : row) text += (text.empty() ? "" : "|") + cell.to_string();
    return text;
}

Object object_of(std::string_view json) {
    auto object = decode_object(orilla::test::builtin(), json);
    REQUIRE(object.has_value());
    return std::move(*object);
}

/// The STATUS of a pod with one container and the given status.
std::string status_of(std::string_view status, std::string_view meta = "", std::string_view spec = "") {
    std::string json = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p")" + std::string(meta) + R"(},"spec":{)" +
                       std::string(spec) + R"("containers":[{"name":"c","image":"i"}]},"status":)" + std::string(status) + "}";
    return summarise_pod_status(object_of(json).as<Pod>());
}

}  // namespace

TEST_CASE("table: a running pod") {
    Object pod = object_of(
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","creationTimestamp":"2023-11-14T22:08:20Z"},
        "spec":{"nodeName":"box","containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]},
        "status":{"phase":"Running","podIP":"10.42.0.5","podIPs":[{"ip":"10.42.0.5"}],"containerStatuses":[
         {"name":"a","ready":true,"restartCount":2,"image":"i","imageID":"","state":{"running":{}},
          "lastState":{"terminated":{"exitCode":1,"finishedAt":"2023-11-14T22:10:20Z"}}},
         {"name":"b","ready":false,"restartCount":1,"image":"i","imageID":"","state":{"running":{}}}]}})");
    CHECK(row_of(pod) == "web|1/2|Running|3 (3m ago)|5m|10.42.0.5|box|<none>|<none>");
}

TEST_CASE("table: the STATUS of a pod follows its containers") {
    CHECK(status_of(R"({"phase":"Pending"})") == "Pending");
    CHECK(status_of(R"({"phase":"Failed","reason":"Evicted"})") == "Evicted");
    CHECK(status_of(
              R"({"phase":"Running","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})") ==
          "CrashLoopBackOff");
    CHECK(status_of(
              R"({"phase":"Pending","containerStatuses":[{"name":"c","state":{"waiting":{"reason":"ImagePullBackOff"}}}]})") ==
          "ImagePullBackOff");
    CHECK(
        status_of(
            R"({"phase":"Succeeded","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]})") ==
        "Completed");
    CHECK(status_of(R"({"phase":"Failed","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":3}}}]})") ==
          "ExitCode:3");
    CHECK(status_of(
              R"({"phase":"Failed","containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":137,"signal":9}}}]})") ==
          "Signal:9");
    CHECK(status_of(R"({"phase":"Running","conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[
        {"name":"c","state":{"terminated":{"exitCode":0,"reason":"Completed"}}},{"name":"d","ready":true,"state":{"running":{}}}]})") ==
          "NotReady");
    CHECK(status_of(
              R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]})") ==
          "SchedulingGated");
}

TEST_CASE("table: the STATUS of a pod that initialises or goes") {
    const char* init = R"("initContainers":[{"name":"i","image":"x"},{"name":"j","image":"x"}],)";
    CHECK(status_of(R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]})", "", init) ==
          "Init:0/2");
    CHECK(status_of(R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},
        {"name":"j","state":{"waiting":{"reason":"PodInitializing"}}}]})",
                    "", init) == "Init:1/2");
    CHECK(status_of(
              R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})",
              "", init) == "Init:CrashLoopBackOff");
    CHECK(
        status_of(
            R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":2,"reason":"Error"}}}]})",
            "", init) == "Init:Error");
    CHECK(status_of(R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":2}}}]})", "",
                    init) == "Init:ExitCode:2");
    CHECK(status_of(R"({"phase":"Running"})", R"(,"deletionTimestamp":"2023-11-14T22:10:20Z")") == "Terminating");
    CHECK(status_of(R"({"phase":"Running","reason":"NodeLost"})", R"(,"deletionTimestamp":"2023-11-14T22:10:20Z")") ==
          "Unknown");
}

TEST_CASE("table: rows of the other kinds") {
    CHECK(row_of(object_of(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,
        "selector":{"matchLabels":{"app":"web"}},"template":{"spec":{"containers":[{"name":"a","image":"x:1"},{"name":"b","image":"y"}]}}},
        "status":{"readyReplicas":1,"updatedReplicas":2,"availableReplicas":1}})")) ==
          "web|1/2|2|1|<unknown>|a,b|x:1,y|app=web");
    CHECK(row_of(object_of(R"({"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"replicas":2,
        "template":{"spec":{"containers":[{"name":"a","image":"x:1"}]}}},"status":{"readyReplicas":1}})")) ==
          "db|1/2|<unknown>|a|x:1");
    CHECK(row_of(object_of(R"({"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"r","ownerReferences":[
        {"apiVersion":"apps/v1","kind":"StatefulSet","name":"db","uid":"u","controller":true}]},"data":{},"revision":3})")) ==
          "r|statefulset.apps/db|3|<unknown>");
    CHECK(row_of(object_of(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"type":"NodePort",
        "clusterIP":"10.43.0.9","clusterIPs":["10.43.0.9"],"ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},{"port":53,"protocol":"UDP"}],
        "selector":{"app":"web"}}})")) == "web|NodePort|10.43.0.9|<none>|80:30080/TCP,53/UDP|<unknown>|app=web");
    CHECK(
        row_of(
            object_of(
                R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"box","labels":{"node-role.kubernetes.io/control-plane":""}},
        "spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"1.2.3.4"}],
        "nodeInfo":{"kubeletVersion":"v1.33.0"}}})"))
            .starts_with("box|Ready,SchedulingDisabled|control-plane|<unknown>|v1.33.0|1.2.3.4|<none>|<unknown>|<"
                         "unknown>|<unknown>"));
    CHECK(row_of(object_of(
              R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"web"},
        "reason":"Pulled","type":"Normal","message":" ready \n","lastTimestamp":"2023-11-14T22:13:10Z","source":{"component":"kubelet"}})")) ==
          "10s|Normal|Pulled|pod/web||kubelet|ready|<unknown>|1|e");
    CHECK(row_of(object_of(
              R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"s"},"addressType":"IPv4",
        "ports":[{"port":80}],"endpoints":[{"addresses":["1.1.1.1"]},{"addresses":["1.1.1.2"]},{"addresses":["1.1.1.3"]},{"addresses":["1.1.1.4"]}]})")) ==
          "s|IPv4|80|1.1.1.1,1.1.1.2,1.1.1.3 + 1 more...|<unknown>");
    CHECK(
        row_of(object_of(
            R"({"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"s"},"subsets":[{"addresses":[{"ip":"1.1.1.1"}],"ports":[{"port":80}]}]})")) ==
        "s|1.1.1.1:80|<unknown>");
    CHECK(row_of(object_of(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1","b":"2"}})")) ==
          "c|2|<unknown>");
    CHECK(row_of(object_of(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"c"},"type":"Opaque"})")) ==
          "c|Opaque|0|<unknown>");
    CHECK(row_of(object_of(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"c"},"status":{"phase":"Active"}})")) ==
          "c|Active|<unknown>");
    CHECK(
        row_of(object_of(
            R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"me"}})")) ==
        "l|me|<unknown>");
    CHECK(row_of(object_of(
              R"({"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"r"},"spec":{"replicas":1,"selector":{}}})")) ==
          "r|1|0|0|<unknown>|||<none>");
}

TEST_CASE("table: the document around the rows") {
    Object object = object_of(
        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","labels":{"a":"b"}},"status":{"phase":"Active"}})");
    std::string out;
    TableHead head;
    head.resource_version = "7";
    append_table_head(out, object.kind(), head);
    append_table_row(out, object, "5", IncludeObject::metadata, now);
    append_table_tail(out);
    CHECK(out.starts_with(
        R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7"},"columnDefinitions":[{"name":"Name")"));
    CHECK(
        out.find(
            R"({"cells":["n","Active","<unknown>"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{)") !=
        std::string::npos);
    CHECK(out.find(R"("resourceVersion":"5")") != std::string::npos);
    out.clear();
    append_table_row(out, object, "", IncludeObject::none, now);
    CHECK(out == R"({"cells":["n","Active","<unknown>"],"object":null})");
}
