#include "objects/eviction_plan.hpp"

#include <catch2/catch.hpp>

#include "../../support/api_world.hpp"
#include "orilla/kinds/budgets.hpp"
#include "orilla/kinds/pod_facts.hpp"

using namespace orilla;
using namespace orilla::objects;
using orilla::test::Answer;
using orilla::test::ApiClient;
using orilla::test::ApiWorld;
using orilla::test::pods;

namespace {

constexpr int64_t now_s = 1'700'000'000;

api::Pod running_pod(std::string_view name, bool ready = true) {
    api::Pod pod = test::busybox_pod(name);
    pod.metadata.labels["app"] = "web";
    pod.status.phase = "Running";
    api::ensure_pod_condition(pod, "Ready").status = ready ? "True" : "False";
    return pod;
}

api::PodDisruptionBudget budget_allowing(int32_t allowed, int32_t healthy, int32_t desired) {
    api::PodDisruptionBudget budget;
    budget.metadata.name = "web";
    budget.metadata.namespace_ = "default";
    budget.metadata.generation = 1;
    budget.spec.selector.ensure().match_labels["app"] = "web";
    budget.status.observed_generation = 1;
    budget.status.disruptions_allowed = allowed;
    budget.status.current_healthy = healthy;
    budget.status.desired_healthy = desired;
    budget.status.expected_pods = healthy;
    api::set_disruption_allowed(budget.status, now_s);
    return budget;
}

std::vector<BudgetPtr> only(const api::PodDisruptionBudget& budget) {
    return {std::make_shared<api::PodDisruptionBudget>(budget)};
}

std::string cause_of(const Result<void>& refused) {
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().causes().size() == 1);
    CHECK(refused.error().code() == Code::too_many_requests);
    CHECK(refused.error().causes()[0].reason == "DisruptionBudget");
    return refused.error().causes()[0].message;
}

/// Pods "a", "b", ... that run and are ready, and a budget that allows as many as it says.
struct EvictionWorld : ApiWorld {
    EvictionWorld(int count, const api::PodDisruptionBudget& budget) {
        for (int i = 0; i < count; ++i) make_pod(std::string(1, static_cast<char>('a' + i)));
        REQUIRE(run(objects.create<api::PodDisruptionBudget>(budget)));
        set_budget(budget.status);
    }
    void make_pod(const std::string& name) {
        const api::Pod pod = running_pod(name);
        REQUIRE(run(objects.create<api::Pod>(pod)));
        std::function<Result<void>(api::Pod&)> start = [&pod](api::Pod& stored) { return stored.status = pod.status, ok(); };
        REQUIRE(run(objects.modify_status<api::Pod>("default", name, start)));
        REQUIRE(run(objects.bind("default", name, "box")));
    }
    void set_budget(const api::PodDisruptionBudgetStatus& status) {
        std::function<Result<void>(api::PodDisruptionBudget&)> put = [&status](api::PodDisruptionBudget& stored) {
            return stored.status = status, ok();
        };
        REQUIRE(run(objects.modify_status<api::PodDisruptionBudget>("default", "web", put)));
    }
    Answer evict(const std::string& name, const std::string& more = "") {
        return client.ask("POST", pods + "/" + name + "/eviction",
                          R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":")" + name + "\"}" + more + "}");
    }
    bool is_ending(const std::string& name) {
        const auto pod = objects.get<api::Pod>("default", name);
        return !pod || pod->metadata.deletion_timestamp;
    }
    api::PodDisruptionBudgetStatus status() { return objects.get<api::PodDisruptionBudget>("default", "web")->status; }
};

}  // namespace

TEST_CASE("plan_eviction: a pod that does not run asks no budget") {
    const auto budgets = only(budget_allowing(0, 1, 1));
    for (const char* phase : {"Pending", "Succeeded", "Failed"}) {
        api::Pod pod = running_pod("a");
        pod.status.phase = phase;
        CHECK_FALSE(plan_eviction(pod, budgets, 1)->spends);
        CHECK(plan_eviction(pod, budgets, 1)->only_as_is == (pod.status.phase == "Pending"));
    }
    api::Pod ending = running_pod("a");
    ending.metadata.deletion_timestamp = api::Time(now_s);
    CHECK_FALSE(plan_eviction(ending, budgets, 1)->spends);
    CHECK(plan_eviction(running_pod("a"), budgets, 1)->spends);
    CHECK_FALSE(plan_eviction(running_pod("a"), {}, 0)->spends);
}

TEST_CASE("plan_eviction: more than one budget is an error") {
    auto budgets = only(budget_allowing(1, 2, 1));
    budgets.push_back(budgets.front());
    const auto plan = plan_eviction(running_pod("a"), budgets, 0);
    REQUIRE_FALSE(plan);
    CHECK(plan.error().code() == Code::internal);
    CHECK(plan.error().message() ==
          "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
}

TEST_CASE("plan_eviction: a pod that is not ready goes when enough others are, or always") {
    const api::Pod pod = running_pod("a", false);
    CHECK_FALSE(plan_eviction(pod, only(budget_allowing(0, 2, 2)), 2)->spends);
    CHECK(plan_eviction(pod, only(budget_allowing(0, 2, 2)), 2)->only_as_is);
    CHECK(plan_eviction(pod, only(budget_allowing(0, 1, 2)), 1)->spends);
    CHECK(plan_eviction(pod, only(budget_allowing(0, 2, 2)), 1)->spends);  // the status has not heard of it
    CHECK(plan_eviction(pod, only(budget_allowing(0, 0, 0)), 0)->spends);
    auto always = budget_allowing(0, 1, 2);
    always.spec.unhealthy_pod_eviction_policy = "AlwaysAllow";
    CHECK_FALSE(plan_eviction(pod, only(always), 1)->spends);
    CHECK(plan_eviction(running_pod("a"), only(always), 1)->spends);
}

TEST_CASE("spend_budget: takes one, and notes the pod") {
    auto budget = budget_allowing(2, 3, 1);
    REQUIRE(spend_budget(budget, running_pod("a"), 3, now_s));
    CHECK(budget.status.disruptions_allowed == 1);
    CHECK(*budget.status.disrupted_pods.get("a") == api::Time(now_s));
    CHECK(api::find_disruption_allowed(budget.status)->reason == "SufficientPods");
    REQUIRE(spend_budget(budget, running_pod("b"), 2, now_s));
    CHECK(api::find_disruption_allowed(budget.status)->reason == "InsufficientPods");
    CHECK(cause_of(spend_budget(budget, running_pod("c"), 1, now_s)) ==
          "The disruption budget web needs 1 healthy pods and has 1 currently");
}

TEST_CASE("spend_budget: says what it needs, or why nobody knows") {
    auto budget = budget_allowing(0, 2, 2);
    CHECK(cause_of(spend_budget(budget, running_pod("a"), 2, now_s)) ==
          "The disruption budget web needs 2 healthy pods and has 2 currently");
    api::set_disruption_unknown(budget.status, "found no controllers for pod \"a\"", now_s);
    CHECK(cause_of(spend_budget(budget, running_pod("a"), 2, now_s)) ==
          "The disruption budget web does not allow evicting pods currently because it failed sync: found no controllers for "
          "pod \"a\"");
    budget = budget_allowing(0, 3, 2);
    CHECK(cause_of(spend_budget(budget, running_pod("a"), 3, now_s)) ==
          "The disruption budget web does not allow evicting pods currently (InsufficientPods): ");
    budget.metadata.generation = 2;
    const auto waiting = spend_budget(budget, running_pod("a"), 3, now_s);
    CHECK(cause_of(waiting) == "The disruption budget web is still being processed by the server.");
    CHECK(waiting.error().retry_after_s() == 10);
}

TEST_CASE("spend_budget: a status that is older than the pods, as after a crash, lets nobody below the minimum") {
    auto budget = budget_allowing(1, 3, 2);
    CHECK(cause_of(spend_budget(budget, running_pod("a"), 2, now_s)) ==
          "The disruption budget web needs 2 healthy pods and has 2 currently");
    CHECK(budget.status.disruptions_allowed == 1);
    CHECK(spend_budget(budget, running_pod("a", false), 2, now_s));  // takes none of the healthy ones
}

TEST_CASE("spend_budget: numbers that nobody counted are refused") {
    auto budget = budget_allowing(-1, 3, 2);
    CHECK(spend_budget(budget, running_pod("a"), 3, now_s).error().code() == Code::forbidden);
    budget = budget_allowing(1, 3, 2);
    for (int i = 0; i <= 2000; ++i) budget.status.disrupted_pods[api::Str("p" + std::to_string(i))] = api::Time(now_s);
    CHECK(spend_budget(budget, running_pod("a"), 3, now_s).error().message().find("too big") != std::string::npos);
}

TEST_CASE("eviction: the last one that is allowed is given once") {
    EvictionWorld w(3, budget_allowing(1, 3, 2));
    const Answer first = w.evict("a");
    CHECK(first.status == 201);
    CHECK(w.is_ending("a"));
    CHECK(w.status().disruptions_allowed == 0);
    CHECK(w.status().disrupted_pods.contains("a"));
    const Answer second = w.evict("b");
    CHECK(second.status == 429);
    CHECK(second.head.find("Retry-After") == std::string::npos);
    CHECK(second.has(
        R"("message":"Cannot evict pod as it would violate the pod's disruption budget.","reason":"TooManyRequests",)"
        R"("details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget web needs 2 healthy )"
        R"(pods and has 2 currently"}]},"code":429)"));
    CHECK_FALSE(w.is_ending("b"));
    CHECK(w.evict("a").status == 201);  // it is on its way already
}

TEST_CASE("eviction: of many at once as many pass as the budget allows") {
    EvictionWorld w(20, budget_allowing(3, 20, 17));
    std::vector<std::unique_ptr<ApiClient>> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<ApiClient>(w.loop, w.http));
    for (int i = 0; i < 20; ++i) {
        const std::string name(1, static_cast<char>('a' + i));
        clients[i]->send("POST", pods + "/" + name + "/eviction", R"({"metadata":{"name":")" + name + "\"}}");
    }
    int passed = 0;
    for (const auto& client : clients) {
        const Answer answer = ApiClient::parse(client->receive());
        CHECK((answer.status == 201 || answer.status == 429));
        passed += answer.status == 201 ? 1 : 0;
    }
    CHECK(passed == 3);
    CHECK(w.status().disrupted_pods.size() == 3);
}

TEST_CASE("eviction: a dry run leaves pod and budget alone") {
    EvictionWorld w(2, budget_allowing(1, 2, 1));
    CHECK(w.evict("a", R"(,"deleteOptions":{"dryRun":["All"]})").status == 201);
    CHECK_FALSE(w.is_ending("a"));
    CHECK(w.status().disruptions_allowed == 1);
    CHECK(w.status().disrupted_pods.empty());
    CHECK_FALSE(api::find_pod_condition(*w.objects.get<api::Pod>("default", "a"), "DisruptionTarget"));
    CHECK(w.evict("a").status == 201);
    CHECK(w.evict("b", R"(,"deleteOptions":{"dryRun":["All"]})").status == 429);
}

TEST_CASE("eviction: what stands against the deletion costs the budget nothing") {
    EvictionWorld w(2, budget_allowing(1, 2, 1));
    CHECK(w.evict("a", R"(,"deleteOptions":{"preconditions":{"uid":"another"}})").status == 409);
    CHECK(w.status().disruptions_allowed == 1);
    CHECK(w.evict("none").status == 404);
    CHECK(w.evict("a").status == 201);
    const auto* mark = api::find_pod_condition(*w.objects.get<api::Pod>("default", "a"), "DisruptionTarget");
    REQUIRE(mark);
    CHECK(mark->reason == "EvictionByEvictionAPI");
}

TEST_CASE("eviction: a budget that was not looked at yet has to be waited for") {
    EvictionWorld w(2, budget_allowing(1, 2, 1));
    auto status = w.status();
    status.observed_generation = 0;
    w.set_budget(status);
    const Answer answer = w.evict("a");
    CHECK(answer.status == 429);
    CHECK(answer.has(R"("retryAfterSeconds":10)"));
    CHECK(answer.head.find("Retry-After: 10\r\n") != std::string::npos);
    CHECK(answer.has("The disruption budget web is still being processed by the server."));
}

TEST_CASE("eviction: two budgets are one too many") {
    EvictionWorld w(2, budget_allowing(1, 2, 1));
    auto two = budget_allowing(1, 2, 1);
    two.metadata.name = "two";
    REQUIRE(w.run(w.objects.create<api::PodDisruptionBudget>(two)));
    const Answer answer = w.evict("a");
    CHECK(answer.status == 500);
    CHECK(answer.has("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."));
}

TEST_CASE("PodDisruptionBudget: contradictions are refused in the words of Kubernetes") {
    ApiWorld w;
    const auto refused = [&w](const std::string& spec) {
        const Answer answer = w.client.ask(
            "POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
            R"({"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"a"},"spec":)" + spec + "}");
        CHECK(answer.status == 422);
        return answer.body;
    };
    using Catch::Contains;
    CHECK_THAT(refused(R"({"minAvailable":1,"maxUnavailable":1})"),
               Contains("minAvailable and maxUnavailable cannot be both set"));
    CHECK_THAT(refused(R"({"minAvailable":-1})"),
               Contains("spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"));
    CHECK_THAT(refused(R"({"maxUnavailable":"101%"})"), Contains("must not be greater than 100%"));
    CHECK_THAT(refused(R"({"minAvailable":"99999999999%"})"), Contains("must not be greater than 100%"));
    CHECK_THAT(refused(R"({"maxUnavailable":"some"})"), Contains("spec.maxUnavailable"));
    CHECK_THAT(refused(R"({"unhealthyPodEvictionPolicy":"Never"})"), Contains("Unsupported value"));
    CHECK_THAT(refused(R"({"selector":{"matchLabels":{"-":"x"}}})"), Contains("spec.selector"));
}
