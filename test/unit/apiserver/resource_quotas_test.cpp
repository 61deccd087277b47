#include <catch2/catch.hpp>

#include "../../support/admitted_world.hpp"

using namespace orilla;
using orilla::test::AdmittedWorld;

namespace {

api::ResourceQuota quota_named(std::string_view name, std::initializer_list<std::pair<const char*, const char*>> hard) {
    api::ResourceQuota quota;
    quota.metadata.name = api::Str(name);
    quota.metadata.namespace_ = "default";
    for (const auto& [amount, most] : hard) quota.spec.hard[amount] = *api::Quantity::parse(most);
    return quota;
}
std::string why_no_pod(AdmittedWorld& w, std::string_view name) {
    const auto made = w.run(w.objects.create(test::busybox_pod(name)));
    return made ? "" : made.error().message();
}
std::string used(AdmittedWorld& w, const char* quota = "q") {
    const auto amounts = w.quotas.used("default", quota);
    return amounts ? api::amounts_text(*amounts) : "unknown";
}
api::ConfigMap map_named(std::string_view name) {
    api::ConfigMap map;
    map.metadata.name = api::Str(name);
    map.metadata.namespace_ = "default";
    return map;
}

}  // namespace

TEST_CASE("ResourceQuota: what is there counts, and what exceeds is refused") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(test::busybox_pod("early"))));
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"pods", "2"}, {"count/configmaps", "1"}}))));
    CHECK(used(w) == "count/configmaps=0,pods=1");
    CHECK(why_no_pod(w, "a") == "");
    CHECK(why_no_pod(w, "b") == "pods \"b\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2");
    CHECK(used(w) == "count/configmaps=0,pods=2");
    REQUIRE(w.run(w.objects.create(map_named("m"))));
    CHECK_FALSE(w.run(w.objects.create(map_named("n"))));
    api::Pod elsewhere = test::busybox_pod("b");
    elsewhere.metadata.namespace_ = "kube-public";
    CHECK(w.run(w.objects.create(std::move(elsewhere))));
}

TEST_CASE("ResourceQuota: whoever deletes or ends a pod may make another one at once") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"pods", "1"}, {"count/pods", "2"}}))));
    CHECK(why_no_pod(w, "a") == "");
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "a")));
    CHECK(why_no_pod(w, "b") == "");
    std::function<Result<void>(api::Pod&)> end = [](api::Pod& pod) { return pod.status.phase = "Failed", ok(); };
    REQUIRE(w.run(w.objects.modify_status<api::Pod>("default", "b", end)));
    CHECK(used(w) == "count/pods=1,pods=0");
    CHECK(why_no_pod(w, "c") == "");
    CHECK_THAT(why_no_pod(w, "d"), Catch::Contains("exceeded quota: q, requested: count/pods=1,pods=1,"));
}

TEST_CASE("ResourceQuota: a hundred at once get what there is") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"pods", "10"}}))));
    std::vector<test::Started<Result<std::shared_ptr<const api::Pod>>>> all;
    for (int i = 0; i < 100; ++i) all.emplace_back(w.loop, w.objects.create(test::busybox_pod("p" + std::to_string(i))));
    w.settle();
    int made = 0;
    for (auto& one : all) {
        REQUIRE(one.done());
        made += one.get().has_value();
    }
    CHECK(made == 10);
    CHECK(used(w) == "pods=10");
}

TEST_CASE("ResourceQuota: a create that fails gives back what it took, and a dry run takes nothing") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(test::busybox_pod("twice"))));
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"pods", "3"}}))));
    for (int i = 0; i < 5; ++i) CHECK_THAT(why_no_pod(w, "twice"), Catch::Contains("already exists"));
    objects::WriteContext dry;
    dry.dry_run = true;
    for (int i = 0; i < 5; ++i) CHECK(w.run(w.objects.create(api::Object(test::busybox_pod("dry")), dry)));
    CHECK(why_no_pod(w, "a") == "");
    CHECK(why_no_pod(w, "b") == "");
    CHECK_FALSE(w.run(w.objects.create(api::Object(test::busybox_pod("dry")), dry)));
}

TEST_CASE("ResourceQuota: it may be lowered below what is used") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"pods", "2"}}))));
    CHECK(why_no_pod(w, "a") == "");
    CHECK(why_no_pod(w, "b") == "");
    std::function<Result<void>(api::ResourceQuota&)> lower = [](api::ResourceQuota& quota) {
        quota.spec.hard["pods"] = *api::Quantity::parse("1");
        return ok();
    };
    REQUIRE(w.run(w.objects.modify<api::ResourceQuota>("default", "q", lower)));
    CHECK(used(w) == "pods=2");
    CHECK_THAT(why_no_pod(w, "c"), Catch::Contains("used: pods=2, limited: pods=1"));
    REQUIRE(w.run(w.objects.remove<api::ResourceQuota>("default", "q")));
    CHECK(why_no_pod(w, "c") == "");
    CHECK(w.quotas.namespaces().empty());
}

TEST_CASE("ResourceQuota: a pod that says nothing of what is counted is refused") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"requests.cpu", "1"}, {"limits.memory", "1Gi"}}))));
    CHECK(why_no_pod(w, "a") ==
          "pods \"a\" is forbidden: failed quota: q: must specify limits.memory for: main; requests.cpu for: main");
}

TEST_CASE("ResourceQuota: an update takes what it makes more of") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"services.nodeports", "1"}}))));
    api::Service service;
    service.metadata.name = "s";
    service.metadata.namespace_ = "default";
    service.spec.type = "ClusterIP";
    for (const char* name : {"a", "b"}) {
        auto& port = service.spec.ports.emplace_back();
        port.name = name;
        port.port = name[0];
    }
    REQUIRE(w.run(w.objects.create(std::move(service))));
    std::function<Result<void>(api::Service&)> open = [](api::Service& edited) { return edited.spec.type = "NodePort", ok(); };
    const auto opened = w.run(w.objects.modify<api::Service>("default", "s", open));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message() ==
          "services \"s\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: "
          "services.nodeports=0, limited: services.nodeports=1");
    CHECK(used(w) == "services.nodeports=0");
}

TEST_CASE("ResourceQuota: it counts itself and what nobody serves is not counted") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"resourcequotas", "1"}, {"count/widgets.example.com", "1"}}))));
    CHECK(used(w) == "count/widgets.example.com=0,resourcequotas=1");
    CHECK_FALSE(w.run(w.objects.create(quota_named("more", {{"pods", "1"}}))));
}

TEST_CASE("ResourceQuota: a ledger that starts late counts what is there") {
    AdmittedWorld w;
    for (int i = 0; i < 20; ++i) REQUIRE(w.run(w.objects.create(test::busybox_pod("p" + std::to_string(i)))));
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"pods", "100"}}))));
    objects::QuotaLedger late(w.loop, w.objects);
    w.settle();
    CHECK(api::amounts_text(*late.used("default", "q")) == "pods=20");
}

TEST_CASE("ResourceQuota: a pod that is held beyond its time counts no more") {
    AdmittedWorld w;
    REQUIRE(w.run(w.objects.create(quota_named("q", {{"pods", "1"}}))));
    api::Pod pod = test::busybox_pod("held");
    pod.metadata.finalizers.push_back("example.com/hold");
    REQUIRE(w.run(w.objects.create(std::move(pod))));
    REQUIRE(w.run(w.objects.remove<api::Pod>("default", "held")));
    CHECK(used(w) == "pods=1");
    w.pass(40'000);
    CHECK(used(w) == "pods=0");
}
