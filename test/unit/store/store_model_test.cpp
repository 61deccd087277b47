// Random writes of every class with full disks, held commits, passing time and crashes, against what the answers and a
// watch said: seeded, so that a failure replays.
#include <catch2/catch.hpp>
#include <map>
#include <optional>

#include "../../support/seeded_random.hpp"
#include "../../support/store_fixture.hpp"
#include "faulty_vfs.hpp"

using namespace orilla;
using namespace orilla::store;
using namespace orilla::test;

namespace {

constexpr int name_count = 5;
constexpr int steps = 400;

/// A state that a key had; `value` is empty when it was removed.
struct State {
    uint64_t revision = 0;
    bool durable = false;
    std::string value;
};

class Model {
  public:
    explicit Model(uint64_t seed) : random_(seed), fixture_(dir_.path()) {
        faulty_vfs().clear();
        fixture_.options.vfs = "faulty";
        fixture_.options.revision_block = 7;
        fixture_.options.wal_pages_max = 8;
        fixture_.options.fatal = [](const Error& error) { FAIL(error.message()); };
        reopen();
    }
    ~Model() { faulty_vfs().clear(); }

    void run() {
        for (int i = 0; i < steps; ++i) step();
        release();
        follow();
        compare();
        crash();
    }

  private:
    struct Writing {
        std::string name;
        Durability durability;
        bool removal;
        std::string text;
        Started<Result<EntryPtr>> task;
    };

    void step() {
        switch (random_.below(12)) {
            case 0: return crash();
            case 1: fixture_.executor.hold = true; return;
            case 2: return release();
            case 3: pass(fixture_.loop, fixture_.clock, static_cast<int64_t>(random_.below(60'000))); break;
            case 4: faulty_vfs().disk_full = random_.below(3) == 0; break;
            default: write();
        }
        settle(fixture_.loop);
        follow();
        collect();
    }

    void write() {
        const std::string name = "pod" + std::to_string(random_.below(name_count));
        const Durability durability = random_.below(2) == 0 ? Durability::durable : Durability::soft;
        const EntryPtr current = fixture_.store->find(StoreFixture::pod(name));
        const bool removal = current && random_.below(4) == 0;
        const std::string text = std::to_string(++written_) + std::string(random_.below(3) == 0 ? 20'000 : 10, 'v');
        Store& store = *fixture_.store;
        Task<Result<EntryPtr>> task = !current  ? store.create(StoreFixture::pod(name), durability, value_of(text))
                                      : removal ? store.remove(current->key, current->revision, durability, value_of(text))
                                                : store.update(current->key, current->revision, durability, value_of(text));
        writing_.push_back({name, durability, removal, text, {fixture_.loop, std::move(task)}});
    }

    void release() {
        fixture_.executor.hold = false;
        fixture_.executor.release();
        settle(fixture_.loop);
        follow();
        collect();
    }

    /// Replays the watch; revisions only go up.
    void follow() {
        while (auto event = watch_->try_next()) {
            REQUIRE(*event);
            const EntryPtr& entry = (*event)->entry;
            REQUIRE(entry->revision > seen_revision_);
            seen_revision_ = entry->revision;
            if ((*event)->type == WatchEvent::Type::deleted) replayed_.erase(entry->key.name);
            else replayed_[entry->key.name] = *entry->json;
        }
    }

    void collect() {
        for (auto it = writing_.begin(); it != writing_.end();) {
            if (!it->task.done()) {
                ++it;
                continue;
            }
            auto& result = it->task.get();
            if (result)
                states_[it->name].push_back({(*result)->revision, it->durability == Durability::durable,
                                             it->removal ? std::string() : *(*result)->json});
            it = writing_.erase(it);
        }
    }

    void compare() {
        REQUIRE(fixture_.store->count("pods") == replayed_.size());
        for (const auto& [name, value] : replayed_) {
            auto read = await(fixture_.loop, fixture_.store->read(StoreFixture::pod(name)));
            REQUIRE(read);
            REQUIRE(*(*read)->json == value);
        }
    }

    /// The process dies: held commits never ran or were never answered, nothing is flushed.
    void crash() {
        faulty_vfs().disk_full = false;
        const uint64_t before = fixture_.store->revision();
        collect();
        std::vector<std::pair<std::string, std::pair<bool, std::string>>> unanswered;
        for (auto& writing : writing_) unanswered.push_back({writing.name, {writing.removal, writing.text}});
        writing_.clear();
        fixture_.executor.crash(random_.below(2) == 0);
        watch_.reset();
        fixture_.drop();
        reopen();
        REQUIRE(fixture_.store->revision() >= before);
        for (int i = 0; i < name_count; ++i) check_recovered("pod" + std::to_string(i), unanswered);
        seen_revision_ = std::max(seen_revision_, fixture_.store->revision());
    }

    void check_recovered(const std::string& name,
                         const std::vector<std::pair<std::string, std::pair<bool, std::string>>>& unanswered) {
        std::string value;
        if (fixture_.store->find(StoreFixture::pod(name)))
            value = *(*await(fixture_.loop, fixture_.store->read(StoreFixture::pod(name))))->json;
        auto& states = states_[name];
        // The last durable state, or any that came after it.
        bool allowed = false, durable_seen = false;
        for (auto state = states.rbegin(); state != states.rend() && !durable_seen; ++state) {
            allowed = allowed || state->value == value;
            durable_seen = state->durable;
        }
        allowed = allowed || (!durable_seen && value.empty());
        for (const auto& [other, what] : unanswered)
            if (other == name)
                allowed = allowed || (what.first ? value.empty() : value.find(":" + what.second) != std::string::npos);
        INFO("seeded state of " << name << " after the crash: " << value.substr(0, 40));
        REQUIRE(allowed);
        states.clear();
        if (!value.empty()) states.push_back({fixture_.store->find(StoreFixture::pod(name))->revision, true, value});
    }

    void reopen() {
        fixture_.executor.hold = false;
        fixture_.open();
        watch_ = std::move(*fixture_.store->watch("pods", "", fixture_.store->revision()));
        replayed_.clear();
        for (const EntryPtr& entry : fixture_.store->list("pods").entries)
            replayed_[entry->key.name] = *(*await(fixture_.loop, fixture_.store->read(entry->key)))->json;
    }

    SeededRandom random_;
    TempDir dir_;
    StoreFixture fixture_;
    std::unique_ptr<Watch> watch_;
    uint64_t seen_revision_ = 0;
    uint64_t written_ = 0;
    std::vector<Writing> writing_;
    std::map<std::string, std::vector<State>> states_;
    std::map<std::string, std::string> replayed_;
};

}  // namespace

TEST_CASE("Store: whatever happens in whatever order, answers, readers, watchers and the file agree") {
    for (uint64_t seed = 1; seed <= 25; ++seed) {
        INFO("seed " << seed);
        Model(seed).run();
    }
}
