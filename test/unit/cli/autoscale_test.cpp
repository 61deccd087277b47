#include "verbs/autoscale.hpp"

#include "cli_support.hpp"
#include "describe/description.hpp"
#include "orilla/kinds/types.hpp"

using namespace orilla::cli;
namespace api = orilla::api;

namespace {
const Target web{&api::kind_of<api::Deployment>(), "web", "default", ""};

std::string autoscale_refusal(const Options& options) { return complaint(make_autoscaler(options, web)); }
}  // namespace

TEST_CASE("autoscale: a few flags are an autoscaler of autoscaling/v2") {
    Options options;
    options.max_replicas = 10;
    CHECK(*make_autoscaler(options, web) == object(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
        "metadata":{"name":"web"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
        "maxReplicas":10}})"));
    options.min_replicas = 3;
    options.cpu = "80%";
    options.memory = "200Mi";
    options.name = "other";
    options.ns = "shop";
    CHECK(*make_autoscaler(options, web) == object(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
        "metadata":{"name":"other","namespace":"shop"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment",
        "name":"web"},"minReplicas":3,"maxReplicas":10,"metrics":[
        {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},
        {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"200Mi"}}}]}})"));
}

TEST_CASE("autoscale: refuses what cannot be") {
    Options options;
    CHECK(autoscale_refusal(options) == "error: --max=MAXPODS is required and must be at least 1, max: 0");
    options.max_replicas = 2;
    options.min_replicas = 3;
    CHECK(autoscale_refusal(options) == "error: --max=MAXPODS must be larger or equal to --min=MINPODS, max: 2, min: 3");
    options.min_replicas = 1;
    options.cpu = "much";
    CHECK(autoscale_refusal(options) == "error: invalid --cpu=much: it is no percentage (80%) and no amount (500m, 200Mi)");
    options.cpu = "0%";
    CHECK(autoscale_refusal(options) == "error: invalid --cpu=0%: a percentage must be a whole number above 0");
    options.cpu_percent = 50;
    CHECK(autoscale_refusal(options) == "error: --cpu-percent goes without --cpu and --memory");
}

TEST_CASE("describe hpa: metrics, behaviour and conditions as kubectl has them") {
    const auto hpa = object(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
        "metadata":{"name":"web","namespace":"default","creationTimestamp":"2026-01-01T00:00:00Z"},
        "spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"minReplicas":3,"maxReplicas":10,
          "behavior":{"scaleUp":{"stabilizationWindowSeconds":0,"selectPolicy":"Max",
            "policies":[{"type":"Pods","value":4,"periodSeconds":15}]}},
          "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
            {"type":"ContainerResource","containerResource":{"name":"memory","container":"main",
             "target":{"type":"AverageValue","averageValue":"1Gi"}}},
            {"type":"Pods","pods":{"metric":{"name":"queue"},"target":{"type":"AverageValue","averageValue":"5"}}}]},
        "status":{"currentReplicas":3,"desiredReplicas":4,"currentMetrics":[
          {"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":12,"averageValue":"25m"}}}],
          "conditions":[{"type":"AbleToScale","status":"True","reason":"ReadyForNewScale","message":"fine"}]}})");
    const std::string text = render_description(hpa, {});
    INFO(text);
    const auto has = [&text](const char* line) { return text.find(line) != std::string::npos; };
    CHECK(has("resource cpu on pods  (as a percentage of request):  12% (25m) / 50%"));
    CHECK(has("resource memory of container \"main\" on pods:"));
    CHECK(has("<unknown> / 1Gi"));
    CHECK(has("\"queue\" on pods:"));
    CHECK(has("Scale Up:\n    Stabilization Window: 0 seconds\n    Select Policy: Max\n    Policies:\n"));
    CHECK(has("- Type: Pods  Value: 4  Period: 15 seconds"));
    CHECK(has("3 current / 4 desired"));
    CHECK(has("AbleToScale  True    ReadyForNewScale  fine"));
}
