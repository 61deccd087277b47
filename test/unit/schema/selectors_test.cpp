#include "orilla/schema/selectors.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/kinds.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/types.hpp"

using namespace orilla::api;

namespace {

bool selects(std::string_view text, const Map<Str>& labels) { return Selector::parse(text).value().matches(labels); }
std::string printed(std::string_view text) {
    auto selector = Selector::parse(text);
    return selector ? selector->to_string() : "error: " + selector.error().message();
}

}  // namespace

TEST_CASE("selector: every operator of the text grammar") {
    Map<Str> web{{"app", "web"}, {"tier", "front"}, {"n", "5"}, {"empty", ""}};
    CHECK(selects("", web));
    CHECK(selects("app", web));
    CHECK_FALSE(selects("!app", web));
    CHECK(selects("!gone", web));
    CHECK(selects("app=web", web));
    CHECK(selects("app==web,tier = front", web));
    CHECK_FALSE(selects("app=db", web));
    CHECK(selects("app!=db", web));
    CHECK(selects("gone!=db", web));
    CHECK(selects("app in (db, web)", web));
    CHECK_FALSE(selects("gone in (db)", web));
    CHECK(selects("app notin (db)", web));
    CHECK(selects("gone notin (db)", web));
    CHECK(selects("empty=", web));
    CHECK(selects("empty in (,x)", web));
    CHECK(selects("n>4,n<6", web));
    CHECK_FALSE(selects("app>4", web));
    CHECK(selects(" app\t=\tweb ", web));
    CHECK(selects("in=x", Map<Str>{{"in", "x"}}));
}

TEST_CASE("selector: printing gives text that parses to the same") {
    CHECK(printed("b=1,a in (y,x),!c,d,e!=f,g notin (z),h>1") == "a in (x,y),b=1,!c,d,e!=f,g notin (z),h>1");
    CHECK(printed(printed("b=1,a in (y,x)")) == "a in (x,y),b=1");
}

TEST_CASE("selector: bad text is a bad request") {
    for (const char* text : {"=", "a=b=c", "a b", "a in", "a in (b", "a in b", ",", "a,", "a,,b", "a=b c", "!", "!a=b", "a>x",
                             "a=-", "a/b/c", "a in (b))", "(a)", "a=b,", "a=<"}) {
        INFO(text);
        auto selector = Selector::parse(text);
        REQUIRE_FALSE(selector.has_value());
        CHECK(selector.error().code() == orilla::Code::bad_request);
    }
}

TEST_CASE("selector: an empty LabelSelector matches all, an absent one nothing") {
    Map<Str> labels{{"app", "web"}};
    Box<LabelSelector> box;
    CHECK_FALSE(selector_of(box)->matches(labels));
    box.ensure();
    CHECK(selector_of(box)->matches(labels));
    box->match_labels["app"] = "web";
    box->match_expressions.push_back({"tier", "DoesNotExist", {}});
    CHECK(selector_of(box)->matches(labels));
    CHECK(selector_of(box)->to_string() == "app=web,!tier");
    box->match_expressions.push_back({"x", "Near", {}});
    CHECK_FALSE(selector_of(box).has_value());
}

TEST_CASE("selector: random bytes never crash the parser") {
    uint64_t state = 7;
    const std::string_view alphabet = "ab/.-_=!<>(), \tin\0\xff";
    for (int i = 0; i < 50'000; ++i) {
        std::string text;
        for (int j = 0; j < 12; ++j) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text += alphabet[(state >> 33) % alphabet.size()];
        }
        auto selector = Selector::parse(text);
        if (selector) CHECK(Selector::parse(selector->to_string()).has_value());
        (void)FieldSelector::parse(text, kind_of<Pod>().selectable, true);
    }
}

TEST_CASE("field selector: fields of the kind are compared as text") {
    Pod pod;
    pod.metadata.name = "web";
    pod.metadata.namespace_ = "default";
    pod.spec.node_name = "box";
    pod.status.phase = "Running";
    const TypeInfo& type = type_info<Pod>();
    auto matches = [&](std::string_view text) {
        return FieldSelector::parse(text, find_builtin_kind(type)->selectable, true).value().matches(type, &pod);
    };
    CHECK(matches("metadata.name=web"));
    CHECK(matches("spec.nodeName=box,status.phase!=Succeeded,status.phase!=Failed"));
    CHECK_FALSE(matches("status.phase!=Running"));
    CHECK(matches("spec.hostNetwork=false"));
    CHECK(matches("status.podIP="));
    CHECK(matches("status.podIP=="));
    CHECK(FieldSelector::parse("a=b,metadata.name=x", find_builtin_kind(type)->selectable, true).has_value() == false);
    CHECK(FieldSelector::parse("metadata.name=web", find_builtin_kind(type)->selectable, true)->required_name() == "web");
    CHECK(FieldSelector::parse("metadata.name!=web", find_builtin_kind(type)->selectable, true)->required_name().empty());
}

TEST_CASE("field selector: an unknown field is a bad request that says so") {
    CHECK(FieldSelector::parse("spec.foo=1", kind_of<Pod>().selectable, true).error().message() ==
          "field label not supported: spec.foo");
    CHECK(FieldSelector::parse("spec.foo=1", kind_of<Deployment>().selectable, true).error().message() ==
          "\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
    CHECK_FALSE(FieldSelector::parse("metadata.namespace=x", kind_of<Node>().selectable, false).has_value());
    CHECK_FALSE(FieldSelector::parse("metadata.name", kind_of<Pod>().selectable, true).has_value());
}

TEST_CASE("field selector: events are found by what they are about") {
    Event event;
    event.involved_object.kind = "Pod";
    event.involved_object.name = "web";
    event.source.component = "kubelet";
    const TypeInfo& type = type_info<Event>();
    auto matches = [&](std::string_view text) {
        return FieldSelector::parse(text, find_builtin_kind(type)->selectable, true).value().matches(type, &event);
    };
    CHECK(matches("involvedObject.name=web,involvedObject.namespace=,involvedObject.kind=Pod"));
    CHECK(matches("source=kubelet"));
    event.source.component = "";
    event.reporting_component = "node";
    CHECK(matches("source=node"));
}
