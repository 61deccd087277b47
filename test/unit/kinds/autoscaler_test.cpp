// HorizontalPodAutoscalers: what is filled in, what is refused, and the two versions.
#include <catch2/catch.hpp>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/validation.hpp"
#include "orilla/kinds/versions.hpp"

using namespace orilla;
using namespace orilla::api;

namespace {

Object read(const char* json) { return decode_object(KindRegistry(), json).value(); }

/// With a target and a greatest number, and `more` behind.
Object autoscaler(const std::string& more) {
    const std::string json = R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web",
        "namespace":"default"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},)" +
                             more + "}}";
    Object object = read(json.c_str());
    apply_defaults(object);
    return object;
}

std::string autoscaler_refusal(const std::string& more) {
    const auto checked = validate_create(autoscaler(more));
    return checked ? "" : checked.error().message();
}

const KindInfo& v1() { return *KindRegistry().find("autoscaling/v1", "HorizontalPodAutoscaler"); }

}  // namespace

TEST_CASE("autoscaler: cpu by default, and a behaviour that says something is completed") {
    const Object plain = autoscaler(R"("maxReplicas":3)");
    const auto& spec = plain.as<HorizontalPodAutoscaler>().spec;
    CHECK(*spec.min_replicas == 1);
    REQUIRE(spec.metrics.size() == 1);
    CHECK(*spec.metrics[0].resource->target.average_utilization == 80);
    CHECK_FALSE(spec.behavior);
    const Object with = autoscaler(R"("maxReplicas":3,"behavior":{"scaleDown":{"stabilizationWindowSeconds":60}})");
    const auto& behavior = *with.as<HorizontalPodAutoscaler>().spec.behavior;
    CHECK(encode(*behavior.scale_up) ==
          R"({"stabilizationWindowSeconds":0,"selectPolicy":"Max","policies":[{"type":"Pods","value":4,"periodSeconds":15},)"
          R"({"type":"Percent","value":100,"periodSeconds":15}]})");
    CHECK(
        encode(*behavior.scale_down) ==
        R"({"stabilizationWindowSeconds":60,"selectPolicy":"Max","policies":[{"type":"Percent","value":100,"periodSeconds":15}]})");
}

TEST_CASE("autoscaler: what is refused, in Kubernetes' words") {
    CHECK(autoscaler_refusal(R"("maxReplicas":3)").empty());
    const std::pair<const char*, const char*> refused[] = {
        {R"("minReplicas":0,"maxReplicas":3)", "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"},
        {R"("maxReplicas":0)", "spec.maxReplicas: Invalid value: 0: must be greater than 0"},
        {R"("minReplicas":4,"maxReplicas":3)",
         "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"},
        {R"("maxReplicas":3,"metrics":[{"type":"Resource"}])",
         "spec.metrics[0].resource: Required value: must populate information for the given metric source"},
        {R"("maxReplicas":3,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}}])",
         "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target"},
        {R"("maxReplicas":3,"metrics":[{"type":"Pods","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":5}}}])",
         "spec.metrics[0].resource: Forbidden: must populate the given metric source only"},
        {R"("maxReplicas":3,"metrics":[{"type":"Other"}])", "spec.metrics[0].type: Unsupported value: \"Other\""},
        {R"("maxReplicas":3,"behavior":{"scaleUp":{"stabilizationWindowSeconds":3601}})",
         "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600"},
        {R"("maxReplicas":3,"behavior":{"scaleUp":{"policies":[{"type":"Pods","value":0,"periodSeconds":1801}]}})",
         "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero"}};
    for (const auto& [spec, words] : refused) {
        INFO(autoscaler_refusal(spec));
        CHECK(autoscaler_refusal(spec).find(words) != std::string::npos);
    }
}

TEST_CASE("autoscaler: the row tells two metrics, and how many more there are") {
    const auto targets = [](const Object& object) { return render_row(object, 0)[2].text; };
    CHECK(targets(autoscaler(R"("maxReplicas":3)")) == "cpu: <unknown>/80%");
    Object object = autoscaler(R"("maxReplicas":3,"metrics":[
        {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
        {"type":"ContainerResource","containerResource":{"name":"memory","container":"main","target":{"type":"AverageValue","averageValue":"1Gi"}}},
        {"type":"External","external":{"metric":{"name":"queue"},"target":{"type":"AverageValue","averageValue":"5"}}}])");
    auto& status = object.as<HorizontalPodAutoscaler>().status;
    status.current_metrics.push_back({});
    status.current_metrics[0].resource.ensure().current.average_utilization = 12;
    CHECK(targets(object) == "cpu: 12%/50%, memory: <unknown>/1Gi + 1 more...");
}

TEST_CASE("autoscaler: autoscaling/v1 has a percentage, and the rest in annotations") {
    const Object stored =
        autoscaler(R"("maxReplicas":9,"minReplicas":3,"behavior":{"scaleDown":{"selectPolicy":"Disabled"}},"metrics":[
        {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}},
        {"type":"Pods","pods":{"metric":{"name":"queue"},"target":{"type":"AverageValue","averageValue":"5"}}},
        {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}])");
    CHECK(is_converted(v1()));
    CHECK(&stored_version(v1()) == &stored.kind());
    const Object shown = to_version(stored, v1());
    const auto& old = shown.as<HorizontalPodAutoscalerV1>();
    CHECK(*old.spec.target_cpu_utilization_percentage == 50);
    CHECK(*old.spec.min_replicas == 3);
    const auto note = [&old](const char* name) {
        return old.metadata.annotations.get("autoscaling.alpha.kubernetes.io/" + std::string(name))->str();
    };
    CHECK(note("metrics") == R"([{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}},)"
                             R"({"type":"Pods","pods":{"metricName":"queue","targetAverageValue":"5"}}])");
    CHECK(note("behavior").find(R"("ScaleDown":{"SelectPolicy":"Disabled","Policies":[{"Type":"Percent","Value":100,)") !=
          std::string::npos);
    const Object back = to_stored(shown.clone());
    CHECK(back == stored);
}

TEST_CASE("autoscaler: what autoscaling/v1 shows of a status") {
    Object stored = autoscaler(R"("maxReplicas":9)");
    auto& status = stored.as<HorizontalPodAutoscaler>().status;
    status.current_replicas = 2;
    status.desired_replicas = 3;
    status.current_metrics.push_back({});
    status.current_metrics[0].type = "Resource";
    status.current_metrics[0].resource.ensure().name = "cpu";
    status.current_metrics[0].resource->current.average_utilization = 12;
    status.current_metrics[0].resource->current.average_value = Quantity::from_milli(25);
    status.conditions.push_back({});
    status.conditions[0].type = "AbleToScale";
    status.conditions[0].status = "True";
    const Object shown = to_version(stored, v1());
    const auto& old = shown.as<HorizontalPodAutoscalerV1>();
    CHECK(*old.status.current_cpu_utilization_percentage == 12);
    CHECK(old.status.desired_replicas == 3);
    CHECK(*old.metadata.annotations.get("autoscaling.alpha.kubernetes.io/current-metrics") ==
          R"([{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":12,"currentAverageValue":"25m"}}])");
    CHECK(to_stored(shown.clone()) == stored);
    CHECK(render_row(shown, 0)[2].text == "cpu: 12%/80%");
}

TEST_CASE("autoscaler: annotations that nobody can read are no metrics") {
    Object shown = read(R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"web",
        "annotations":{"autoscaling.alpha.kubernetes.io/metrics":"[{","autoscaling.alpha.kubernetes.io/behavior":"{\"a\\\"",
        "kept":"yes"}},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"maxReplicas":3}})");
    const Object stored = to_stored(std::move(shown));
    const auto& hpa = stored.as<HorizontalPodAutoscaler>();
    CHECK(hpa.spec.metrics.empty());
    CHECK_FALSE(hpa.spec.behavior);
    CHECK(hpa.metadata.annotations.size() == 1);
}
