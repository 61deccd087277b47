#include "admission/limit_ranges.hpp"

#include <catch2/catch.hpp>

#include "../../support/admitted_world.hpp"

using namespace orilla;
using orilla::test::AdmittedWorld;

namespace {

api::Quantity much(const char* text) { return *api::Quantity::parse(text); }

api::LimitRange range_of(std::string_view type, std::function<void(api::LimitRangeItem&)> fill) {
    api::LimitRange range;
    range.metadata.name = "limits";
    range.metadata.namespace_ = "default";
    api::LimitRangeItem& item = range.spec.limits.emplace_back();
    item.type = api::Str(type);
    fill(item);
    return range;
}
api::LimitRange cpu_limits() {
    return range_of("Container", [](api::LimitRangeItem& item) {
        item.min["cpu"] = much("100m");
        item.max["cpu"] = much("1");
        item.default_["cpu"] = much("500m");
        item.default_request["cpu"] = much("200m");
    });
}

}  // namespace

TEST_CASE("LimitRanger: containers that say nothing get the defaults, and a note tells of it") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(cpu_limits())));
    api::Pod pod = test::busybox_pod("p");
    api::Container& init = pod.spec.init_containers.emplace_back(pod.spec.containers[0]);
    init.name = "first";
    init.resources.limits["cpu"] = much("300m");
    const auto made = w.run(w.objects.create(std::move(pod)));
    REQUIRE(made);
    const api::Pod& stored = **made;
    CHECK(stored.spec.containers[0].resources.limits.get("cpu")->text == "500m");
    CHECK(stored.spec.containers[0].resources.requests.get("cpu")->text == "200m");
    CHECK(stored.spec.init_containers[0].resources.requests.get("cpu")->text == "300m");
    CHECK(*stored.metadata.annotations.get("kubernetes.io/limit-ranger") ==
          "LimitRanger plugin set: cpu request for container main; cpu limit for container main");
    CHECK(stored.status.qos_class == "Burstable");
}

TEST_CASE("LimitRanger: a pod that asks for too much or too little is refused with all reasons") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(cpu_limits())));
    api::Pod pod = test::busybox_pod("p");
    pod.spec.containers[0].resources.requests["cpu"] = much("50m");
    pod.spec.containers[0].resources.limits["cpu"] = much("2");
    const auto refused = w.run(w.objects.create(std::move(pod)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::forbidden);
    CHECK(refused.error().message() ==
          "pods \"p\" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per "
          "Container "
          "is 1, but limit is 2]");
}

TEST_CASE("LimitRanger: words for what is missing, and for ratios") {
    const api::LimitRange range = range_of("Pod", [](api::LimitRangeItem& item) {
        item.min["memory"] = much("1Mi");
        item.max["memory"] = much("1Gi");
        item.max_limit_request_ratio["cpu"] = much("2");
        item.max_limit_request_ratio["memory"] = much("2");
    });
    api::PodSpec spec = test::busybox_pod("p").spec;
    spec.containers[0].resources.requests["cpu"] = much("100m");
    spec.containers[0].resources.limits["cpu"] = much("250m");
    CHECK(apiserver::beyond_limits(spec, range.spec) ==
          std::vector<std::string>{
              "minimum memory usage per Pod is 1Mi.  No request is specified",
              "maximum memory usage per Pod is 1Gi.  No limit is specified",
              "cpu max limit to request ratio per Pod is 2, but provided ratio is 2.500000",
              "memory max limit to request ratio per Pod is 2, but no request is specified or request is 0"});
}

TEST_CASE("LimitRanger: claims, when they are made and when they grow") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(range_of("PersistentVolumeClaim", [](api::LimitRangeItem& item) {
        item.min["storage"] = much("1Gi");
        item.max["storage"] = much("2Gi");
    }))));
    const auto make = [&w](const char* name, const char* size) {
        api::PersistentVolumeClaim claim;
        claim.metadata.name = api::Str(name);
        claim.metadata.namespace_ = "default";
        claim.spec.access_modes.push_back("ReadWriteOnce");
        claim.spec.resources.requests["storage"] = much(size);
        const auto made = w.run(w.objects.create(std::move(claim)));
        return made ? "" : made.error().message();
    };
    CHECK(make("small", "1Mi") ==
          "persistentvolumeclaims \"small\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request "
          "is 1Mi");
    CHECK(make("large", "3Gi") ==
          "persistentvolumeclaims \"large\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request "
          "is 3Gi");
    CHECK(make("fits", "2Gi") == "");
    std::function<Result<void>(api::LimitRange&)> tighten = [](api::LimitRange& range) {
        return range.spec.limits[0].max["storage"] = much("1Gi"), ok();
    };
    REQUIRE(w.run(w.objects.modify<api::LimitRange>("default", "limits", tighten)));
    std::function<Result<void>(api::PersistentVolumeClaim&)> label = [](api::PersistentVolumeClaim& claim) {
        return claim.metadata.labels["a"] = "b", ok();
    };
    CHECK(w.run(w.objects.modify<api::PersistentVolumeClaim>("default", "fits", label)));
}

TEST_CASE("LimitRanger: other namespaces and changes of pods are none of its business") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(test::busybox_pod("early"))));
    REQUIRE(w.run(w.objects.create(cpu_limits())));
    std::function<Result<void>(api::Pod&)> label = [](api::Pod& pod) { return pod.metadata.labels["a"] = "b", ok(); };
    CHECK(w.run(w.objects.modify<api::Pod>("default", "early", label)));
    api::Pod elsewhere = test::busybox_pod("p");
    elsewhere.metadata.namespace_ = "kube-public";
    CHECK((*w.run(w.objects.create(std::move(elsewhere))))->spec.containers[0].resources.limits.empty());
}
