#include "apiserver/describe/descriptions.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "kinds/refused_fields.hpp"
#include "orilla/kinds/kinds.hpp"

using namespace orilla;
using namespace orilla::apiserver;
using namespace orilla::http;
using namespace orilla::pki;

namespace {
void collect(const api::TypeInfo& type, std::set<const api::TypeInfo*>& seen) {
    if (!seen.insert(&type).second) return;
    for (const api::FieldInfo& field : type.fields) collect(*field.type, seen);
}

std::set<const api::TypeInfo*> served_types() {
    std::set<const api::TypeInfo*> types;
    for (const api::KindInfo& kind : api::builtin_kinds()) collect(*kind.type, types);
    return types;
}
}  // namespace

TEST_CASE("descriptions: every line is about something that exists") {
    std::set<std::string, std::less<>> known = {"*.apiVersion", "*.kind"};
    for (const api::TypeInfo* type : served_types()) {
        known.insert(std::string(type->name));
        for (const api::FieldInfo& field : type->fields) {
            known.insert(std::string(type->name) + "." + std::string(field.name));
            known.insert("*." + std::string(field.name));
        }
    }
    for (const Description& line : all_descriptions()) {
        INFO(line.key());
        CHECK(known.contains(line.key()));
    }
}

TEST_CASE("descriptions: every field of every kind has a line") {
    for (const api::TypeInfo* type : served_types())
        for (const api::FieldInfo& field : type->fields) {
            INFO(type->name << "." << field.name);
            CHECK(!describe_field(type->name, field.name).empty());
        }
}

TEST_CASE("descriptions: a field that is always refused says so") {
    int refused = 0;
    for (const api::TypeInfo* type : served_types()) {
        const std::vector<uint64_t> nothing(type->size / sizeof(uint64_t) + 1);
        for (const api::FieldInfo& field : type->fields) {
            if (!api::find_refusal(*type, field, nothing.data())) continue;
            ++refused;
            INFO(type->name << "." << field.name);
            CHECK(describe_field(type->name, field.name).find("Not supported") != std::string_view::npos);
        }
    }
    CHECK(refused > 50);
}

TEST_CASE("descriptions: several fields can share a line") {
    CHECK(describe_field("EphemeralContainer", "env") == "Environment variables.");
    CHECK(describe_field("EphemeralContainer", "env") == describe_field("Container", "env"));
}

TEST_CASE("descriptions: a field's own line comes before that of all types") {
    CHECK(describe_field("Pod", "metadata") == describe_type("*.metadata"));
    CHECK(describe_field("DeploymentSpec", "replicas").starts_with("The desired number of pods"));
    CHECK(describe_type("NoSuchType").empty());
}
