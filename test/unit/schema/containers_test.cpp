#include "orilla/schema/containers.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/types.hpp"

using namespace orilla::api;

TEST_CASE("Str: compares as text and shares copies") {
    Str a = "hello", b = a, c = std::string("hello");
    CHECK(a == b);
    CHECK(a == c);
    CHECK(a == "hello");
    CHECK(std::string_view("hello") == a);
    CHECK(a.data() == b.data());
    CHECK(Str::intern("Always").data() == Str::intern("Always").data());
    CHECK(Str("").empty());
}

TEST_CASE("Opt: a present empty string is not an absent one") {
    Opt<Str> absent, empty("");
    CHECK_FALSE(absent.has_value());
    CHECK(empty.has_value());
    CHECK_FALSE(absent == empty);
    CHECK(empty == "");
    empty = "x";
    CHECK(empty == "x");
    empty.reset();
    CHECK(absent == empty);
}

TEST_CASE("List: grows, inserts, erases and copies deeply") {
    List<Str> list{"b", "c"};
    list.insert(list.begin(), "a");
    list.push_back(list[0]);
    CHECK(list == List<Str>{"a", "b", "c", "a"});
    List<Str> copy = list;
    list.erase(list.begin() + 1);
    CHECK(list == List<Str>{"a", "c", "a"});
    CHECK(copy.size() == 4);
    while (!list.empty()) list.pop_back();
    CHECK(list == List<Str>{});
}

TEST_CASE("Map: is sorted by key and finds") {
    Map<Str> map{{"b", "2"}, {"a", "1"}};
    map["c"] = "3";
    map["a"] = "one";
    std::string all;
    for (const auto& [key, value] : map) all += key.str() + "=" + value.str() + " ";
    CHECK(all == "a=one b=2 c=3 ");
    CHECK(map.erase("b") == 1);
    CHECK(map.erase("b") == 0);
    CHECK(map.get("b") == nullptr);
    CHECK(map.contains("c"));
}

TEST_CASE("Map: the tables find values of any alignment") {
    PodDisruptionBudgetStatus status;
    for (int i = 0; i < 20; ++i) status.disrupted_pods[Str("p" + std::to_string(i))] = Time(1'700'000'000 + i);
    const PodDisruptionBudgetStatus copy = status;
    CHECK(copy == status);
    CHECK(copy.disrupted_pods.get("p7")->unix_s == 1'700'000'007);
    status.disrupted_pods.erase("p7");
    CHECK_FALSE(copy == status);
    const auto* first = reinterpret_cast<const std::byte*>(&*copy.disrupted_pods.begin());
    CHECK(reinterpret_cast<const std::byte*>(&copy.disrupted_pods.begin()->value) - first ==
          static_cast<ptrdiff_t>(detail::map_value_offset(type_info<Time>())));
    CHECK(sizeof(Map<Time>::Entry) == detail::map_stride(type_info<Time>()));
}

TEST_CASE("structs: compare and copy deeply through their tables") {
    Pod pod;
    pod.spec.containers.emplace_back().name = "a";
    pod.spec.containers[0].readiness_probe.ensure().http_get.ensure().port = 80;
    pod.spec.containers[0].resources.limits["cpu"].text = "1";
    Pod copy = pod;
    CHECK(copy == pod);
    copy.spec.containers[0].readiness_probe->http_get->port = 81;
    CHECK_FALSE(copy == pod);
    copy = pod;
    copy.spec.termination_grace_period_seconds = 0;
    CHECK_FALSE(copy == pod);
}

TEST_CASE("structs: are small") {
    CHECK(sizeof(Str) == sizeof(void*));
    CHECK(sizeof(ObjectMeta) <= 200);
    CHECK(sizeof(Container) <= 320);
    CHECK(sizeof(Pod) <= 800);
    CHECK(sizeof(Volume) <= 280);
}
