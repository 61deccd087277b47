// Objects of one kind by what they say of themselves: who owns them, a label, the node they are on. It promises that a
// look-up costs what it finds, however many others there are, and that a change costs the terms of the object that
// changed. It follows the store; `catch_up` before a look-up that decides something.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orilla/objects/follower.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {

/// Adds the terms under which an object is to be found. Pure.
using TermsOf = void (*)(const api::Object& object, std::vector<std::string>& terms);

class TermIndex {
  public:
    /// Hears of every change after the index has taken it in.
    using Listener = Follower::Listener;

    TermIndex(loop::Loop& loop, Objects& objects, const api::KindInfo& kind, TermsOf terms_of);
    void subscribe(Listener listener) { listeners_.push_back(std::move(listener)); }
    void start() { follower_.start(); }
    loop::Task<void> catch_up() { return follower_.catch_up(); }

    /// In the order of namespaces and names.
    template <class T>
    std::vector<std::shared_ptr<const T>> find(std::string_view term) {
        std::vector<std::shared_ptr<const T>> found;
        for (ObjectPtr& object : find_any(term)) {
            const T* value = &object->as<T>();
            found.emplace_back(std::move(object), value);
        }
        return found;
    }
    size_t count(std::string_view term) const;

  private:
    struct Bucket;
    struct Record {
        store::EntryPtr entry;
        std::vector<Bucket*> buckets;  ///< sorted
    };
    struct ByName {
        bool operator()(const Record* a, const Record* b) const { return a->entry->key < b->entry->key; }
    };
    struct Bucket {
        std::string term;
        std::set<const Record*, ByName> records;
    };

    void changed(const store::WatchEvent& event);
    void put(const store::EntryPtr& entry);
    void drop(const store::Key& key);
    std::vector<Bucket*> buckets_of(const store::EntryPtr& entry);
    void leave(const Record& record, Bucket* bucket);
    std::vector<ObjectPtr> find_any(std::string_view term);

    Objects& objects_;
    const api::KindInfo& kind_;
    TermsOf terms_of_;
    std::vector<Listener> listeners_;
    std::unordered_map<store::Key, Record, store::KeyHash> records_;
    std::map<std::string_view, std::unique_ptr<Bucket>> buckets_;  ///< by their own terms
    Follower follower_;
};

}  // namespace orilla::objects
