// One kind of object, followed once for everybody: a change is decoded once for all who are told, and look-ups by what
// objects say of themselves (their owner, a label, their node) cost what they find, however many others there are. It
// promises that a follower that only remembers keys never misses an object: after history was outrun the feed lists again
// and tells what vanished meanwhile; and that many objects are told in portions, between which others run. An index that
// nobody asked for is not built. Changes are hints; read the store for what is true now, or `catch_up` first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "orilla/loop/loop.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/store/store.hpp"

namespace orilla::objects {

/// Adds the terms under which an object is to be found. Pure.
using TermsOf = void (*)(const api::Object& object, std::vector<std::string>& terms);

/// What a look-up asks for, and which index answers; see terms.hpp.
struct Term {
    TermsOf of = nullptr;
    std::string text;
};

/// What a follower is told. `previous` is null for `added`; a `deleted` entry carries the last state that was seen.
class FeedEvent : public store::WatchEvent {
  public:
    FeedEvent(Objects& objects, const api::KindInfo& kind, store::WatchEvent event)
        : store::WatchEvent(std::move(event)), objects_(objects), kind_(kind) {}
    /// As it is now, or was last; null when it cannot be read or is too large to be in memory.
    const ObjectPtr& object() const { return read(entry, object_); }
    const ObjectPtr& before() const { return read(previous, before_); }
    template <class T>
    const T* as() const {
        return object() ? &object_.object->as<T>() : nullptr;
    }
    template <class T>
    const T* before_as() const {
        return before() ? &before_.object->as<T>() : nullptr;
    }
    bool is_deleted() const { return type == Type::deleted; }
    /// What asks for the same terms or owner as before need not be looked at twice.
    std::vector<ObjectPtr> states() const;

  private:
    struct Decoded {
        bool tried = false;
        ObjectPtr object;
    };
    const ObjectPtr& read(const store::EntryPtr& entry, Decoded& decoded) const;
    Objects& objects_;
    const api::KindInfo& kind_;
    mutable Decoded object_, before_;
};

class Follower;

class Feed {
  public:
    Feed(loop::Loop& loop, Objects& objects, const api::KindInfo& kind);
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    /// Builds the index before it is filled; otherwise the first look-up walks over all there are.
    void keep(TermsOf of);
    /// In the order of namespaces and names. Only a feed that somebody follows has any.
    template <class T>
    std::vector<std::shared_ptr<const T>> find(const Term& term) {
        std::vector<std::shared_ptr<const T>> found;
        for (ObjectPtr& object : find_any(term)) {
            const T* value = &object->as<T>();
            found.emplace_back(std::move(object), value);
        }
        return found;
    }
    size_t count(const Term& term);
    /// Ends when everything that readers see now was told; also before anybody follows it waits for that.
    loop::Task<void> catch_up();

  private:
    friend class Follower;
    struct Record;
    using Records = std::vector<const Record*>;            ///< in the order of their keys
    using Bucket = std::pair<const std::string, Records>;  ///< all of one term
    struct Record {
        // Mutable, because what identifies it in its set, the key, never changes.
        mutable store::EntryPtr entry;
        mutable std::vector<Bucket*> buckets;  ///< sorted
    };
    struct KeyOf {
        using is_transparent = void;
        size_t operator()(const store::Key& key) const { return store::KeyHash()(key); }
        size_t operator()(const Record& record) const { return store::KeyHash()(record.entry->key); }
    };
    struct SameKey {
        using is_transparent = void;
        static const store::Key& view(const store::Key& key) { return key; }
        static const store::Key& view(const Record& record) { return record.entry->key; }
        bool operator()(const auto& a, const auto& b) const { return view(a) == view(b); }
    };
    struct TextHash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };

    void join(Follower& follower);
    void leave(Follower& follower);
    std::vector<store::EntryPtr> known() const;
    store::EntryPtr find_known(const store::Key& key) const;

    loop::Task<void> follow();
    loop::Task<void> relist();
    void take(const store::WatchEvent& event);
    void tell(const FeedEvent& event);
    void put(const FeedEvent& event);
    void drop(const store::Key& key);
    void index(const Record& record, const ObjectPtr& object);
    std::vector<Bucket*> buckets_of(const api::Object& object);
    void leave_bucket(const Record& record, Bucket* bucket);
    std::vector<ObjectPtr> find_any(const Term& term);

    loop::Loop& loop_;
    Objects& objects_;
    const api::KindRef kept_;
    const api::KindInfo& kind_;
    const std::string resource_;
    std::vector<TermsOf> terms_of_;
    std::vector<Follower*> followers_;
    std::unordered_set<Record, KeyOf, SameKey> records_;
    std::unordered_map<std::string, Records, TextHash, std::equal_to<>> buckets_;
    uint64_t revision_ = 0;
    std::unique_ptr<store::Watch> watch_;  ///< null while it lists
    bool started_ = false;
    bool ended_ = false;   ///< the store is closing
    loop::Event changed_;  ///< any of these, or a follower's `told_`
    loop::Scope scope_;
};

/// One who is told: every object there is, then every change.
class Follower {
  public:
    using Listener = std::function<void(const FeedEvent& event)>;

    Follower(Objects& objects, const api::KindInfo& kind, Listener listener);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    /// Tells what is there now, the first portion before it returns, and follows. An object that changes while the others
    /// are still being told may be told twice.
    void start();
    /// Tells nothing more.
    void stop();
    /// As Feed::catch_up, for this listener: for whoever decides by what it has put together.
    loop::Task<void> catch_up();

  private:
    friend class Feed;
    loop::Task<void> tell_known(std::vector<store::EntryPtr> known);
    const std::shared_ptr<Feed> feed_;  ///< outlives its kind
    Listener listener_;
    bool told_ = false;                   ///< what was there when it started
    std::unique_ptr<loop::Scope> scope_;  ///< of tell_known
};

template <class T>
Feed& Objects::feed() {
    return *share_feed(api::kind_of<T>());
}

}  // namespace orilla::objects
