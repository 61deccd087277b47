#include "orilla/store/events.hpp"

#include <catch2/catch.hpp>

#include "../../support/object_world.hpp"

using namespace orilla;
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
    ObjectWorld w;
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
