#include "orilla/objects/decoding.hpp"

#include <catch2/catch.hpp>

#include "../../support/kinds.hpp"
#include "../../support/object_world.hpp"
#include "orilla/kinds/codec.hpp"

using namespace orilla;
using namespace orilla::objects;
using namespace orilla::store;
using orilla::test::ObjectWorld;

namespace {
std::string map_of_keys(int keys) {
    std::string json = R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"m","namespace":"default"},"data":{)";
    for (int i = keys; i > 0; --i) json += (i == keys ? "\"" : ",\"") + std::to_string(i) + "\":\"\"";
    return json + "}}";
}

/// Counts the turns that others had.
loop::Task<void> count_turns(loop::Loop& loop, const bool& done, int& turns) {
    while (!done) {
        ++turns;
        co_await loop.yield();
    }
}

loop::Task<void> decode(loop::Loop& loop, const std::string& json, bool& done, size_t& keys) {
    AWAIT(auto object, decode_in_turns(loop, api::kind_of<api::ConfigMap>(), json, nullptr));
    if (object) keys = object->as<api::ConfigMap>().data.size();
    done = true;
}
}  // namespace

TEST_CASE("decode_in_turns: others have the loop after each portion of a large document") {
    ObjectWorld w;
    const std::string json = map_of_keys(100'000);
    bool done = false;
    int turns = 0;
    size_t keys = 0;
    loop::Scope scope(w.loop);
    scope.spawn(decode(w.loop, json, done, keys));
    scope.spawn(count_turns(w.loop, done, turns));
    w.settle();
    CHECK(done);
    CHECK(keys == 100'000);
    CHECK(turns >= static_cast<int>(json.size() / decoded_per_turn_bytes_max));
}

TEST_CASE("decode_in_turns: a small document is decoded at once") {
    ObjectWorld w;
    const std::string json = map_of_keys(10);
    bool done = false;
    size_t keys = 0;
    loop::Scope scope(w.loop);
    scope.spawn(decode(w.loop, json, done, keys));
    CHECK(done);
    CHECK(keys == 10);
}

TEST_CASE("Objects: a large object is read and written like a small one") {
    ObjectWorld w;
    auto object = api::decode_object(orilla::test::builtin(), map_of_keys(30'000));
    REQUIRE(object);
    auto created = w.run(w.objects.create(object->clone(), {}));
    REQUIRE(created);
    auto read = w.run(w.objects.read(api::kind_of<api::ConfigMap>(), "default", "m"));
    REQUIRE(read);
    CHECK(read->object->as<api::ConfigMap>().data == object->as<api::ConfigMap>().data);
    auto removed = w.run(w.objects.remove(api::kind_of<api::ConfigMap>(), "default", "m", {}));
    REQUIRE(removed);
}
