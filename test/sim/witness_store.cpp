#include "witness_store.hpp"

#include <algorithm>
#include <functional>

#include "orilla/kinds/kinds.hpp"

namespace orilla::sim {

using store::Durability;
using store::EntryPtr;
using store::Key;
using store::Task;
using store::Value;

namespace {
bool is_durable(Durability durability) { return durability == Durability::durable || durability == Durability::urgent; }
bool is_in_memory(std::string_view resource) {
    for (const auto& kind : api::builtin_kinds())
        if (kind.resource == resource) return kind.durability == api::Durability::memory;
    return false;
}

std::string key_label(const Key& key) { return key.resource + " " + key.ns + "/" + key.name; }
}  // namespace

// ---- ledger ----------------------------------------------------------------------------------------------------------

void Ledger::submitted(const Key& key, uint64_t revision, Durability durability, bool removal, std::string_view bytes) {
    if (revision <= shown_revision_)
        trace_.fail("revision " + std::to_string(revision) + " is given away again, for " + key_label(key));
    objects_[key].writes[revision] = {std::hash<std::string_view>()(bytes), durability, removal};
    if (is_durable(durability)) ++durable_writes_;
}

void Ledger::made_up(const Key& key) { trace_.fail("made up: a write of " + key_label(key)); }

/// From here on a later state or this one is there for ever: the earlier ones can be forgotten.
void Ledger::raise_floor(Object& object, uint64_t shown, bool soft) {
    for (auto write = object.writes.rbegin(); write != object.writes.rend(); ++write) {
        const Durability durability = write->second.durability;
        if (write->first > shown || !(soft ? durability != Durability::memory : is_durable(durability))) continue;
        if (write->first > object.floor) object.floor = write->first;
        break;
    }
    object.writes.erase(object.writes.begin(), object.writes.lower_bound(object.floor));
}

void Ledger::answered(const Key& key, uint64_t revision) { raise_floor(objects_[key], revision, false); }

void Ledger::refused(const Key& key, uint64_t revision) { objects_[key].writes.erase(revision); }

void Ledger::note_shown(const store::Store& store, bool soft) {
    shown_revision_ = std::max(shown_revision_, store.revision());
    for (auto& [key, object] : objects_) {
        if (is_in_memory(key.resource)) continue;
        const EntryPtr entry = store.find(key);
        // What is not seen was removed by a write up to now, or never published; only a removal can say so.
        uint64_t shown = entry ? entry->revision : 0;
        if (!entry)
            for (const auto& [revision, write] : object.writes)
                if (write.removal && revision <= store.revision()) shown = revision;
        raise_floor(object, shown, soft);
    }
}

void Ledger::check_object(const Key& key, const Object& object, const store::Entry* entry) {
    const auto floor = object.writes.find(object.floor);
    const bool removed = floor == object.writes.end() || floor->second.removal;
    if (!entry) {
        // A removal that was under way may have reached the disk.
        const bool may_be_gone =
            std::any_of(object.writes.begin(), object.writes.end(), [](const auto& one) { return one.second.removal; });
        if (object.floor != 0 && !removed && !may_be_gone)
            trace_.fail("lost: " + key_label(key) + " of revision " + std::to_string(object.floor));
        return;
    }
    if (entry->revision < object.floor || (entry->revision == object.floor && removed))
        return trace_.fail("lost: " + key_label(key) + " is back at revision " + std::to_string(entry->revision) +
                           ", revision " + std::to_string(object.floor) + " was answered or shown");
    const auto write = object.writes.find(entry->revision);
    if (write == object.writes.end())
        return trace_.fail("made up: " + key_label(key) + " of revision " + std::to_string(entry->revision));
    if (entry->json && std::hash<std::string_view>()(*entry->json) != write->second.hash)
        trace_.fail("made up: the content of " + key_label(key));
}

void Ledger::check_loaded(const store::Store& store) {
    if (store.revision() < shown_revision_)
        trace_.fail("the revision went back from " + std::to_string(shown_revision_) + " to " +
                    std::to_string(store.revision()));
    std::map<Key, EntryPtr> loaded;
    for (const auto& kind : api::builtin_kinds())
        for (const EntryPtr& entry : store.list(kind.resource, {}).entries) loaded[entry->key] = entry;
    for (const auto& [key, entry] : loaded)
        if (!objects_.contains(key)) trace_.fail("made up: " + key_label(key));
    for (auto object = objects_.begin(); object != objects_.end();) {
        const auto entry = loaded.find(object->first);
        check_object(object->first, object->second, entry == loaded.end() ? nullptr : entry->second.get());
        if (entry == loaded.end()) {
            object = objects_.erase(object);
            continue;
        }
        // Now it is this state that counts; what was written over it is gone with the daemon.
        auto& writes = object->second.writes;
        writes.erase(writes.upper_bound(entry->second->revision), writes.end());
        object->second.floor = entry->second->revision;
        writes.erase(writes.begin(), writes.lower_bound(object->second.floor));
        ++object;
    }
}

// ---- store -----------------------------------------------------------------------------------------------------------

std::shared_ptr<WitnessStore::Claim> WitnessStore::claim(Key key, Durability durability, bool removal, Value value) {
    auto made = std::make_shared<Claim>(Claim{std::move(key), durability, removal, std::move(value)});
    std::erase_if(claims_, [](const auto& one) { return one.expired(); });
    claims_.push_back(made);
    return made;
}

/// The first of this name that says so and has none yet.
void WitnessStore::note_submitted(const store::Entry& entry) {
    for (const auto& weak : claims_) {
        const auto claim = weak.lock();
        if (!claim || claim->revision != 0 || claim->key != entry.key ||
            with_revision(claim->value, entry.revision) != *entry.json)
            continue;
        claim->revision = entry.revision;
        return ledger_.submitted(claim->key, entry.revision, claim->durability, claim->removal, *entry.json);
    }
    ledger_.made_up(entry.key);
}

Task<Result<EntryPtr>> WitnessStore::answer(std::shared_ptr<Claim> claim, Task<Result<EntryPtr>> task) {
    auto result = co_await std::move(task);
    if (result) ledger_.answered(claim->key, claim->revision);
    else if (claim->revision != 0) ledger_.refused(claim->key, claim->revision);
    co_return result;
}

Task<Result<EntryPtr>> WitnessStore::create(Key key, Durability durability, Value value) {
    auto made = claim(key, durability, false, value);
    return answer(std::move(made), inner_->create(std::move(key), durability, std::move(value)));
}

Task<Result<EntryPtr>> WitnessStore::update(Key key, uint64_t expected, Durability durability, Value value) {
    auto made = claim(key, durability, false, value);
    return answer(std::move(made), inner_->update(std::move(key), expected, durability, std::move(value)));
}

Task<Result<EntryPtr>> WitnessStore::remove(Key key, uint64_t expected, Durability durability, Value last_state) {
    auto made = claim(key, durability, true, last_state);
    return answer(std::move(made), inner_->remove(std::move(key), expected, durability, std::move(last_state)));
}

}  // namespace orilla::sim
