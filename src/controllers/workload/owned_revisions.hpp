// What StatefulSet and DaemonSet do with the revisions that they own.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "owned.hpp"
#include "workload/revisions.hpp"

namespace orilla::controllers {

loop::Task<Result<void>> renumber(objects::Objects& objects, std::string ns, std::string name, int64_t revision);

/// A name that is taken counts as a collision: the next one is another.
template <class Owner>
loop::Task<Result<void>> create_revision(objects::Objects& objects, std::shared_ptr<const Owner> owner,
                                         api::ControllerRevision revision) {
    AWAIT(auto created, objects.create<api::ControllerRevision>(std::move(revision)));
    if (created) co_return ok();
    if (created.error().code() != Code::already_exists) co_return std::move(created).error();
    std::function<void(Owner&)> count = [](Owner& edited) {
        edited.status.collision_count = edited.status.collision_count.value_or(0) + 1;
    };
    CO_RETURN_AWAIT(edit_status<Owner>(objects, std::move(owner), std::move(count)));
}

/// Those actions of a plan that are about revisions.
template <class Owner, class Action>
loop::Task<Result<void>> apply_revision(objects::Objects& objects, std::shared_ptr<const Owner> owner,
                                        api::OwnerReference reference, Action action) {
    const std::string ns = owner->metadata.namespace_.str();
    if (auto* create = std::get_if<CreateRevision>(&action))
        return create_revision<Owner>(objects, std::move(owner), std::move(create->object));
    if (const auto* one = std::get_if<AdoptRevision>(&action))
        return adopt(objects, api::kind_of<api::ControllerRevision>(), ns, one->name, std::move(reference));
    if (const auto* one = std::get_if<RenumberRevision>(&action)) return renumber(objects, ns, one->name, one->revision);
    return objects::unless_gone(objects.remove<api::ControllerRevision>(ns, std::get<DeleteRevision>(action).name));
}

}  // namespace orilla::controllers
