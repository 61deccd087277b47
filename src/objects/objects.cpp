#include "orilla/objects/objects.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "object_cache.hpp"
#include "orilla/base/log.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/validation.hpp"
#include "orilla/kinds/versions.hpp"
#include "orilla/objects/decoding.hpp"
#include "orilla/objects/feed.hpp"
#include "unsettled_writes.hpp"
#include "write_plan.hpp"

namespace orilla::objects {

namespace {

constexpr int conflict_retries_max = 16;
constexpr int name_attempts_max = 8;
constexpr size_t generate_name_bytes_max = 58;  // leaves room for the five random characters in 63

store::Key store_key_of(const api::KindInfo& kind, std::string_view ns, std::string_view name) {
    return {std::string(kind.resource), std::string(kind.namespaced ? ns : ""), std::string(name)};
}
store::Key store_key_of(const api::Object& object) {
    return store_key_of(object.kind(), object.meta().namespace_, object.meta().name);
}

void set_revision(api::Object& object, uint64_t revision) {
    object.meta().resource_version = api::Str(std::to_string(revision));
}

/// What a dry run answers with.
Stored imagine(const std::shared_ptr<api::Object>& object, uint64_t revision) {
    set_revision(*object, revision);
    auto json = std::make_shared<const std::string>(api::encode(*object));
    const size_t size = json->size();
    auto entry = std::make_shared<const store::Entry>(store::Entry{store_key_of(*object), revision, std::move(json), size});
    return {std::move(entry), object};
}

/// Written by an Orilla that left out empty structs. The same object, but a client that compares what it applied with
/// what it reads finds a difference for ever.
bool is_of_old_form(const Stored& stored) { return api::encode(*stored.object).size() != stored.entry->size; }

/// By its part where the writer named none.
std::string_view subresource_of(std::string_view named, Part part) {
    if (!named.empty()) return named;
    if (part == Part::resize) return "resize";
    return part == Part::status ? "status" : part == Part::finalize ? "finalize" : "";
}

Result<void> validate_part(const api::Object& updated, const api::Object& old, Part part) {
    if (part == Part::status) return api::validate_status_update(updated, old);
    return part == Part::resize ? api::validate_resize(updated, old) : api::validate_update(updated, old);
}

/// What is cached of a kind that was removed would keep it.
bool is_served(const api::KindRegistry& kinds, const api::KindInfo& kind) {
    return !kind.added || kinds.find(kind.api_version, kind.kind) == &kind;
}

std::string generate_name(const api::ObjectMeta& meta, Random& random) {
    return std::string(meta.generate_name.view().substr(0, generate_name_bytes_max)) + random.name_suffix();
}

}  // namespace

store::Value value_of(const api::Object& object) {
    store::Value value;
    api::encode_to(value.text, object.type_info(), object.data(), {.revision_at = &value.revision_at});
    return value;
}

Objects::Objects(loop::Loop& loop, store::Store& store, Random& random, api::KindRegistry& kinds)
    : loop_(loop),
      store_(store),
      random_(random),
      kinds_(kinds),
      cache_(std::make_unique<Cache>(loop)),
      unsettled_(std::make_unique<UnsettledWrites>(loop)) {
    kind_changes_ = kinds.on_change([this](const api::KindRegistry::Change& change) {
        if (change.type != api::KindRegistry::Change::Type::removed) return;
        feeds_.erase(change.kind.get());
        cache_->drop_kind(change.kind);
    });
}
Objects::~Objects() = default;

std::shared_ptr<Feed> Objects::share_feed(const api::KindInfo& kind) {
    // Nobody would tell us to forget it.
    if (!is_served(kinds_, kind)) return std::make_shared<Feed>(loop_, *this, kind);
    std::shared_ptr<Feed>& feed = feeds_[&kind];
    if (!feed) feed = std::make_shared<Feed>(loop_, *this, kind);
    return feed;
}

// ---- reads -----------------------------------------------------------------------------------------------------------

Result<ObjectPtr> Objects::decode(const api::KindInfo& kind, const store::EntryPtr& entry) {
    if (api::is_converted(kind)) {
        TRY(const ObjectPtr stored, decode(api::stored_version(kind), entry));
        return std::make_shared<const api::Object>(api::to_version(*stored, kind));
    }
    if (ObjectPtr cached = cache_->find(*entry, kind)) return cached;
    if (!entry->json)
        return Error(Code::internal, fmt::format("{} \"{}\" is not in memory", entry->key.resource, entry->key.name));
    auto object = api::decode_object(kind, *entry->json);
    if (!object) {
        Error error =
            std::move(object)
                .error()
                .with_code(Code::internal)
                .with_context(fmt::format("read stored {} {}/{}", entry->key.resource, entry->key.ns, entry->key.name));
        report_unreadable(*entry, error);
        return error;
    }
    ObjectPtr shared = std::make_shared<const api::Object>(std::move(*object));
    if (entry->size > Cache::json_bytes_max) return cache_->lend(*entry, shared), shared;
    // Only what is current: a watcher may decode older states.
    const store::EntryPtr current = store_.find(entry->key);
    if (current && current->revision == entry->revision && is_served(kinds_, kind)) cache_->put(*entry, shared);
    return shared;
}

void Objects::age_decoded() { cache_->age(); }

void Objects::report_unreadable(const store::Entry& entry, const Error& error) {
    uint64_t& reported = unreadable_[entry.key];
    if (reported != entry.revision) log::error(error.message() + "; it can only be deleted");
    reported = entry.revision;
}

ObjectPtr Objects::find(const api::KindInfo& kind, std::string_view ns, std::string_view name) {
    const store::EntryPtr entry = store_.find(store_key_of(kind, ns, name));
    if (!entry) return nullptr;
    auto object = decode(kind, entry);
    if (!object) return nullptr;
    return std::move(*object);
}

std::vector<ObjectPtr> Objects::find_all(const api::KindInfo& kind, std::string_view ns) {
    std::vector<ObjectPtr> objects;
    for (const store::EntryPtr& entry : store_.list(kind.resource, ns).entries) {
        auto object = decode(kind, entry);
        if (object) objects.push_back(std::move(*object));
    }
    return objects;
}

Task<Result<Stored>> Objects::read(const api::KindInfo& kind, std::string ns, std::string name) {
    CO_TRY(store::EntryPtr entry, store_.read(store_key_of(kind, ns, name)));
    CO_TRY(ObjectPtr object, decode_entry(*this, loop_, kind, entry));
    co_return Stored{std::move(entry), std::move(object)};
}

Stored Objects::remember(store::EntryPtr entry, std::shared_ptr<api::Object> object) {
    set_revision(*object, entry->revision);
    ObjectPtr shared = std::move(object);
    if (is_served(kinds_, shared->kind())) cache_->put(*entry, shared);
    return {std::move(entry), std::move(shared)};
}

// ---- create ----------------------------------------------------------------------------------------------------------

Result<void> Objects::prepare_create(api::Object& object) {
    api::ObjectMeta& meta = object.meta();
    TRY_VOID(take_revision(object));
    if (!meta.resource_version.empty())
        return Error(Code::bad_request, "resourceVersion should not be set on objects to be created");
    if (!object.kind().namespaced) meta.namespace_ = api::Str();
    else if (meta.namespace_.empty()) meta.namespace_ = "default";
    if (meta.name.empty() && !meta.generate_name.empty()) meta.name = api::Str(generate_name(meta, random_));
    initialise(object, random_.uuid(), clock().wall_s());
    api::apply_defaults(object);
    return ok();
}

namespace {
void tell_warnings(const api::Object& object, const WriteContext& context) {
    if (context.warnings == nullptr) return;
    for (auto& text : api::find_warnings(object)) context.warn(std::move(text));
}
}  // namespace

Task<Result<Stored>> Objects::create(api::Object object, WriteContext context) {
    const bool generated = object.meta().name.empty() && !object.meta().generate_name.empty();
    CO_CHECK_VOID(prepare_create(object));
    auto undo = std::make_shared<Undo>();
    const AdmissionRequest request{{object.kind(), Operation::create, Part::main, context.subresource}, context, *undo};
    const bool asks = admissions_.handles(request);
    if (asks) CO_TRY_VOID(admissions_.admit(object, nullptr, request));
    initialise_after_defaults(object);
    auto shared = std::make_shared<api::Object>(std::move(object));
    CO_CHECK_VOID(api::validate_create(*shared));
    tell_warnings(*shared, context);
    if (asks) CO_TRY_VOID(admissions_.admit_valid(*shared, nullptr, request));
    Result<Stored> created = Error(Code::internal, "not created");
    for (int attempt = 0; attempt < name_attempts_max; ++attempt) {
        AWAIT(created, unsettled_->settle(create_named(shared, Manner(context)), undo, context.dry_run));
        if (created || !generated || created.error().code() != Code::already_exists) break;
        shared->meta().name = api::Str(generate_name(shared->meta(), random_));
    }
    co_return std::move(created);
}

Task<Result<Stored>> Objects::create_named(std::shared_ptr<api::Object> object, Manner manner) {
    store::Key key = store_key_of(*object);
    if (manner.dry_run) {
        if (store_.find(key)) co_return store::already_exists_error(key);
        co_return imagine(object, store_.revision());
    }
    const store::Durability durability = durability_of(object->kind());
    CO_TRY(store::EntryPtr entry, store_.create(std::move(key), durability, value_of(*object)));
    Stored stored = remember(std::move(entry), std::move(object));
    admissions_.commit({stored.object->kind(), Operation::create, Part::main, manner.subresource}, stored.object.get(),
                       nullptr);
    co_return stored;
}

// ---- update ----------------------------------------------------------------------------------------------------------

Task<Result<Stored>> Objects::update(api::Object object, Part part, WriteContext context, WhenMissing when_missing) {
    CO_CHECK_VOID(take_revision(object));
    const bool conditional = !object.meta().resource_version.empty();
    const bool creates = when_missing == WhenMissing::create && part == Part::main && object.kind().put_creates;
    const store::Key key = store_key_of(object);
    Result<Stored> updated = Error(Code::internal, "not updated");
    for (int attempt = 0; attempt < conflict_retries_max; ++attempt) {
        AWAIT(auto old, read(object.kind(), key.ns, key.name));
        if (!old && creates && old.error().code() == Code::not_found) {
            AWAIT(updated, create_by_update(object.clone(), context));
            // Somebody else was faster: then there is one to replace.
            if (updated || updated.error().code() != Code::already_exists) break;
            continue;
        }
        if (!old) co_return std::move(old).error();
        CO_CHECK_VOID(check_preconditions(object, *old));
        AWAIT(updated, update_once(*old, conditional ? std::move(object) : object.clone(), part, context));
        if (updated || conditional || updated.error().code() != Code::conflict) break;
    }
    co_return std::move(updated);
}

/// As Kubernetes does: whatever revision it names is that of one which is gone, a uid still has to match.
Task<Result<Stored>> Objects::create_by_update(api::Object object, WriteContext context) {
    if (const api::Str uid = object.meta().uid; !uid.empty())
        co_return store::conflict_error(store_key_of(object),
                                        fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: ", uid));
    object.meta().resource_version = api::Str();
    AWAIT(auto created, create(std::move(object), context));
    if (created) created->created = true;
    co_return std::move(created);
}

Task<Result<Stored>> Objects::modify(const api::KindInfo& kind, std::string ns, std::string name, Change change, Part part,
                                     WriteContext context) {
    Result<Stored> updated = Error(Code::internal, "not updated");
    for (int attempt = 0; attempt < conflict_retries_max; ++attempt) {
        CO_TRY(const Stored old, read(kind, ns, name));
        api::Object object = old.object->clone();
        CO_CHECK_VOID(change(object));
        CO_CHECK_VOID(take_revision(object));
        CO_CHECK_VOID(check_preconditions(object, old));
        AWAIT(updated, update_once(old, std::move(object), part, context));
        if (updated || updated.error().code() != Code::conflict) break;
    }
    co_return std::move(updated);
}

Task<Result<Stored>> Objects::update_once(const Stored& old, api::Object object, Part part, WriteContext context) {
    const api::Object& before = *old.object;
    keep_stored_fields(object, before, part);
    api::apply_defaults(object);
    if (same_content(object, before)) {
        if (part != Part::main || !is_of_old_form(old)) co_return old;
        CO_RETURN_AWAIT(write_update(old, std::make_shared<api::Object>(std::move(object)), Manner(context, part)));
    }
    CO_CHECK_VOID(check_finalizers(object, before));
    auto undo = std::make_shared<Undo>();
    const AdmissionRequest request{
        {object.kind(), Operation::update, part, subresource_of(context.subresource, part)}, context, *undo};
    const bool asks = admissions_.handles(request);
    if (asks) CO_TRY_VOID(admissions_.admit(object, &before, request));
    auto shared = std::make_shared<api::Object>(std::move(object));
    CO_CHECK_VOID(validate_part(*shared, before, part));
    if (part == Part::main) tell_warnings(*shared, context);
    if (part == Part::main || part == Part::resize) count_generation(*shared, before);
    // Admission may have put back what the client left out.
    if (same_content(*shared, before)) co_return old;
    if (asks) CO_TRY_VOID(admissions_.admit_valid(*shared, &before, request));
    CO_RETURN_AWAIT(unsettled_->settle(write_update(old, shared, Manner(context, part)), undo, context.dry_run));
}

Task<Result<Stored>> Objects::write_update(Stored old, std::shared_ptr<api::Object> object, Manner manner) {
    if (deletion_complete(*object)) {
        CO_RETURN_AWAIT(erase(std::move(old), std::move(object), std::move(manner)));
    }
    if (manner.dry_run) co_return imagine(object, old.entry->revision);
    const store::Durability durability = plan_durability(*object, *old.object, manner.part);
    CO_TRY(store::EntryPtr entry, store_.update(old.entry->key, old.entry->revision, durability, value_of(*object)));
    Stored stored = remember(std::move(entry), std::move(object));
    const WriteInfo info{stored.object->kind(), Operation::update, manner.part,
                         subresource_of(manner.subresource, manner.part)};
    admissions_.commit(info, stored.object.get(), old.object.get());
    co_return stored;
}

Task<Result<Stored>> Objects::bind(std::string ns, std::string pod, std::string node, WriteContext context) {
    const api::KindInfo& kind = api::kind_of<api::Pod>();
    context.subresource = "binding";
    Result<Stored> bound = Error(Code::internal, "not bound");
    for (int attempt = 0; attempt < conflict_retries_max; ++attempt) {
        CO_TRY(const Stored old, read(kind, ns, pod));
        auto object = std::make_shared<api::Object>(old.object->clone());
        CO_CHECK_VOID(plan_bind(object->as<api::Pod>(), node, clock().wall_s()));
        auto undo = std::make_shared<Undo>();
        const AdmissionRequest request{{kind, Operation::update, Part::main, context.subresource}, context, *undo};
        const bool asks = admissions_.handles(request);
        if (asks) CO_TRY_VOID(admissions_.admit(*object, old.object.get(), request));
        if (asks) CO_TRY_VOID(admissions_.admit_valid(*object, old.object.get(), request));
        AWAIT(bound, unsettled_->settle(write_update(old, object, Manner(context)), undo, context.dry_run));
        if (bound || bound.error().code() != Code::conflict) break;
    }
    co_return std::move(bound);
}

// ---- remove ----------------------------------------------------------------------------------------------------------

Task<Result<Stored>> Objects::erase(Stored old, std::shared_ptr<api::Object> last, Manner manner) {
    if (manner.dry_run) co_return imagine(last, old.entry->revision);
    const store::Durability durability = durability_of(last->kind());
    CO_TRY(store::EntryPtr entry, store_.remove(old.entry->key, old.entry->revision, durability, value_of(*last)));
    cache_->drop(entry->key);
    set_revision(*last, entry->revision);
    admissions_.commit({last->kind(), Operation::remove, Part::main, manner.subresource}, nullptr, last.get());
    co_return Stored{std::move(entry), std::move(last)};
}

Task<Result<Removed>> Objects::remove(const api::KindInfo& kind, std::string ns, std::string name, DeleteOptions options) {
    Result<Removed> removed = Error(Code::internal, "not removed");
    for (int attempt = 0; attempt < conflict_retries_max; ++attempt) {
        CO_TRY(store::EntryPtr entry, store_.read(store_key_of(kind, ns, name)));
        AWAIT(auto object, decode_entry(*this, loop_, kind, entry));
        if (!object) {
            CO_RETURN_AWAIT(remove_unreadable(kind, std::move(entry), std::move(options)));
        }
        const Stored old{std::move(entry), std::move(*object)};
        CO_CHECK_VOID(check_delete_preconditions(options, old));
        auto undo = std::make_shared<Undo>();
        const WriteContext& context = options.context;
        const AdmissionRequest request{{kind, Operation::remove, Part::main, context.subresource}, context, *undo};
        if (admissions_.handles(request)) CO_TRY_VOID(admissions_.admit_delete(*old.object, request));
        AWAIT(removed, unsettled_->settle(remove_once(old, options, Manner(context)), undo, context.dry_run));
        if (removed || removed.error().code() != Code::conflict) break;
    }
    co_return std::move(removed);
}

namespace {
/// What is known of a damaged row: its name. Labels, grace period and finalizers are lost already.
Result<std::shared_ptr<api::Object>> only_named(const api::KindInfo& kind, const store::Key& key) {
    TRY(api::Object object, api::decode_object(kind, "{}"));
    object.meta().name = api::Str(key.name);
    object.meta().namespace_ = api::Str(key.ns);
    return std::make_shared<api::Object>(std::move(object));
}
}  // namespace

Task<Result<Removed>> Objects::remove_unreadable(const api::KindInfo& kind, store::EntryPtr entry, DeleteOptions options) {
    CO_CHECK(auto shared, only_named(kind, entry->key));
    const Stored old{entry, shared};
    CO_CHECK_VOID(check_delete_preconditions(options, old));
    AWAIT(auto erased, erase(old, shared, Manner(options.context)));
    if (!erased) co_return std::move(erased).error();
    unreadable_.erase(entry->key);
    co_return Removed{std::move(*erased), false};
}

Task<Result<Removed>> Objects::remove_once(Stored old, DeleteOptions options, Manner manner) {
    DeletePlan plan = plan_delete(*old.object, options, clock().wall_s());
    if (plan.action == DeletePlan::Action::keep) co_return Removed{old, true};
    auto next = std::make_shared<api::Object>(std::move(plan.next));
    const bool gone = plan.action == DeletePlan::Action::remove;
    AWAIT(auto done,
          gone ? erase(old, std::move(next), std::move(manner)) : write_update(old, std::move(next), std::move(manner)));
    if (!done) co_return std::move(done).error();
    co_return Removed{std::move(*done), !gone};
}

/// So many share a commit, and may be in memory when they are large.
constexpr size_t removals_at_once_max = 16;

struct Objects::Removal {
    Removal(loop::Loop& loop, const api::KindInfo& the_kind, Match the_match, DeleteOptions the_options)
        : kind(the_kind), match(std::move(the_match)), options(std::move(the_options)), ended(loop) {}
    const api::KindInfo& kind;
    const Match match;
    const DeleteOptions options;
    std::vector<store::EntryPtr> entries;  ///< as they were at the beginning
    size_t next = 0;
    size_t running = 0;
    std::optional<Error> failed;
    RemovedCollection removed;
    loop::Event ended;
};

void RemovedCollection::add(store::EntryPtr entry) {
    ++count;
    bytes += entry->size;
    if (bytes <= bytes_max) last.push_back(std::move(entry));
    else last.clear();
}

Task<Result<RemovedCollection>> Objects::remove_collection(const api::KindInfo& kind, std::string ns, Match match,
                                                           DeleteOptions options) {
    return remove_members(kind, store_.list(kind.resource, ns).entries, std::move(match), std::move(options));
}

Task<Result<RemovedCollection>> Objects::remove_members(const api::KindInfo& kind, std::vector<store::EntryPtr> members,
                                                        Match match, DeleteOptions options) {
    Removal all(loop_, kind, std::move(match), std::move(options));
    all.entries = std::move(members);
    loop::Scope scope(loop_);
    for (size_t i = std::min(removals_at_once_max, all.entries.size()); i > 0; --i) {
        ++all.running;
        scope.spawn(remove_next_ones(all));
    }
    while (all.running > 0) co_await all.ended.wait();
    if (all.failed) co_return std::move(*all.failed);
    co_return std::move(all.removed);
}

Task<void> Objects::remove_next_ones(Removal& all) {
    while (!all.failed && all.next < all.entries.size()) {
        const store::Key key = std::exchange(all.entries[all.next++], nullptr)->key;
        AWAIT(auto removed, remove_if_matching(all, key));
        if (!removed && removed.error().code() != Code::not_found && !all.failed) all.failed = std::move(removed).error();
        co_await loop_.breathe();
    }
    --all.running;
    all.ended.notify_all();
}

Task<Result<void>> Objects::remove_if_matching(Removal& all, store::Key key) {
    AWAIT(auto stored, read(all.kind, key.ns, key.name));
    ObjectPtr object;
    if (stored) {
        object = stored->object;
    } else if (stored.error().code() == Code::internal) {
        CO_CHECK(object, only_named(all.kind, key));
    } else {
        co_return std::move(stored).error();
    }
    if (all.match && !all.match(*object)) co_return ok();
    CO_TRY(Removed removed, remove(all.kind, key.ns, key.name, all.options));
    all.removed.add(std::move(removed.last.entry));
    co_return ok();
}

// ---- bootstrap -------------------------------------------------------------------------------------------------------

struct Objects::Bootstrap {
    explicit Bootstrap(loop::Loop& loop) : ended(loop) {}
    int left = 0;
    std::vector<Error> errors;
    loop::Event ended;
};

Task<void> Objects::ensure_namespace(std::string name, Bootstrap& bootstrap) {
    api::Namespace ns;
    ns.metadata.name = api::Str(name);
    AWAIT(auto created, create(std::move(ns)));
    if (!created && created.error().code() != Code::already_exists)
        bootstrap.errors.push_back(std::move(created).error().with_context("create namespace " + name));
    --bootstrap.left;
    bootstrap.ended.notify_all();
}

Task<Result<void>> Objects::ensure_standard_namespaces() {
    Bootstrap bootstrap(loop_);
    loop::Scope scope(loop_);
    // All at once, so that they share one commit.
    for (const std::string_view name : standard_namespaces) {
        if (store_.find({"namespaces", "", std::string(name)})) continue;
        ++bootstrap.left;
        scope.spawn(ensure_namespace(std::string(name), bootstrap));
    }
    while (bootstrap.left > 0) co_await bootstrap.ended.wait();
    if (!bootstrap.errors.empty()) co_return bootstrap.errors.front();
    co_return ok();
}

}  // namespace orilla::objects
