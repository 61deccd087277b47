#include "orilla/objects/quota_ledger.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "orilla/loop/timeout.hpp"
#include "orilla/schema/field_errors.hpp"
#include "quota_book.hpp"

namespace orilla::objects {

namespace {
constexpr int64_t count_wait_ms_max = 3000;  ///< of a write, for a new quota to count

bool is_quota(const api::KindInfo& kind) { return &kind == &api::kind_of<api::ResourceQuota>(); }

/// Creates of anything, and updates of what may grow.
bool may_take(const WriteInfo& write) {
    if (write.part == Part::resize) return true;
    if (!write.subresource.empty() || write.part != Part::main || write.operation == Operation::remove) return false;
    return write.operation == Operation::create || &write.kind == &api::kind_of<api::Service>() ||
           &write.kind == &api::kind_of<api::PersistentVolumeClaim>();
}
}  // namespace

struct QuotaLedger::Book {
    explicit Book(loop::Loop& loop) : changed(loop) {}
    QuotaBook sums;
    uint64_t round = 0;  ///< of counting
    bool counted = false;
    loop::Event changed;
};

namespace {

/// What a write that is under way has taken. Nothing is to be given back to a book that was thrown away.
template <class Book>
class Reserved {
  public:
    Reserved(const std::shared_ptr<Book>& book, QuotaBook::HoldId hold) : book_(book), hold_(hold) {}
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;
    ~Reserved() {
        if (const auto book = book_.lock()) book->sums.release(hold_);
    }

  private:
    const std::weak_ptr<Book> book_;
    const QuotaBook::HoldId hold_;
};

Error forbidden(const api::Object& object, const std::string& why) {
    return api::make_forbidden_error(object.kind().group, object.kind().plural, object.meta().name, why);
}

/// The names in the quota that count such objects.
std::string counted_names(const api::ResourceQuotaSpec& spec, const api::KindInfo& kind) {
    std::string names;
    for (const auto& amount : spec.hard)
        if (api::counted_resource(amount.key) == kind.resource) names += (names.empty() ? "" : ",") + amount.key.str();
    return names;
}

/// Why no sums are needed to refuse it: a pod that does not say what it needs, or sums that are not known yet.
Result<void> check_countable(const QuotaBook& book, bool counted, const api::Object& object, bool is_new,
                             const api::QuotaCharge& charge) {
    const auto concerned = [&](const api::ResourceQuotaSpec& spec) {
        return api::is_in_scope(spec, charge) && !counted_names(spec, object.kind()).empty();
    };
    for (const auto& quota : book.quotas()) {
        if (!concerned(quota->spec)) continue;
        const auto& name = quota->metadata.name;
        const bool is_pod = is_new && &object.kind() == &api::kind_of<api::Pod>();
        const std::string missing = is_pod ? api::unspecified_amounts(quota->spec, object.as<api::Pod>().spec) : "";
        if (!missing.empty()) return forbidden(object, fmt::format("failed quota: {}: must specify {}", name.view(), missing));
        if (!counted)
            return forbidden(object, fmt::format("status unknown for quota: {}, resources: {}", name.view(),
                                                 counted_names(quota->spec, object.kind())));
    }
    return ok();
}

}  // namespace

QuotaLedger::QuotaLedger(loop::Loop& loop, Objects& objects)
    : loop_(loop),
      objects_(objects),
      due_timer_(loop),
      quotas_(objects, api::kind_of<api::ResourceQuota>(),
              [this](const FeedEvent& event) { quota_changed(event.entry->key.ns, event.entry->key.name); }),
      scope_(loop) {
    kind_changes_ = objects.kinds().on_change([this](const api::KindRegistry::Change& change) { kinds_changed(change.kind); });
    // The follower may tell of some later.
    for (const auto& quota : objects.list<api::ResourceQuota>())
        quota_changed(quota->metadata.namespace_.str(), quota->metadata.name.str());
    quotas_.start();
}
QuotaLedger::~QuotaLedger() = default;

QuotaLedger::BookPtr QuotaLedger::find(std::string_view ns) const {
    const auto found = books_.find(ns);
    return found == books_.end() ? nullptr : found->second;
}

void QuotaLedger::tell(const std::string& ns) {
    if (listener_) listener_(ns);
}

std::vector<std::string> QuotaLedger::namespaces() const {
    std::vector<std::string> out;
    for (const auto& [ns, book] : books_) out.push_back(ns);
    return out;
}

std::optional<api::Amounts> QuotaLedger::used(std::string_view ns, std::string_view quota) const {
    const BookPtr book = find(ns);
    const api::Amounts* sums = book && book->counted ? book->sums.used(quota) : nullptr;
    return sums ? std::optional(*sums) : std::nullopt;
}

// ---- quotas ----------------------------------------------------------------------------------------------------------

void QuotaLedger::quota_changed(const std::string& ns, const std::string& name) {
    const auto quota = objects_.get<api::ResourceQuota>(ns, name);
    BookPtr book = find(ns);
    if (!quota && !book) return;
    if (quota) {
        if (!book) book = books_[ns] = std::make_shared<Book>(loop_);
        if (book->sums.put_quota(quota)) {
            follow_counted();
            count_afresh(ns, book);
        }
    } else {
        book->sums.drop_quota(name);
        if (book->sums.empty()) {
            ++book->round;
            books_.erase(ns);
            book->changed.notify_all();
        }
        follow_counted();
    }
    tell(ns);
}

void QuotaLedger::kinds_changed(const api::KindInfo& kind) {
    const std::string resource(kind.resource);
    if (books_.empty()) return;
    following_.erase(resource);
    follow_counted();
    for (const auto& [ns, book] : std::map(books_))
        if (book->sums.resources().contains(resource)) count_afresh(ns, book);
}

/// For writes that nobody tells of: what is put back at the start, or whose writer has gone away.
void QuotaLedger::follow_counted() {
    std::set<std::string, std::less<>> counted;
    for (const auto& [ns, book] : books_) counted.insert(book->sums.resources().begin(), book->sums.resources().end());
    std::erase_if(following_, [&counted](const auto& one) { return !counted.contains(one.first); });
    for (const std::string& resource : counted) {
        const api::KindInfo* kind = objects_.kinds().find_resource(resource);
        if (!kind || following_.contains(resource)) continue;
        auto follower = std::make_unique<Follower>(objects_, *kind,
                                                   [this, kind](const FeedEvent& event) { look(*kind, event.entry->key); });
        Follower& started = *follower;
        following_.emplace(resource, Following{api::KindRef(*kind), std::move(follower)});
        started.start();
    }
}

void QuotaLedger::count_afresh(const std::string& ns, const BookPtr& book) {
    book->sums.begin();
    book->counted = false;
    scope_.spawn(count(ns, book, ++book->round));
}

Task<void> QuotaLedger::count(std::string ns, BookPtr book, uint64_t round) {
    const auto resources = book->sums.resources();
    for (const std::string& resource : resources) {
        const api::KindInfo* kind = objects_.kinds().find_resource(resource);
        if (!kind) continue;
        const api::KindRef kept(*kind);
        const store::Listing listing = objects_.store().list(resource, ns);
        for (const store::EntryPtr& entry : listing.entries) {
            co_await loop_.breathe();
            if (book->round != round) co_return;
            look(kept, entry->key);
        }
    }
    book->counted = true;
    book->changed.notify_all();
    tell(ns);
}

// ---- objects ---------------------------------------------------------------------------------------------------------

/// Whatever is told, what is in the store now is what counts.
void QuotaLedger::look(const api::KindInfo& kind, const store::Key& key, bool again) {
    const BookPtr book = find(key.ns);
    if (!book || !book->sums.resources().contains(key.resource)) return;
    const store::EntryPtr entry = objects_.store().find(key);
    bool differs = false;
    if (!entry) {
        differs = book->sums.drop(key.resource, key.name);
    } else if (again || book->sums.revision_of(key.resource, key.name) != entry->revision) {
        api::QuotaCharge charge = api::charge_of(kind);
        const auto object = api::is_measured(kind) ? objects_.decode(kind, entry) : Result<ObjectPtr>(nullptr);
        if (object && *object) {
            charge = api::charge_of(**object, objects_.clock().wall_s());
            if (const int64_t at_s = api::charge_changes_s(**object)) look_later(at_s, key);
        }
        differs = book->sums.put(key.resource, key.name, entry->revision, std::move(charge));
    }
    if (differs && book->counted) tell(key.ns);
}

void QuotaLedger::look_later(int64_t at_s, const store::Key& key) {
    const int64_t left_s = at_s - objects_.clock().wall_s();
    if (left_s <= 0) return;
    due_.emplace(at_s, key);
    if (due_.begin()->first == at_s) due_timer_.arm_after(left_s * 1000, [this] { scope_.spawn(look_at_due()); });
}

Task<void> QuotaLedger::look_at_due() {
    const int64_t now_s = objects_.clock().wall_s();
    const auto later = due_.upper_bound(now_s);
    std::vector<store::Key> keys;
    for (auto it = due_.begin(); it != later; ++it) keys.push_back(it->second);
    due_.erase(due_.begin(), later);
    if (!due_.empty())
        due_timer_.arm_after(std::max<int64_t>(due_.begin()->first - now_s, 1) * 1000, [this] { scope_.spawn(look_at_due()); });
    for (const store::Key& key : keys) {
        co_await loop_.breathe();
        look(api::kind_of<api::Pod>(), key, true);
    }
}

// ---- writes ----------------------------------------------------------------------------------------------------------

bool QuotaLedger::concerns(const WriteInfo& write) const {
    return is_quota(write.kind) || (!books_.empty() && following_.contains(write.kind.resource));
}

void QuotaLedger::committed(const api::Object& object) {
    const api::ObjectMeta& meta = object.meta();
    if (is_quota(object.kind())) quota_changed(meta.namespace_.str(), meta.name.str());
    if (books_.empty()) return;
    look(object.kind(), {std::string(object.kind().resource), meta.namespace_.str(), meta.name.str()});
}

Task<Result<void>> QuotaLedger::reserve(const api::Object& object, const api::Object* old, const AdmissionRequest& request) {
    if (!may_take(request)) co_return ok();
    const std::string ns = object.meta().namespace_.str();
    const std::string_view resource = object.kind().resource;
    const auto counting = [resource](const BookPtr& book) { return book && book->sums.resources().contains(resource); };
    BookPtr book = find(ns);
    const int64_t until_ms = loop_.now_ms() + count_wait_ms_max;
    while (counting(book) && !book->counted && loop_.now_ms() < until_ms) {
        co_await loop::wait_for(loop_, book->changed, until_ms - loop_.now_ms());
        book = find(ns);
    }
    if (!counting(book)) co_return ok();
    const int64_t now_s = objects_.clock().wall_s();
    api::QuotaCharge charge = api::charge_of(object, now_s);
    std::optional<api::QuotaCharge> before;
    if (old) before = api::charge_of(*old, now_s);
    const api::QuotaCharge* was = before ? &*before : nullptr;
    CO_CHECK_VOID(check_countable(book->sums, book->counted, object, !old, charge));
    if (auto refused = book->sums.refuse(charge, was)) co_return forbidden(object, refused->text);
    if (request.context.dry_run) co_return ok();
    auto reserved = std::make_shared<Reserved<Book>>(book, book->sums.hold(std::move(charge), was));
    request.undo.add([reserved] {});
    co_return ok();
}

}  // namespace orilla::objects
