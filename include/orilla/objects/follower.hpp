// Follows one resource for as long as it lives: every object there is, then every change, to one listener. It promises
// that a listener that only remembers keys never misses an object: after history was outrun it lists again and tells
// what vanished meanwhile; and that many objects are told in portions, between which others run. Events are hints; read
// the store for what is true now, or `catch_up` first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "orilla/loop/loop.hpp"
#include "orilla/store/store.hpp"

namespace orilla::objects {

class Follower {
  public:
    /// `previous` is null for `added`; a `deleted` entry carries the last state that was seen.
    using Listener = std::function<void(const store::WatchEvent& event)>;

    Follower(loop::Loop& loop, store::Store& store, std::string resource, Listener listener);
    /// Tells what is there now, the first portion before it returns, and follows.
    void start() { scope_.spawn(follow()); }
    /// Ends when everything that readers see now was told; also before `start` it waits for that. For whoever decides by
    /// what a listener has put together.
    loop::Task<void> catch_up();

  private:
    struct KeyOf {
        using is_transparent = void;
        size_t operator()(const store::Key& key) const { return store::KeyHash()(key); }
        size_t operator()(const store::EntryPtr& entry) const { return store::KeyHash()(entry->key); }
    };
    struct SameKey {
        using is_transparent = void;
        static const store::Key& view(const store::Key& key) { return key; }
        static const store::Key& view(const store::EntryPtr& entry) { return entry->key; }
        bool operator()(const auto& a, const auto& b) const { return view(a) == view(b); }
    };
    using Known = std::unordered_set<store::EntryPtr, KeyOf, SameKey>;

    loop::Task<void> follow();
    loop::Task<void> relist();
    void take(const store::WatchEvent& event);
    void remember(const store::WatchEvent& event);
    loop::Loop& loop_;
    store::Store& store_;
    std::string resource_;
    Listener listener_;
    Known known_;
    uint64_t revision_ = 0;
    std::unique_ptr<store::Watch> watch_;  ///< null while it lists
    bool ended_ = false;            ///< the store is closing
    loop::Event changed_;           ///< of the two
    loop::Scope scope_;
};

}  // namespace orilla::objects
