#include "orilla/objects/admission.hpp"

#include <algorithm>
#include <utility>

#include "orilla/kinds/defaults.hpp"

namespace orilla::objects {

const Identity& own_identity() {
    static const Identity identity{"system:orilla", {"system:masters"}};
    return identity;
}

Undo::~Undo() {
    for (; !steps_.empty(); steps_.pop_back()) steps_.back()();
}

Task<Result<void>> Admission::on_create(api::Object&, const AdmissionRequest&) { co_return ok(); }
Task<Result<void>> Admission::on_update(api::Object&, const api::Object&, const AdmissionRequest&) { co_return ok(); }
Task<Result<void>> Admission::on_valid(const api::Object&, const api::Object*, const AdmissionRequest&) { co_return ok(); }
Task<Result<void>> Admission::on_delete(const api::Object&, const AdmissionRequest&) { co_return ok(); }
void Admission::on_committed(const api::Object*, const api::Object*) {}

bool AdmissionChain::handles(const WriteInfo& write) const {
    return std::ranges::any_of(admissions_, [&write](const Admission* admission) { return admission->handles(write); });
}

Task<Result<void>> AdmissionChain::admit(api::Object& object, const api::Object* old, const AdmissionRequest& request) const {
    bool changed = false;
    for (Admission* asked : admissions_) {
        if (!asked->handles(request)) continue;
        changed |= asked->changes_objects();
        CO_TRY_VOID(old ? asked->on_update(object, *old, request) : asked->on_create(object, request));
    }
    if (changed) api::apply_defaults(object);
    co_return ok();
}

Task<Result<void>> AdmissionChain::admit_valid(const api::Object& object, const api::Object* old,
                                               const AdmissionRequest& request) const {
    for (Admission* asked : admissions_)
        if (asked->handles(request)) CO_TRY_VOID(asked->on_valid(object, old, request));
    co_return ok();
}

Task<Result<void>> AdmissionChain::admit_delete(const api::Object& old, const AdmissionRequest& request) const {
    for (Admission* asked : admissions_)
        if (asked->handles(request)) CO_TRY_VOID(asked->on_delete(old, request));
    co_return ok();
}

void AdmissionChain::commit(const WriteInfo& write, const api::Object* now, const api::Object* old) const {
    for (Admission* admission : admissions_)
        if (admission->handles(write)) admission->on_committed(now, old);
}

}  // namespace orilla::objects
