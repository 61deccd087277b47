#include "server/descriptions.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "orilla/api/kinds.hpp"

using namespace orilla;
using namespace orilla::server;

namespace {
void collect(const api::TypeInfo& type, std::set<const api::TypeInfo*>& seen) {
    if (!seen.insert(&type).second) return;
    for (const api::FieldInfo& field : type.fields) collect(*field.type, seen);
}
}  // namespace

TEST_CASE("descriptions: every line is about something that exists") {
    std::set<const api::TypeInfo*> types;
    for (const api::KindInfo& kind : api::all_kinds()) collect(*kind.type, types);
    std::set<std::string, std::less<>> known = {"*.apiVersion", "*.kind", "*.items"};
    for (const api::TypeInfo* type : types) {
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

TEST_CASE("descriptions: a field's own line comes before that of all types") {
    CHECK(describe_field("Pod", "metadata") == describe_type("*.metadata"));
    CHECK(describe_field("DeploymentSpec", "replicas").starts_with("The desired number of pods"));
    CHECK(describe_type("NoSuchType").empty());
}
