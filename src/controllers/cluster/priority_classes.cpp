#include "cluster/priority_classes.hpp"

#include <algorithm>

#include "orilla/kinds/priorities.hpp"

namespace orilla::controllers {
namespace {
constexpr const char* all_classes = "all";  // the only key
}

std::vector<api::PriorityClass> plan_priority_classes(const std::vector<std::shared_ptr<const api::PriorityClass>>& there) {
    std::vector<api::PriorityClass> missing;
    for (const auto& wanted : api::system_priorities) {
        if (std::ranges::any_of(there, [&](const auto& one) { return one->metadata.name == wanted.name; })) continue;
        api::PriorityClass& one = missing.emplace_back();
        one.metadata.name = api::Str(wanted.name);
        one.value = wanted.value;
        one.description = api::Str(wanted.description);
    }
    return missing;
}

PriorityClassesController::PriorityClassesController(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "priority-classes"}) {
    follow<api::PriorityClass>([this](const objects::FeedEvent& event) {
        if (event.is_deleted() && api::find_system_priority(event.entry->key.name)) worker_.queue().add(all_classes);
    });
}

void PriorityClassesController::start() {
    Controller::start();
    worker_.queue().add(all_classes);
}

loop::Task<Result<loop::Outcome>> PriorityClassesController::reconcile(std::string) {
    for (auto& missing : plan_priority_classes(objects_.list<api::PriorityClass>())) {
        AWAIT(auto created, objects_.create<api::PriorityClass>(std::move(missing)));
        if (!created && created.error().code() != Code::already_exists) co_return std::move(created).error();
    }
    co_return loop::Outcome{};
}

}  // namespace orilla::controllers
