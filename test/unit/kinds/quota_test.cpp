#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/quota.hpp"
#include "orilla/kinds/validation.hpp"

using namespace orilla::api;

namespace {

Object quota_object(const std::string& json) {
    auto object = decode_object(orilla::test::builtin(), json);
    INFO((object ? std::string() : object.error().message()) << json);
    REQUIRE(object.has_value());
    apply_defaults(*object);
    return std::move(*object);
}
std::string refusal_of(const orilla::Result<void>& result) {
    if (result) return {};
    const std::string& message = result.error().message();
    return message.substr(message.find(" is invalid: ") + 13);
}
std::string limits_refused(const std::string& item) {
    return refusal_of(validate_create(quota_object(
        R"({"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"default"},"spec":{"limits":[)" + item +
        "]}}")));
}
Object quota_with(const std::string& spec) {
    return quota_object(R"({"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"default"},"spec":{)" +
                        spec + "}}");
}
std::string quota_refused(const std::string& spec) { return refusal_of(validate_create(quota_with(spec))); }
Object pod_with(const std::string& spec, const std::string& more = "") {
    return quota_object(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default")" + more +
                        R"(},"spec":{)" + spec + "}}");
}
constexpr const char* two_containers =
    R"("containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"100m","memory":"64Mi","example.com/gpu":"1"},
    "limits":{"cpu":"200m","memory":"64Mi","example.com/gpu":"1"}}},{"name":"b","image":"i","resources":{"requests":{"cpu":"50m"}}}])";
std::string counted(const std::string& spec, const Object& object, int64_t now_s = 0) {
    const Object quota = quota_with(spec);
    return amounts_text(counted_of(quota.as<ResourceQuota>().spec, charge_of(object, now_s)));
}

}  // namespace

TEST_CASE("LimitRange: what is not said of containers follows from what is") {
    const Object object = quota_object(
        R"({"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l"},"spec":{"limits":[
        {"type":"Container","max":{"cpu":"1"},"min":{"cpu":"100m","memory":"4Mi"},"default":{"ephemeral-storage":"1Gi"}},
        {"type":"Pod","max":{"cpu":"2"}}]}})");
    const auto& limits = object.as<LimitRange>().spec.limits;
    CHECK(amounts_text(limits[0].default_) == "cpu=1,ephemeral-storage=1Gi");
    CHECK(amounts_text(limits[0].default_request) == "cpu=1,ephemeral-storage=1Gi,memory=4Mi");
    CHECK(limits[1].default_.empty());
}

TEST_CASE("LimitRange: one that contradicts itself is not stored") {
    CHECK(limits_refused(R"({"type":"Container","max":{"cpu":"1"},"min":{"cpu":"100m"},"default":{"cpu":"500m"}})") == "");
    CHECK_THAT(limits_refused(R"({"type":"Pod","max":{"cpu":"1"},"min":{"cpu":"2"}})"),
               Catch::StartsWith("spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"));
    const std::string much = limits_refused(
        R"({"type":"Container","max":{"cpu":"1"},"min":{"cpu":"200m"},"default":{"cpu":"2"},"defaultRequest":{"cpu":"3"}})");
    CHECK_THAT(much, Catch::Contains("default request value 3 is greater than max value 1"));
    CHECK_THAT(much, Catch::Contains("default request value 3 is greater than default limit value 2"));
    CHECK_THAT(much, Catch::Contains("default value 2 is greater than max value 1"));
    const std::string little = limits_refused(
        R"({"type":"Container","min":{"cpu":"2"},"default":{"cpu":"1"},"defaultRequest":{"cpu":"1"},"maxLimitRequestRatio":{"cpu":"500m"}})");
    CHECK_THAT(little, Catch::Contains("min value 2 is greater than default request value 1"));
    CHECK_THAT(little, Catch::Contains(
                           "spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than default value 1"));
    CHECK_THAT(little, Catch::Contains("ratio 500m is less than 1"));
    CHECK_THAT(limits_refused(R"({"type":"Pod","max":{"cpu":"2"},"min":{"cpu":"1"},"maxLimitRequestRatio":{"cpu":"3"}})"),
               Catch::Contains("ratio 3 is greater than max/min = 2.000000"));
    CHECK_THAT(
        limits_refused(R"({"type":"Container","default":{"example.com/gpu":"2"},"defaultRequest":{"example.com/gpu":"1"}})"),
        Catch::Contains("default value 2 must equal to defaultRequest value 1 in example.com/gpu"));
    CHECK(limits_refused(R"({"type":"Pod","default":{"cpu":"1"}})") ==
          "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'");
    CHECK(
        limits_refused(R"({"type":"PersistentVolumeClaim"})") ==
        "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided");
    CHECK(limits_refused(R"({"type":"Node"})") ==
          "spec.limits[0].type: Invalid value: \"Node\": must be a standard limit type or fully qualified");
    CHECK(limits_refused(R"({"type":"Pod"},{"type":"Pod"})") == "spec.limits[1].type: Duplicate value: \"Pod\"");
    CHECK_THAT(
        limits_refused(R"({"type":"Container","max":{"pods":"1"}})"),
        Catch::Contains("spec.limits[0].max[pods]: Invalid value: \"pods\": must be a standard resource for containers"));
}

TEST_CASE("ResourceQuota: names, amounts and scopes are checked") {
    CHECK(quota_refused(R"("hard":{"pods":"1","count/deployments.apps":"2","requests.example.com/gpu":"1","hugepages-2Mi":"1Gi",
        "gold.storageclass.storage.k8s.io/requests.storage":"1Gi","requests.cpu":"1m","count/nothing.example.com":"1"})") ==
          "");
    CHECK_THAT(quota_refused(R"("hard":{"pots":"1"})"),
               Catch::Contains("spec.hard[pots]: Invalid value: \"pots\": must be a standard resource for quota"));
    CHECK(quota_refused(R"("hard":{"pods":"-1"})") ==
          "spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0");
    CHECK(quota_refused(R"("hard":{"pods":"1500m"})") == "spec.hard[pods]: Invalid value: \"1500m\": must be an integer");
    CHECK(quota_refused(R"("hard":{"pods":"1"},"scopes":["Sometimes"])") ==
          "spec.scopes: Invalid value: [\"Sometimes\"]: unsupported scope");
    CHECK(quota_refused(R"("hard":{"cpu":"1"},"scopes":["BestEffort"])") ==
          "spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource");
    CHECK(quota_refused(R"("hard":{"pods":"1"},"scopes":["Terminating","NotTerminating"])") ==
          "spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes");
    CHECK(quota_refused(R"("scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In"}]})") ==
          "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or "
          "'NotIn' for scope selector");
    CHECK_THAT(quota_refused(R"("scopeSelector":{"matchExpressions":[{"scopeName":"BestEffort","operator":"DoesNotExist"}]})"),
               Catch::Contains("must be 'Exist' when scope is any of"));
    const Object scoped = quota_with(R"("hard":{"pods":"1"},"scopes":["BestEffort"])");
    CHECK(refusal_of(validate_update(quota_with(R"("hard":{"pods":"2"})"), scoped)) ==
          "spec.scopes: Invalid value: []: field is immutable");
    CHECK(refusal_of(validate_update(quota_with(R"("hard":{"pods":"9"},"scopes":["BestEffort"])"), scoped)) == "");
}

TEST_CASE("QuotaCharge: a pod counts by what runs together, until it has ended") {
    const std::string all =
        R"("hard":{"pods":"1","count/pods":"1","cpu":"1","requests.cpu":"1","limits.cpu":"1","memory":"1","limits.memory":"1",
        "requests.example.com/gpu":"9","services":"1"})";
    Object pod = pod_with(two_containers);
    CHECK(counted(all, pod) ==
          "count/pods=1,cpu=150m,limits.cpu=200m,limits.memory=64Mi,memory=64Mi,pods=1,requests.cpu=150m,requests.example.com/"
          "gpu=1");
    const Object starts = pod_with(
        R"("containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"100m"}}}],
        "initContainers":[{"name":"x","image":"i","resources":{"requests":{"cpu":"300m"}}},
        {"name":"side","image":"i","restartPolicy":"Always","resources":{"requests":{"cpu":"250m"}}},
        {"name":"y","image":"i","resources":{"requests":{"cpu":"10m"}}}])");
    CHECK(counted(R"("hard":{"cpu":"1"})", starts) == "cpu=350m");
    pod.as<Pod>().status.phase = "Succeeded";
    CHECK(counted(all, pod) == "count/pods=1");
}

TEST_CASE("QuotaCharge: a pod that is deleted counts until its time is over") {
    Object pod = pod_with(two_containers, R"(,"deletionTimestamp":"1970-01-01T00:01:40Z","deletionGracePeriodSeconds":30)");
    CHECK(charge_changes_s(pod) == 131);
    CHECK(counted(R"("hard":{"pods":"1"})", pod, 130) == "pods=1");
    CHECK(counted(R"("hard":{"pods":"1"})", pod, 131) == "");
}

TEST_CASE("QuotaCharge: scopes choose pods") {
    const std::string pods = R"("hard":{"pods":"1"},)";
    const Object best = pod_with(R"("containers":[{"name":"a","image":"i"}],"activeDeadlineSeconds":5)");
    const Object classy = pod_with(two_containers + std::string(R"(,"priorityClassName":"high")"));
    CHECK(counted(pods + R"("scopes":["BestEffort","Terminating"])", best) == "pods=1");
    CHECK(counted(pods + R"("scopes":["NotBestEffort"])", best) == "");
    CHECK(counted(pods + R"("scopes":["NotTerminating"])", classy) == "pods=1");
    const auto by_class = [&](const std::string& how) {
        return pods + R"("scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass",)" + how + "}]}";
    };
    CHECK(counted(by_class(R"("operator":"In","values":["high"])"), classy) == "pods=1");
    CHECK(counted(by_class(R"("operator":"In","values":["high"])"), best) == "");
    CHECK(counted(by_class(R"("operator":"NotIn","values":["low"])"), best) == "pods=1");
    CHECK(counted(by_class(R"("operator":"Exists")"), best) == "");
    CHECK(counted(by_class(R"("operator":"DoesNotExist")"), best) == "pods=1");
    const Object far = pod_with(
        two_containers +
        std::string(
            R"(,"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","namespaces":["x"]}]}})"));
    CHECK(counted(pods + R"("scopes":["CrossNamespacePodAffinity"])", far) == "pods=1");
    CHECK(counted(pods + R"("scopes":["CrossNamespacePodAffinity"])", best) == "");
}

TEST_CASE("QuotaCharge: services, claims and what is only counted") {
    const Object service = quota_object(
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":1,"name":"a"},{"port":2,"name":"b"}]}})");
    CHECK(counted(R"("hard":{"services":"1","services.nodeports":"9","services.loadbalancers":"1","count/services":"1"})",
                  service) == "count/services=1,services=1,services.nodeports=2");
    const Object claim = quota_object(
        R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{"storageClassName":"gold","accessModes":["ReadWriteOnce"],
        "resources":{"requests":{"storage":"1Gi"}}},"status":{"allocatedResources":{"storage":"2Gi"}}})");
    CHECK(
        counted(
            R"("hard":{"requests.storage":"9Gi","persistentvolumeclaims":"1","gold.storageclass.storage.k8s.io/requests.storage":"9Gi",
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims":"1","silver.storageclass.storage.k8s.io/requests.storage":"9Gi"})",
            claim) ==
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/requests.storage=2Gi,"
        "persistentvolumeclaims=1,requests.storage=2Gi");
    const Object map = quota_object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}})");
    CHECK(counted(R"("hard":{"configmaps":"1","count/configmaps":"1","pods":"1"})", map) == "configmaps=1,count/configmaps=1");
    CHECK(counted(R"("hard":{"count/configmaps":"1","pods":"1"},"scopes":["NotBestEffort"])", map) == "");
}

TEST_CASE("ResourceQuota: containers have to say what it counts") {
    const Object quota = quota_with(R"("hard":{"pods":"1","cpu":"1","limits.memory":"1","requests.memory":"1"})");
    const Object pod = pod_with(two_containers);
    CHECK(unspecified_amounts(quota.as<ResourceQuota>().spec, pod.as<Pod>().spec) ==
          "limits.memory for: b; requests.memory for: b");
    const Object silent = pod_with(R"("containers":[{"name":"b","image":"i"}],"initContainers":[{"name":"a","image":"i"}])");
    CHECK(unspecified_amounts(quota.as<ResourceQuota>().spec, silent.as<Pod>().spec) ==
          "cpu for: a,b; limits.memory for: a,b; requests.memory for: a,b");
}

TEST_CASE("a pod as a whole: what it says goes before what its containers say, and is filled in from them") {
    const auto whole = [](const std::string& resources, const std::string& own) {
        return pod_with("\"resources\":{" + resources + R"(},"containers":[{"name":"a","image":"i","resources":{)" + own +
                        "}}]");
    };
    const auto text = [](const Object& object) { return amounts_text(pod_requests(object.as<Pod>().spec)); };
    CHECK(text(whole(R"("requests":{"cpu":"1"})", R"("requests":{"cpu":"100m","memory":"1Mi"})")) == "cpu=1,memory=1Mi");
    // With limits: what the containers ask for, else the limit.
    CHECK(text(whole(R"("limits":{"cpu":"2","memory":"64Mi"})", R"("requests":{"cpu":"100m"})")) == "cpu=100m,memory=64Mi");
    CHECK(amounts_text(pod_limits(whole(R"("limits":{"cpu":"2"})", R"("limits":{"cpu":"1"})").as<Pod>().spec)) == "cpu=2");
    CHECK(qos_class(whole(R"("limits":{"cpu":"2","memory":"64Mi"})", "").as<Pod>().spec) == "Guaranteed");
    CHECK(qos_class(whole(R"("requests":{"cpu":"1"})", "").as<Pod>().spec) == "Burstable");
    CHECK(counted(R"("hard":{"requests.cpu":"9","limits.cpu":"9"})", whole(R"("limits":{"cpu":"2"})", "")) ==
          "limits.cpu=2,requests.cpu=2");
    const Object quota = quota_with(R"("hard":{"requests.cpu":"9"})");
    CHECK(unspecified_amounts(quota.as<ResourceQuota>().spec, whole(R"("requests":{"cpu":"1"})", "").as<Pod>().spec).empty());
}

TEST_CASE("a pod that is being resized holds the larger of both, unless that is nowhere to be had") {
    Object object = pod_with(R"("containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"2","memory":"1Mi"}}}])");
    Pod& pod = object.as<Pod>();
    CHECK_FALSE(is_resizing(pod));
    auto& status = pod.status.container_statuses.emplace_back();
    status.name = "a";
    CHECK_FALSE(is_resizing(pod));  // an older daemon's: nobody knows
    status.resources.ensure() = pod.spec.containers[0].resources;
    CHECK_FALSE(is_resizing(pod));
    status.resources->requests["cpu"] = *Quantity::parse("1");
    status.resources->requests["memory"] = *Quantity::parse("4Mi");
    CHECK(is_resizing(pod));
    CHECK(amounts_text(pod_requests(held_spec(pod))) == "cpu=2,memory=4Mi");
    CHECK(counted(R"("hard":{"requests.cpu":"9","requests.memory":"1Gi"})", object) == "requests.cpu=2,requests.memory=4Mi");
    CHECK(amounts_text(pod_requests(granted_spec(pod))) == "cpu=1,memory=4Mi");
    PodCondition& pending = ensure_pod_condition(pod, resize_pending);
    pending.status = "True";
    pending.reason = "Infeasible";
    CHECK(amounts_text(pod_requests(held_spec(pod))) == "cpu=1,memory=4Mi");
}
