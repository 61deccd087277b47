// Typed objects over the store: the one place where the API's write semantics live, used alike by the server, the
// controllers and the node. It promises that whatever is stored was defaulted, admitted and validated, that metadata the
// client does not own (uid, creationTimestamp, generation, deletion) is never taken from it, and that status and spec are
// written apart. It refuses what the API refuses, in kubectl's wording.
//
// Reads: `get` and `list` answer from memory and share decoded objects. ConfigMaps and Secrets may be too large for that
// and are only offered through `read`.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/random.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/kinds/registry.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/admission.hpp"
#include "orilla/store/store.hpp"

namespace orilla::objects {

using loop::Task;

/// A decoded object, shared with the cache; its metadata.resourceVersion is set. Loop thread only.
using ObjectPtr = std::shared_ptr<const api::Object>;

/// The outcome of a write or read: the bytes for an answer, and what they say.
struct Stored {
    store::EntryPtr entry;  ///< always resident
    ObjectPtr object;
    bool created = false;  ///< an update made it
};

/// What an update does when there is no such object.
enum class WhenMissing {
    refuse,
    create,  ///< where the kind lets a PUT do so
};

enum class Propagation { unset, background, foreground, orphan };

struct DeleteOptions {
    std::optional<int64_t> grace_period_seconds;
    Propagation propagation = Propagation::unset;
    std::string uid;               ///< precondition, empty: none
    std::string resource_version;  ///< precondition, empty: none
    WriteContext context = {};
};

struct Removed {
    Stored last;
    bool still_exists = false;  ///< it waits for its grace period or for finalizers
};

/// What a collection was before it was deleted: every member's last state, as long as they are not too much to answer with.
struct RemovedCollection {
    static constexpr size_t bytes_max = size_t{8} << 20;
    size_t count = 0;
    std::vector<store::EntryPtr> last;
    size_t bytes = 0;
    bool whole() const { return last.size() == count; }
    void add(store::EntryPtr entry);
};

/// Every cluster has them; those that may be deleted come back.
inline constexpr std::array<std::string_view, 4> standard_namespaces = {"default", "kube-system", "kube-public",
                                                                        "kube-node-lease"};

/// Payloads (ConfigMaps, Secrets) may stay in the file.
template <class T>
concept AlwaysResident = !requires {
    typename T::MayStayInFile;
};

/// What the store is given of an object; it puts the revision in.
store::Value value_of(const api::Object& object);

class Feed;
class UnsettledWrites;

class Objects {
  public:
    using Change = std::function<Result<void>(api::Object&)>;
    using Match = std::function<bool(const api::Object&)>;

    /// All must outlive it. `store` must keep every kind but those of Payload::file resident (store_options.hpp).
    Objects(loop::Loop& loop, store::Store& store, Random& random, api::KindRegistry& kinds);
    ~Objects();
    Objects(const Objects&) = delete;
    Objects& operator=(const Objects&) = delete;

    /// Whoever writes does so here.
    store::Reader& store() { return store_; }
    /// What is served.
    api::KindRegistry& kinds() const { return kinds_; }
    const Clock& clock() const { return loop_.clock(); }
    /// Before the first write. Asked in the order of registration.
    void add_admission(Admission& admission) { admissions_.add(admission); }
    /// Makes those of standard_namespaces that are missing.
    Task<Result<void>> ensure_standard_namespaces();

    // Writes of any kind.

    /// metadata.name, or generateName with retries.
    Task<Result<Stored>> create(api::Object object, WriteContext context = {});
    /// metadata.resourceVersion (but for "0") and uid in `object` are preconditions when set. A write that changes nothing
    /// answers with what is stored. Taking off the last finalizer of an object that is being deleted removes it.
    Task<Result<Stored>> update(api::Object object, Part part = Part::main, WriteContext context = {},
                                WhenMissing when_missing = WhenMissing::refuse);
    /// Reads, lets `change` edit a copy, and updates; starts over when another write came between. A resourceVersion
    /// that `change` sets is a precondition and is not tried again. `change` may run several times.
    Task<Result<Stored>> modify(const api::KindInfo& kind, std::string ns, std::string name, Change change,
                                Part part = Part::main, WriteContext context = {});
    Task<Result<Removed>> remove(const api::KindInfo& kind, std::string ns, std::string name, DeleteOptions options = {});
    /// Deletes those that match, several at a time; the first error that is not "it is already gone" ends it.
    Task<Result<RemovedCollection>> remove_collection(const api::KindInfo& kind, std::string ns, Match match,
                                                      DeleteOptions options = {});
    /// The same of those alone; what is already gone is passed over.
    Task<Result<RemovedCollection>> remove_members(const api::KindInfo& kind, std::vector<store::EntryPtr> members, Match match,
                                                   DeleteOptions options = {});
    /// What the scheduler and pods/binding do: gives the pod its node. 409 when it has one.
    Task<Result<Stored>> bind(std::string ns, std::string pod, std::string node, WriteContext context = {});

    /// Drops decoded objects that nobody has asked for since the last call: in a time of rest their texts are enough.
    void age_decoded();

    // Reads of any kind.

    Task<Result<Stored>> read(const api::KindInfo& kind, std::string ns, std::string name);
    /// Decodes an entry of that kind, in whatever version is asked for; shared with the cache. What cannot be read is logged,
    /// once.
    Result<ObjectPtr> decode(const api::KindInfo& kind, const store::EntryPtr& entry);

    /// What follows this kind for everybody; see feed.hpp. Made when it is first asked for, and forgotten when the kind is
    /// served no more: who asks later has one for himself.
    std::shared_ptr<Feed> share_feed(const api::KindInfo& kind);
    /// Of a built-in kind.
    template <class T>
    Feed& feed();

    // Typed. `get` is null when there is none.

    template <AlwaysResident T>
    std::shared_ptr<const T> get(std::string_view ns, std::string_view name) {
        return typed<T>(find(api::kind_of<T>(), ns, name));
    }
    template <AlwaysResident T>
    std::shared_ptr<const T> get(std::string_view name) {
        return get<T>({}, name);
    }
    /// All namespaces when `ns` is empty; ordered by namespace and name.
    template <AlwaysResident T>
    std::vector<std::shared_ptr<const T>> list(std::string_view ns = {}) {
        std::vector<std::shared_ptr<const T>> typed_list;
        for (ObjectPtr& object : find_all(api::kind_of<T>(), ns)) typed_list.push_back(typed<T>(std::move(object)));
        return typed_list;
    }
    template <class T>
    Task<Result<std::shared_ptr<const T>>> read(std::string ns, std::string name) {
        return typed_task<T>(read(api::kind_of<T>(), std::move(ns), std::move(name)));
    }
    template <class T>
    requires requires { typename T::ApiStruct; }
    Task<Result<std::shared_ptr<const T>>> create(T object) { return typed_task<T>(create(api::Object(std::move(object)))); }
    template <class T>
    requires requires { typename T::ApiStruct; }
    Task<Result<std::shared_ptr<const T>>> update(T object, Part part = Part::main) {
        return typed_task<T>(update(api::Object(std::move(object)), part));
    }
    template <class T>
    Task<Result<std::shared_ptr<const T>>> modify(std::string ns, std::string name, std::function<Result<void>(T&)> change,
                                                  Part part = Part::main) {
        Change any = [change = std::move(change)](api::Object& object) { return change(object.as<T>()); };
        return typed_task<T>(modify(api::kind_of<T>(), std::move(ns), std::move(name), std::move(any), part));
    }
    template <class T>
    Task<Result<std::shared_ptr<const T>>> modify_status(std::string ns, std::string name,
                                                         std::function<Result<void>(T&)> change) {
        return modify<T>(std::move(ns), std::move(name), std::move(change), Part::status);
    }
    template <class T>
    Task<Result<Removed>> remove(std::string ns, std::string name, DeleteOptions options = {}) {
        return remove(api::kind_of<T>(), std::move(ns), std::move(name), std::move(options));
    }

  private:
    class Cache;
    struct Bootstrap;
    struct Removal;
    template <class T>
    static std::shared_ptr<const T> typed(ObjectPtr object) {
        if (!object) return nullptr;
        const T* value = &object->as<T>();
        return std::shared_ptr<const T>(std::move(object), value);
    }
    template <class T>
    static Task<Result<std::shared_ptr<const T>>> typed_task(Task<Result<Stored>> task) {
        Result<Stored> stored = co_await std::move(task);
        if (!stored) co_return std::move(stored).error();
        co_return typed<T>(std::move(stored->object));
    }
    ObjectPtr find(const api::KindInfo& kind, std::string_view ns, std::string_view name);
    std::vector<ObjectPtr> find_all(const api::KindInfo& kind, std::string_view ns);

    Task<void> ensure_namespace(std::string name, Bootstrap& bootstrap);
    Task<void> remove_next_ones(Removal& all);
    Task<Result<void>> remove_if_matching(Removal& all, store::Key key);
    Result<void> prepare_create(api::Object& object);
    Task<Result<Stored>> create_by_update(api::Object object, WriteContext context);
    /// What a write keeps of its writer's context, as it may outlive it.
    struct Manner {
        explicit Manner(const WriteContext& context, Part the_part = Part::main)
            : part(the_part), subresource(context.subresource), dry_run(context.dry_run) {}
        Part part;
        std::string subresource;
        bool dry_run;
    };
    Task<Result<Stored>> create_named(std::shared_ptr<api::Object> object, Manner manner);
    Task<Result<Stored>> update_once(const Stored& old, api::Object object, Part part, WriteContext context);
    Task<Result<Stored>> write_update(Stored old, std::shared_ptr<api::Object> object, Manner manner);
    Task<Result<Removed>> remove_once(Stored old, DeleteOptions options, Manner manner);
    Task<Result<Removed>> remove_unreadable(const api::KindInfo& kind, store::EntryPtr entry, DeleteOptions options);
    void report_unreadable(const store::Entry& entry, const Error& error);
    Task<Result<Stored>> erase(Stored old, std::shared_ptr<api::Object> last, Manner manner);
    Stored remember(store::EntryPtr entry, std::shared_ptr<api::Object> object);

    loop::Loop& loop_;
    store::Store& store_;
    Random& random_;
    api::KindRegistry& kinds_;
    AdmissionChain admissions_;
    std::unique_ptr<Cache> cache_;
    std::map<store::Key, uint64_t> unreadable_;                    ///< revisions that were logged
    std::map<const api::KindInfo*, std::shared_ptr<Feed>> feeds_;  ///< of those that are served; a feed holds its kind
    api::KindRegistry::Subscription kind_changes_;
    std::unique_ptr<UnsettledWrites> unsettled_;  ///< before all of the others
};

}  // namespace orilla::objects
