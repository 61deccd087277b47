// Maps whose entries come in any order, by JSON and by protobuf, whole and in portions.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/gradual.hpp"
#include "orilla/schema/protobuf.hpp"

using namespace orilla;
using namespace orilla::api;

namespace {
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Keys with long beginnings in common, keys that begin others, ends within and at the limits of eight bytes, zeros.
Pairs awkward_pairs() {
    Pairs pairs;
    for (int i = 0; i < 300; ++i) pairs.emplace_back("k" + std::to_string(i), "1");
    const std::string common(100, 'c');
    for (size_t length = 1; length < 40; ++length) {
        pairs.emplace_back(common.substr(0, length), "2");
        pairs.emplace_back(common + std::string(length, 'd'), "3");
        pairs.emplace_back(std::string(length, '\0'), "4");
        pairs.emplace_back("z" + std::string(length, '\xff'), "5");
        pairs.emplace_back("\xc3\xa4" + std::string(length, 'e'), "6");
    }
    pairs.emplace_back("", "7");
    std::erase_if(pairs, [](const auto& pair) { return pair.first.find('\xff') != std::string::npos; });  // no UTF-8
    return pairs;
}

std::string config_map_of(const Pairs& pairs) {
    std::string json = R"({"metadata":{"name":"m"},"data":{)";
    for (const auto& [key, value] : pairs) {
        if (json.back() != '{') json += ',';
        append_json_string(json, key);
        json += ":\"" + value + "\"";
    }
    return json + "}}";
}

std::string length_of(size_t bytes) {
    std::string out;
    for (; bytes >= 0x80; bytes >>= 7) out += static_cast<char>(bytes | 0x80);
    return out += static_cast<char>(bytes);
}
std::string field(char number, const std::string& value) {
    return static_cast<char>(number << 3 | 2) + length_of(value.size()) + value;
}

Pairs pairs_of(const ConfigMap& map) {
    Pairs pairs;
    for (const auto& entry : map.data) pairs.emplace_back(entry.key.str(), entry.value.str());
    return pairs;
}

Pairs sorted(const Pairs& pairs) {
    std::map<std::string, std::string> all;
    for (const auto& [key, value] : pairs) all[key] = value;
    return {all.begin(), all.end()};
}

Result<Object> decode_in_portions(std::string_view json, size_t bytes, DecodeReport* report) {
    GradualObject decoder(kind_of<ConfigMap>(), json, report);
    for (;;) {
        TRY(const bool done, decoder.advance(bytes));
        if (done) return decoder.take();
    }
}
}  // namespace

TEST_CASE("maps: whatever order the entries come in, they end in the order of their keys") {
    Pairs pairs = awkward_pairs();
    std::mt19937 random(7);
    for (int round = 0; round < 6; ++round) {
        if (round == 1) std::sort(pairs.begin(), pairs.end());
        else if (round == 2) std::reverse(pairs.begin(), pairs.end());
        else std::shuffle(pairs.begin(), pairs.end(), random);
        const auto from_json = decode<ConfigMap>(config_map_of(pairs));
        REQUIRE(from_json);
        CHECK(pairs_of(*from_json) == sorted(pairs));
        std::string message;
        for (const auto& [key, value] : pairs) message += field(2, field(1, key) + field(2, value));
        ConfigMap from_protobuf{};
        REQUIRE(decode_protobuf_into(type_info<ConfigMap>(), &from_protobuf, message));
        CHECK(pairs_of(from_protobuf) == sorted(pairs));
    }
}

TEST_CASE("maps: of a key that comes again the last value counts, and each time is told, in the order of the document") {
    Pairs pairs;
    for (int i = 199; i >= 100; --i) pairs.emplace_back("k" + std::to_string(i), "first");
    pairs.emplace_back("k150", "second");
    pairs.emplace_back("k199", "second");
    pairs.emplace_back("k150", "third");
    DecodeReport report;
    const auto map = decode<ConfigMap>(config_map_of(pairs), &report);
    REQUIRE(map);
    CHECK(map->data.size() == 100);
    CHECK(*map->data.get("k150") == "third");
    CHECK(*map->data.get("k199") == "second");
    CHECK(*map->data.get("k101") == "first");
    CHECK(report.problem_texts() == std::vector<std::string>{R"(duplicate field "data.k150")", R"(duplicate field "data.k199")",
                                                             R"(duplicate field "data.k150")"});
    std::string message;
    for (const auto& [key, value] : pairs) message += field(2, field(1, key) + field(2, value));
    ConfigMap from_protobuf{};
    REQUIRE(decode_protobuf_into(type_info<ConfigMap>(), &from_protobuf, message));
    CHECK(from_protobuf.data == map->data);
}

TEST_CASE("maps: an error in an entry out of order names the entry") {
    Pairs pairs;
    for (int i = 199; i >= 100; --i) pairs.emplace_back("k" + std::to_string(i), "v");
    std::string json = config_map_of(pairs);
    json.replace(json.find("\"k105\":\"v\""), 10, "\"k105\":[7]");
    CHECK(decode<ConfigMap>(json).error().message() == "data.k105: expected string, got array");
}

TEST_CASE("GradualObject: gives what decode_object gives, whatever the portions") {
    Pairs pairs = awkward_pairs();
    std::reverse(pairs.begin(), pairs.end());
    pairs.push_back(pairs.front());
    const std::string good = config_map_of(pairs);
    const std::string documents[] = {good,
                                     good + " \n\t ",
                                     good + " x",
                                     good.substr(0, good.size() - 1),
                                     R"({"kind":"Secret","data":{}})",
                                     R"({"apiVersion":"v2"})",
                                     R"({"data":{"a":1}})",
                                     R"({"unknown":[1,{"a":"\u00e4\n"}],"data":{"\u0061":"\"","b":"\ud83d\ude00"}})",
                                     "{\n\"data\":\n{,}}",
                                     "{} {}",
                                     "",
                                     " ",
                                     "7"};
    for (const std::string& json : documents) {
        DecodeReport whole_report;
        const auto whole = decode_object(kind_of<ConfigMap>(), json, &whole_report);
        for (size_t bytes = 1; bytes <= json.size() + 1; bytes = bytes < 40 ? bytes + 1 : bytes * 2) {
            DecodeReport report;
            const auto portions = decode_in_portions(json, bytes, &report);
            INFO(bytes << " bytes at a time of " << json.substr(0, 100));
            REQUIRE(portions.has_value() == whole.has_value());
            if (!whole) CHECK(portions.error().message() == whole.error().message());
            else CHECK(*portions == *whole);
            CHECK(report.field_problems == whole_report.field_problems);
        }
    }
}
