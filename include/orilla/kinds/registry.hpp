// The kinds that are served now: the built-in ones, and those that are added and removed while the daemon runs. It is handed
// in, never global; whoever does something for every kind listens to it. Used on one thread.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/kinds/kinds.hpp"

namespace orilla::api {

constexpr size_t kinds_max = 1000;  ///< in one registry

class KindRegistry {
  public:
    struct Change {
        enum class Type { added, removed } type;
        KindRef kind;
    };
    using Listener = std::function<void(const Change&)>;
    /// Whoever lets go of it hears nothing more.
    using Subscription = std::shared_ptr<const void>;

    explicit KindRegistry(std::span<const KindInfo> first = builtin_kinds());
    KindRegistry(const KindRegistry&) = delete;
    KindRegistry& operator=(const KindRegistry&) = delete;

    /// Behind the others of its group and version. Fails when its kind or its resource is there already.
    Result<void> add(std::unique_ptr<AddedKind> kind);
    /// It is found no more, at once; its KindInfo stays for as long as somebody has a KindRef. Built-in kinds do not go.
    Result<void> remove(const KindInfo& kind);
    /// Called after each change, in the order of subscription. A listener may add and remove kinds.
    [[nodiscard]] Subscription on_change(Listener listener);
    /// Rises with every change: for whoever keeps what it has made of all kinds.
    uint64_t revision() const { return revision_; }

    /// In discovery order: core first, each group in one piece. A copy, as kinds may come and go while it is gone through.
    std::vector<KindRef> all() const { return kinds_; }
    /// One a resource: the first of its versions.
    std::vector<KindRef> resources() const;

    // What follows is null when it is not served. The pointer holds until the caller suspends; a KindRef holds longer.

    const KindInfo* find(std::string_view group, std::string_view version, std::string_view kind) const;
    /// By what a document says: find("apps/v1", "Deployment").
    const KindInfo* find(std::string_view api_version, std::string_view kind) const;
    /// By the type of its struct.
    const KindInfo* find(const TypeInfo& type) const;
    const KindInfo* find_resource(std::string_view group, std::string_view version, std::string_view plural) const;
    /// By the store's name: "deployments.apps".
    const KindInfo* find_resource(std::string_view resource) const;
    /// As a person types it: plural, singular, short name or kind in any case, with or without ".group" or
    /// ".version.group".
    const KindInfo* find_by_any_name(std::string_view name) const;
    /// Those of a category: "all".
    std::vector<KindRef> find_category(std::string_view category) const;

  private:
    void tell(Change::Type type, KindRef kind);
    std::vector<KindRef> kinds_;
    std::vector<std::weak_ptr<const Listener>> listeners_;
    uint64_t revision_ = 0;
};

/// The store's names of those whose values stand so.
std::set<std::string, std::less<>> resources_with(const KindRegistry& kinds, Payload payload);

}  // namespace orilla::api
