// The kinds that are served, as one constant table: what discovery, routing, the store and `get` ask about a kind.
#pragma once

#include <span>
#include <string_view>

#include "orilla/schema/selectors.hpp"
#include "orilla/schema/type_info.hpp"

namespace orilla::api {

/// What a write waits for. Writes to a status subresource are soft whatever the kind is.
enum class Durability : uint8_t {
    durable,  ///< answered after its fsync
    soft,     ///< answered from memory, written behind
    memory,   ///< never written
};

/// What metadata.generation counts.
enum class Generation : uint8_t {
    none,
    spec,         ///< changes of all but metadata and status
    annotations,  ///< those, and of annotations
};

/// The form of metadata.name.
enum class NameForm : uint8_t { subdomain, label, label1035 };

/// Where the subresource scale finds its numbers, as paths into the object: "spec.replicas". Empty: there is no scale.
struct ScalePaths {
    std::string_view replicas;  ///< wanted
    std::string_view current;
    std::string_view selector;
};

/// A subresource: pods/status, deployments/scale, ...
struct SubresourceInfo {
    std::string_view name;
    std::string_view group, version, kind;  ///< of its bodies
    std::span<const std::string_view> verbs;
};

/// A column of `get`; `meaning` is also its description. Priority 1 shows with -o wide.
struct ColumnInfo {
    std::string_view name, type, format, meaning;
    int priority;
};

struct KindRules;

struct KindInfo {
    std::string_view group;        ///< "apps"; "" for core
    std::string_view version;      ///< "v1"
    std::string_view api_version;  ///< "apps/v1", "v1"
    std::string_view kind;         ///< "Deployment"
    std::string_view list_kind;    ///< "DeploymentList"
    std::string_view plural;       ///< "deployments"
    std::string_view singular;     ///< "deployment"
    std::string_view resource;     ///< "deployments.apps", "pods": the store's name for it, and that of error messages
    std::string_view storage_version_hash;  ///< for discovery
    std::span<const std::string_view> short_names;
    std::span<const std::string_view> verbs;
    std::span<const std::string_view> categories;
    std::span<const SubresourceInfo> subresources;
    std::span<const ColumnInfo> columns;
    std::span<const SelectableField> selectable;
    const TypeInfo* type;
    const KindRules* rules;
    bool namespaced;
    Durability durability;
    Generation generation;
    NameForm name_form;
    ScalePaths scale;
    bool put_creates;         ///< a PUT of a missing one makes it
    bool put_needs_revision;  ///< one without resourceVersion is refused

    const SubresourceInfo* find_subresource(std::string_view name) const;
    bool has_verb(std::string_view verb) const;
};

/// In discovery order: core first.
std::span<const KindInfo> all_kinds();
/// nullptr when it is not served.
const KindInfo* find_kind(std::string_view group, std::string_view version, std::string_view kind);
/// By what a document says: find_kind("apps/v1", "Deployment").
const KindInfo* find_kind(std::string_view api_version, std::string_view kind);
const KindInfo* find_resource(std::string_view group, std::string_view version, std::string_view plural);
/// By the store's name: "deployments.apps".
const KindInfo* find_resource(std::string_view resource);
/// By the type of its struct.
const KindInfo* find_kind(const TypeInfo& type);
template <class T>
const KindInfo& kind_of() {
    return *find_kind(type_info<T>());
}
/// As a person types it: plural, singular, short name or kind in any case, with or without ".group" or
/// ".version.group".
const KindInfo* find_kind_by_any_name(std::string_view name);

}  // namespace orilla::api
