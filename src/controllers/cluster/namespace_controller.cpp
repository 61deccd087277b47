#include "cluster/namespace_controller.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <map>

#include "orilla/kinds/kind_rules.hpp"
#include "owned.hpp"

namespace orilla::controllers {
namespace {
/// The end of the last object of a kind is heard of; this is for what is not, and for the numbers in the status.
constexpr int64_t look_again_ms = 5000;

bool is_standard(std::string_view name) {
    return std::find(objects::standard_namespaces.begin(), objects::standard_namespaces.end(), name) !=
           objects::standard_namespaces.end();
}
}  // namespace

NamespaceController::NamespaceController(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "namespace", .concurrency = 2}) {
    follow<api::Namespace>([this](const objects::FeedEvent& event) { changed(event); });
    follow_all([this](const objects::FeedEvent& event) { content_changed(event); });
}

void NamespaceController::changed(const objects::FeedEvent& event) {
    const std::string& name = event.entry->key.name;
    if (event.is_deleted()) {
        if (is_standard(name)) worker_.queue().add(name);
        return;
    }
    if (event.object() && event.object()->meta().deletion_timestamp) worker_.queue().add(name);
}

void NamespaceController::content_changed(const objects::FeedEvent& event) {
    if (!event.is_deleted()) return;
    const store::Key& key = event.entry->key;
    const auto found = objects_.get<api::Namespace>(key.ns);
    if (!found || !found->metadata.deletion_timestamp) return;
    // A look costs a walk over what is left: not one for each of thousands.
    if (objects_.store().count(key.resource, key.ns) == 0) worker_.queue().add(key.ns);
}

loop::Task<Result<Content>> NamespaceController::observe_kind(const api::KindInfo& kind, std::string ns) {
    Content content{kind, 0, 0, {}};
    std::map<std::string, size_t> finalizers;
    const auto listing = objects_.store().list(kind.resource, ns);
    for (const auto& entry : listing.entries) {
        co_await loop_.breathe();
        AWAIT(const auto stored, objects_.read(kind, ns, entry->key.name));
        if (!stored && stored.error().code() == Code::not_found) continue;
        if (!stored) co_return stored.error();
        const api::ObjectMeta& meta = stored->object->meta();
        ++content.count;
        content.not_deleted += !meta.deletion_timestamp;
        for (const auto& finalizer : meta.finalizers) ++finalizers[finalizer.str()];
    }
    content.finalizers.assign(finalizers.begin(), finalizers.end());
    co_return content;
}

loop::Task<Result<std::vector<Content>>> NamespaceController::observe(std::string ns) {
    std::vector<Content> seen;
    for (const api::KindRef& kind : objects_.kinds().resources()) {
        if (!kind->namespaced || kind->payload == api::Payload::computed) continue;
        CO_TRY(Content content, observe_kind(*kind, ns));
        if (content.count > 0) seen.push_back(std::move(content));
    }
    co_return std::move(seen);
}

/// What was let in just before the namespace began to end may not be seen yet: it is still on its way to the disk. Twice,
/// because it may have waited for an earlier write of its own name.
loop::Task<void> NamespaceController::settle() {
    for (int round = 0; round < 2; ++round) {
        AWAIT_VOID(objects_.store().settle());
    }
}

loop::Task<Result<loop::Outcome>> NamespaceController::reconcile(std::string key) {
    const auto ns = objects_.get<api::Namespace>(key);
    if (!ns && is_standard(key)) {
        CO_RETURN_AWAIT(put_back(key));
    }
    if (!ns || !ns->metadata.deletion_timestamp) co_return loop::Outcome{};
    AWAIT_VOID(settle());
    CO_TRY(std::vector<Content> seen, observe(key));
    Result<void> failed = ok();
    for (auto& action : plan_namespace(*ns, seen)) {
        AWAIT(failed, apply(key, std::move(action)));
        if (!failed) break;
    }
    const auto left = objects_.get<api::Namespace>(key);
    if (!left) co_return loop::Outcome{};
    CO_TRY(std::vector<Content> now, observe(key));
    if (!now.empty() || !failed)
        CO_TRY_VOID(write_status(
            objects_, left, summarise_namespace(*left, now, failed ? "" : failed.error().message(), loop_.clock().wall_s())));
    if (!failed) co_return std::move(failed).error();
    if (seen.empty()) co_return loop::Outcome{};             // done with it: what still holds it is its own finalizers
    if (now.size() < seen.size()) worker_.queue().add(key);  // the next kinds' turn
    co_return loop::Outcome{look_again_ms};
}

loop::Task<Result<loop::Outcome>> NamespaceController::put_back(std::string name) {
    api::Namespace ns;
    ns.metadata.name = api::Str(name);
    AWAIT(auto created, objects_.create<api::Namespace>(std::move(ns)));
    if (!created && created.error().code() != Code::already_exists)
        co_return std::move(created).error().with_context("put back namespace " + name);
    co_return loop::Outcome{};
}

loop::Task<Result<void>> NamespaceController::apply(std::string ns, NamespaceAction action) {
    if (std::holds_alternative<Finalize>(action)) {
        CO_RETURN_AWAIT(finalize(ns));
    }
    const api::KindInfo& kind = *std::get<DeleteContent>(action).kind;  // which `action` keeps
    objects::Objects::Match not_deleted = [](const api::Object& object) { return !object.meta().deletion_timestamp; };
    objects::DeleteOptions options;
    options.propagation = objects::Propagation::background;
    AWAIT(auto removed, objects_.remove_collection(kind, ns, std::move(not_deleted), std::move(options)));
    if (!removed) co_return std::move(removed).error().with_context(fmt::format("delete {} in {}", kind.resource, ns));
    co_return ok();
}

loop::Task<Result<void>> NamespaceController::finalize(std::string ns) {
    std::function<Result<void>(api::Namespace&)> change = [](api::Namespace& edited) -> Result<void> {
        auto& held = edited.spec.finalizers;
        for (size_t i = held.size(); i-- > 0;)
            if (held[i] == api::namespace_finalizer) held.erase(held.begin() + i);
        return ok();
    };
    return objects::unless_gone(objects_.modify<api::Namespace>("", ns, std::move(change), objects::Part::finalize));
}

}  // namespace orilla::controllers
