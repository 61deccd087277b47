#include "orilla/kinds/kinds.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/registry.hpp"
#include "orilla/kinds/types.hpp"

using namespace orilla::api;

TEST_CASE("kinds: events and leases stay in memory, metrics are stored nowhere, the rest is durable") {
    for (const KindInfo& kind : builtin_kinds()) {
        bool memory = kind.kind == "Event" || kind.kind == "Lease" || kind.payload == Payload::computed;
        CHECK(kind.durability == (memory ? Durability::memory : Durability::durable));
    }
}

TEST_CASE("kinds: every one has its metadata, columns and list type") {
    CHECK(builtin_kinds().size() >= 22);
    for (const KindInfo& kind : builtin_kinds()) {
        INFO(kind.kind);
        CHECK(kind.type->name == kind.kind);
        CHECK(kind.type->meta_offset >= 0);
        CHECK(kind.type->api_version == kind.api_version);
        CHECK(kind.columns.size() >= 2);
        CHECK(kind.has_verb("list"));
    }
    CHECK(kind_of<Deployment>().find_subresource("scale")->group == "autoscaling");
    CHECK(kind_of<ConfigMap>().find_subresource("status") == nullptr);
}

TEST_CASE("makes_pods: a template of pods is somewhere in the spec") {
    for (const char* name : {"Deployment", "ReplicaSet"}) CHECK(makes_pods(*KindRegistry().find("apps/v1", name)));
    CHECK(makes_pods(kind_of<Job>()));
    for (const char* name : {"Pod", "Service", "Namespace", "ConfigMap", "PersistentVolumeClaim"})
        CHECK_FALSE(makes_pods(*KindRegistry().find("v1", name)));
}

TEST_CASE("find_controller: of a kind, and not of one with the same name in another group") {
    ObjectMeta meta, owner;
    owner.name = "web";
    CHECK(find_controller(meta, kind_of<Deployment>()) == nullptr);
    meta.owner_references.push_back(make_controller_reference("apps/v2", "Deployment", owner));
    CHECK(find_controller(meta, kind_of<Deployment>()) == find_controller(meta));
    CHECK(find_controller(meta, kind_of<ReplicaSet>()) == nullptr);
    meta.owner_references[0].api_version = "example.org/v1";
    CHECK(find_controller(meta, kind_of<Deployment>()) == nullptr);
    meta.owner_references[0] = make_controller_reference("v1", "Pod", owner);
    CHECK(find_controller(meta, kind_of<Pod>()) != nullptr);
}

TEST_CASE("tables: every stored field of a served kind has its protobuf number") {
    for (const KindInfo& kind : builtin_kinds())
        for (const FieldInfo& field : kind.type->fields) CHECK(field.proto_field > 0);
    const FieldInfo* config_map = type_info<Volume>().find_field("configMap");
    REQUIRE(config_map != nullptr);
    CHECK(config_map->proto_outer == 2);
    CHECK(config_map->proto_field == 19);
}

TEST_CASE("tables: know merge keys, list types and enums") {
    const FieldInfo& containers = *type_info<PodSpec>().find_field("containers");
    CHECK(containers.rules().patch_strategy == "merge");
    CHECK(containers.rules().merge_key == "name");
    CHECK(containers.required);
    const FieldInfo& ports = *type_info<Container>().find_field("ports");
    CHECK(ports.rules().list_type == "map");
    CHECK(ports.rules().list_map_keys.size() == 2);
    CHECK(type_info<PodSpec>().find_field("restartPolicy")->rules().enum_values.size() == 3);
    CHECK(&type_info<PodSpec>().find_field("nodeName")->rules() == &no_rules);
}
