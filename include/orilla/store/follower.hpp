// Follows one resource for as long as it lives: every object there is, then every change, to one listener. It promises
// that a listener that only remembers keys never misses an object: after history was outrun it lists again and tells
// what vanished meanwhile. Events are hints; read the store for what is true now.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "orilla/loop/loop.hpp"
#include "orilla/store/store.hpp"

namespace orilla::store {

class Follower {
  public:
    /// `previous` is null for `added`; a `deleted` entry carries the last state that was seen. Never called from the
    /// constructor's caller's stack after `start`'s first listing.
    using Listener = std::function<void(const WatchEvent& event)>;

    Follower(loop::Loop& loop, Store& store, std::string resource, Listener listener);
    /// Tells what is there now, before it returns, and follows.
    void start();

  private:
    loop::Task<void> follow();
    void relist();
    void remember(const Key& key);
    loop::Loop& loop_;
    Store& store_;
    std::string resource_;
    Listener listener_;
    std::unordered_map<Key, EntryPtr, KeyHash> known_;
    uint64_t revision_ = 0;
    loop::Scope scope_;
};

}  // namespace orilla::store
