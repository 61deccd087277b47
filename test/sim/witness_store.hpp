// Stands between the daemon and its store and remembers every write and every answer, so that after a crash it can say
// whether something that was answered or shown is lost, something that nobody wrote is there, or revisions went back.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "orilla/store/store.hpp"
#include "trace.hpp"

namespace orilla::sim {

/// What outlives the daemon's lives.
class Ledger {
  public:
    explicit Ledger(Trace& trace) : trace_(trace) {}

    void submitted(const store::Key& key, uint64_t revision, store::Durability durability, bool removal,
                   std::string_view bytes);
    void answered(const store::Key& key, uint64_t revision);
    /// The store writes what nobody asked for.
    void made_up(const store::Key& key);
    /// Answered with an error: it never happened.
    void refused(const store::Key& key, uint64_t revision);
    /// The daemon is about to be killed: what readers see now was shown. With `soft` everything must be there again.
    void note_shown(const store::Store& store, bool soft);
    /// A daemon has loaded the store.
    void check_loaded(const store::Store& store);
    uint64_t durable_writes() const { return durable_writes_; }

  private:
    struct Write {
        uint64_t hash = 0;
        store::Durability durability = store::Durability::durable;
        bool removal = false;
    };
    struct Object {
        std::map<uint64_t, Write> writes;  ///< by revision, since the floor
        uint64_t floor = 0;                ///< this write, or a later one, must be there
    };
    void raise_floor(Object& object, uint64_t shown, bool soft);
    void check_object(const store::Key& key, const Object& object, const store::Entry* entry);
    Trace& trace_;
    std::map<store::Key, Object> objects_;
    uint64_t shown_revision_ = 0;
    uint64_t durable_writes_ = 0;
};

class WitnessStore final : public store::Store {
  public:
    WitnessStore(std::unique_ptr<store::Store> inner, Ledger& ledger) : inner_(std::move(inner)), ledger_(ledger) {}

    store::Task<Result<store::EntryPtr>> create(store::Key key, store::Durability durability, store::Value value) override;
    store::Task<Result<store::EntryPtr>> update(store::Key key, uint64_t expected, store::Durability durability,
                                                store::Value value) override;
    store::Task<Result<store::EntryPtr>> remove(store::Key key, uint64_t expected, store::Durability durability,
                                                store::Value last_state) override;
    store::EntryPtr find(const store::Key& key) const override { return inner_->find(key); }
    store::Listing list(std::string_view resource, std::string_view ns) const override { return inner_->list(resource, ns); }
    Result<store::Listing> list_at(std::string_view resource, std::string_view ns, uint64_t revision) const override {
        return inner_->list_at(resource, ns, revision);
    }
    size_t count(std::string_view resource, std::string_view ns) const override { return inner_->count(resource, ns); }
    store::Task<Result<std::shared_ptr<const std::string>>> load(store::EntryPtr entry) override {
        return inner_->load(std::move(entry));
    }
    store::Task<Result<store::EntryPtr>> read(store::Key key) override { return inner_->read(std::move(key)); }
    uint64_t revision() const override { return inner_->revision(); }
    Result<std::unique_ptr<store::Watch>> watch(std::string_view resource, std::string_view ns, uint64_t from) override {
        return inner_->watch(resource, ns, from);
    }
    store::Task<void> settle() override { return inner_->settle(); }
    store::Task<void> give_back() override { return inner_->give_back(); }
    store::Task<Result<void>> flush() override { return inner_->flush(); }
    store::Task<Result<void>> close() override { return inner_->close(); }
    store::StoreStats stats() const override { return inner_->stats(); }
    store::Store& inner() { return *inner_; }
    /// The store has given a write its revision.
    void note_submitted(const store::Entry& entry);

  private:
    /// A write that is under way; its revision once it has one.
    struct Claim {
        store::Key key;
        store::Durability durability;
        bool removal;
        store::Value value;
        uint64_t revision = 0;
    };
    std::shared_ptr<Claim> claim(store::Key key, store::Durability durability, bool removal, store::Value value);
    store::Task<Result<store::EntryPtr>> answer(std::shared_ptr<Claim> claim, store::Task<Result<store::EntryPtr>> task);
    std::unique_ptr<store::Store> inner_;
    Ledger& ledger_;
    std::vector<std::weak_ptr<Claim>> claims_;  ///< those that are not answered
};

}  // namespace orilla::sim
