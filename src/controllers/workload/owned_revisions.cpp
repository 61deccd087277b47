#include "workload/owned_revisions.hpp"

namespace orilla::controllers {

loop::Task<Result<void>> renumber(objects::Objects& objects, std::string ns, std::string name, int64_t revision) {
    std::function<Result<void>(api::ControllerRevision&)> change = [revision](api::ControllerRevision& edited) -> Result<void> {
        return edited.revision = revision, ok();
    };
    return objects::unless_gone(objects.modify<api::ControllerRevision>(std::move(ns), std::move(name), std::move(change)));
}

}  // namespace orilla::controllers
