#include "orilla/objects/events.hpp"

#include <catch2/catch.hpp>

#include "../../support/admitted_world.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using orilla::test::ObjectWorld;

namespace {
api::Pod pod_called(std::string_view name, std::string_view ns = "default") {
    api::Pod pod;
    pod.metadata.name = api::Str(name);
    pod.metadata.namespace_ = api::Str(ns);
    pod.metadata.uid = "uid-1";
    return pod;
}
}  // namespace

TEST_CASE("EventRecorder: an event says about what, by whom and why") {
    ObjectWorld w;
    EventRecorder recorder(w.loop, w.objects, "box");
    recorder.record(pod_called("web"), "kubelet", "Warning", "Failed", "Error: ImagePullBackOff");
    w.settle();
    auto events = w.objects.list<api::Event>("default");
    REQUIRE(events.size() == 1);
    CHECK(events[0]->involved_object.kind == "Pod");
    CHECK(events[0]->involved_object.uid == "uid-1");
    CHECK(events[0]->source.component == "kubelet");
    CHECK(events[0]->source.host == "box");
    CHECK(events[0]->reporting_instance == "box");
    CHECK(events[0]->reason == "Failed");
    CHECK(events[0]->count == 1);
    CHECK(events[0]->metadata.name.view().substr(0, 4) == "web.");
}

TEST_CASE("EventRecorder: events of one second are listed in their order") {
    ObjectWorld w;
    EventRecorder recorder(w.loop, w.objects, "box");
    const std::vector<std::string> told = {"Scheduled", "Pulled", "Created", "Started", "Killing", "BackOff"};
    for (const std::string& reason : told) recorder.record(pod_called("web"), "kubelet", "Normal", reason, "same second");
    w.settle();
    std::vector<std::string> listed;
    for (const auto& event : w.objects.list<api::Event>("default")) listed.push_back(event->reason.str());
    CHECK(listed == told);
}

TEST_CASE("EventRecorder: repetitions are counted, other messages are events of their own") {
    ObjectWorld w;
    EventRecorder recorder(w.loop, w.objects, "box");
    for (int i = 0; i < 5; ++i) {
        recorder.record(pod_called("web"), "kubelet", "Normal", "Pulled", "same");
        w.pass(1000);
    }
    recorder.record(pod_called("web"), "kubelet", "Normal", "Pulled", "other");
    w.settle();
    auto events = w.objects.list<api::Event>("default");
    REQUIRE(events.size() == 2);
    const auto& repeated = events[0]->message == "same" ? events[0] : events[1];
    CHECK(repeated->count == 5);
    CHECK(repeated->last_timestamp.unix_s == repeated->first_timestamp.unix_s + 4);
}

TEST_CASE("EventRecorder: old events go after their time, and never reach the file") {
    ObjectWorld w;
    EventRecorder recorder(w.loop, w.objects, "box");
    const auto commits = w.store->stats().commits;
    recorder.record(pod_called("web"), "kubelet", "Normal", "Started", "x");
    w.settle();
    CHECK(w.store->count("events") == 1);
    w.pass(2 * 3600 * 1000);
    CHECK(w.store->count("events") == 0);
    CHECK(w.store->stats().commits == commits);
    CHECK(w.loop.next_deadline_ms() == -1);
}

TEST_CASE("EventRecorder: the number of events is bounded, the newest stay") {
    ObjectWorld w;
    EventLimits limits;
    limits.events_max = 20;
    EventRecorder recorder(w.loop, w.objects, "box", limits);
    for (int i = 0; i < 100; ++i) {
        recorder.record(pod_called("p" + std::to_string(i)), "kubelet", "Normal", "Started", "x");
        w.pass(1000);
    }
    CHECK(w.store->count("events") <= 20);
    bool newest = false;
    for (const auto& event : w.objects.list<api::Event>()) newest = newest || event->involved_object.name == "p99";
    CHECK(newest);
}

TEST_CASE("EventRecorder: an event in a namespace that does not exist is dropped quietly") {
    test::AdmittedWorld w;
    EventRecorder recorder(w.loop, w.objects, "box");
    recorder.record(pod_called("web", "nowhere"), "kubelet", "Normal", "Started", "x");
    recorder.record(pod_called("web"), "kubelet", "Normal", "Started", "x");
    w.settle();
    CHECK(w.store->count("events") == 1);
}

TEST_CASE("EventRecorder: events about what has gone make room, those about what is there stay") {
    ObjectWorld w;
    EventLimits limits;
    limits.gone_max = 3;
    EventRecorder recorder(w.loop, w.objects, "box", limits);
    api::Namespace ns;
    ns.metadata.name = "there";
    REQUIRE(w.run(w.objects.create<api::Namespace>(ns)));
    for (int i = 0; i < 8; ++i) {
        recorder.record(ns, "test", "Normal", "Seen", "number " + std::to_string(i));
        recorder.record(pod_called("gone"), "kubelet", "Normal", "Killing", "number " + std::to_string(i));
        w.pass(1000);
    }
    CHECK(w.store->count("events") == 16);
    recorder.tidy();
    w.settle();
    std::string left;
    for (const auto& event : w.objects.list<api::Event>())
        if (event->reason == "Killing") left += event->message.str() + " ";
    CHECK(left == "number 5 number 6 number 7 ");
    CHECK(w.store->count("events") == 11);
}

TEST_CASE("EventRecorder: what differs in its message alone is combined once there are many") {
    ObjectWorld w;
    EventRecorder recorder(w.loop, w.objects, "box");
    for (int i = 0; i < 30; ++i) {
        recorder.record(pod_called("set"), "replicaset-controller", "Normal", "SuccessfulCreate",
                        "Created pod: p" + std::to_string(i));
        recorder.record(pod_called("other"), "replicaset-controller", "Normal", "SuccessfulCreate", "the same");
        w.pass(1000);
    }
    std::vector<std::string> told;
    for (const auto& event : w.objects.list<api::Event>("default"))
        if (event->involved_object.name == "set") told.push_back(event->message.str() + " x" + std::to_string(event->count));
    REQUIRE(told.size() == 10);
    CHECK(told[8] == "Created pod: p8 x1");
    CHECK(told[9] == "(combined from similar events): Created pod: p29 x21");
    // After a while each is told by itself again.
    w.pass(601'000);
    recorder.record(pod_called("set"), "replicaset-controller", "Normal", "SuccessfulCreate", "Created pod: late");
    w.settle();
    CHECK(w.store->count("events") == 12);
}

TEST_CASE("EventRecorder: an event that somebody deleted is told anew, and one of an earlier daemon goes on counting") {
    ObjectWorld w;
    EventRecorder recorder(w.loop, w.objects, "box");
    const auto tell = [&w, &recorder] {
        recorder.record(pod_called("web"), "kubelet", "Normal", "Pulled", "same");
        w.settle();
    };
    tell();
    auto first = w.objects.list<api::Event>("default");
    REQUIRE(first.size() == 1);
    auto removing = w.objects.remove<api::Event>("default", first[0]->metadata.name.str());
    REQUIRE(w.run(std::move(removing)));
    tell();
    auto second = w.objects.list<api::Event>("default");
    REQUIRE(second.size() == 1);
    CHECK(second[0]->count == 1);
    EventRecorder next(w.loop, w.objects, "box");
    next.adopt(*second[0]);
    next.record(pod_called("web"), "kubelet", "Normal", "Pulled", "same");
    w.settle();
    auto counted = w.objects.list<api::Event>("default");
    REQUIRE(counted.size() == 1);
    CHECK(counted[0]->count == 2);
}
