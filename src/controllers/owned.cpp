#include "owned.hpp"

#include <optional>

namespace orilla::controllers {

void queue_owner(const objects::FeedEvent& event, const api::KindInfo& owner_kind, loop::WorkQueue& queue) {
    for (const auto& object : event.states()) {
        const auto* controller = api::find_controller(object->meta(), owner_kind);
        if (controller) queue.add(key_of(object->meta().namespace_, controller->name));
    }
}

namespace {
struct Together {
    explicit Together(loop::Loop& loop) : ended(loop) {}
    size_t running = 0;
    std::optional<Error> failed;
    loop::Event ended;
};

loop::Task<void> run_one(loop::Task<Result<void>> task, Together& all) {
    auto done = co_await std::move(task);
    if (!done && !all.failed) all.failed = std::move(done).error();
    --all.running;
    all.ended.notify_all();
}
}  // namespace

loop::Task<Result<void>> run_together(loop::Loop& loop, std::vector<loop::Task<Result<void>>> tasks) {
    Together all(loop);
    loop::Scope scope(loop);
    all.running = tasks.size();
    for (auto& task : tasks) scope.spawn(run_one(std::move(task), all));
    while (all.running > 0) co_await all.ended.wait();
    if (all.failed) co_return std::move(*all.failed);
    co_return ok();
}

loop::Task<Result<void>> adopt(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                               api::OwnerReference owner) {
    objects::Objects::Change change = [owner = std::move(owner)](api::Object& object) -> Result<void> {
        api::remove_owner(object.meta(), owner.uid);
        if (!api::find_controller(object.meta())) object.meta().owner_references.push_back(owner);
        return ok();
    };
    return objects::unless_gone(objects.modify(kind, std::move(ns), std::move(name), std::move(change)));
}

loop::Task<Result<void>> release(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                                 std::string owner_uid) {
    objects::Objects::Change change = [owner_uid](api::Object& object) -> Result<void> {
        return api::remove_owner(object.meta(), owner_uid), ok();
    };
    return objects::unless_gone(objects.modify(kind, std::move(ns), std::move(name), std::move(change)));
}

}  // namespace orilla::controllers
