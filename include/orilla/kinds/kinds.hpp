// What discovery, routing, the store and `get` ask about a kind. Those that are built in are one constant table, which fills
// the registry (registry.hpp): what is served is asked there.
#pragma once

#include <atomic>
#include <span>
#include <string_view>
#include <utility>

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

/// Where the values of a kind stand.
enum class Payload : uint8_t {
    none,      ///< in memory, because everything that reconciles reads them synchronously
    file,      ///< large ones may stay in the file; such a kind has no synchronous reads
    passing,   ///< in memory, and they come and go in numbers
    computed,  ///< nowhere: they are made of other things when somebody reads them
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
class AddedKind;

struct KindInfo {
    std::string_view group;                 ///< "apps"; "" for core
    std::string_view version;               ///< "v1"
    std::string_view api_version;           ///< "apps/v1", "v1"
    std::string_view kind;                  ///< "Deployment"
    std::string_view list_kind;             ///< "DeploymentList"
    std::string_view plural;                ///< "deployments"
    std::string_view singular;              ///< "deployment"
    std::string_view resource;              ///< "deployments.apps", "pods": the store's name for it, and that of error messages
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
    Payload payload;
    Generation generation;
    NameForm name_form;
    ScalePaths scale;
    bool put_creates;         ///< a PUT of a missing one makes it
    bool put_needs_revision;  ///< one without resourceVersion is refused

    AddedKind* added = nullptr;  ///< what it is a part of; null: it is built in, and there for ever

    const SubresourceInfo* find_subresource(std::string_view name) const;
    bool has_verb(std::string_view verb) const;
    /// The same group and kind, in whatever version and of whatever registry.
    bool is_same_kind(const KindInfo& other) const { return group == other.group && kind == other.kind; }
};

/// A kind that comes and goes at run time: derive from it to own whatever `info` points to. It ends with its last KindRef.
class AddedKind {
  public:
    AddedKind() { info.added = this; }
    virtual ~AddedKind() = default;
    AddedKind(const AddedKind&) = delete;
    AddedKind& operator=(const AddedKind&) = delete;

    KindInfo info{};

  private:
    friend class KindRef;
    std::atomic<uint32_t> uses_ = 0;
};

/// Keeps a kind for whoever needs it longer than one turn of the loop: it may be taken out of the registry meanwhile. Costs a
/// pointer, and for built-in kinds nothing else.
class KindRef {
  public:
    KindRef() noexcept = default;
    KindRef(const KindInfo& kind) noexcept : kind_(&kind) {
        if (kind.added) kind.added->uses_.fetch_add(1, std::memory_order_relaxed);
    }
    KindRef(const KindRef& other) noexcept {
        if (other.kind_) *this = KindRef(*other.kind_);
    }
    KindRef(KindRef&& other) noexcept : kind_(std::exchange(other.kind_, nullptr)) {}
    KindRef& operator=(KindRef other) noexcept { return std::swap(kind_, other.kind_), *this; }
    ~KindRef() {
        if (kind_ && kind_->added && kind_->added->uses_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete kind_->added;
    }

    explicit operator bool() const { return kind_ != nullptr; }
    const KindInfo* get() const { return kind_; }
    const KindInfo& operator*() const { return *kind_; }
    const KindInfo* operator->() const { return kind_; }
    operator const KindInfo&() const { return *kind_; }
    /// The same kind of the same registration.
    bool operator==(const KindRef&) const = default;

  private:
    const KindInfo* kind_ = nullptr;
};

/// In discovery order: core first.
std::span<const KindInfo> builtin_kinds();
/// By the type of its struct; null for types that are no kinds.
const KindInfo* find_builtin_kind(const TypeInfo& type);
template <class T>
const KindInfo& kind_of() {
    return *find_builtin_kind(type_info<T>());
}

}  // namespace orilla::api
