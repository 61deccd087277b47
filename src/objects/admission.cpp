#include "orilla/objects/admission.hpp"

#include <algorithm>

namespace orilla::objects {

const Identity& own_identity() {
    static const Identity identity{"system:orilla", {"system:masters"}};
    return identity;
}

Task<Result<void>> Admission::on_create(api::Object&, const WriteContext&) { co_return ok(); }
Task<Result<void>> Admission::on_update(api::Object&, const api::Object&, const WriteContext&) { co_return ok(); }
Task<Result<void>> Admission::on_delete(const api::Object&, const WriteContext&) { co_return ok(); }
void Admission::on_abandoned(const api::Object&, const api::Object*) {}
void Admission::on_committed(const api::Object*, const api::Object*) {}

bool AdmissionChain::handles(const api::KindInfo& kind, Operation operation) const {
    return std::ranges::any_of(admissions_, [&](const Admission* admission) { return admission->handles(kind, operation); });
}

Task<Result<void>> AdmissionChain::admit(api::Object& object, const api::Object* old, WriteContext context) const {
    const Operation operation = old ? Operation::update : Operation::create;
    for (size_t i = 0; i < admissions_.size(); ++i) {
        Admission& asked = *admissions_[i];
        if (!asked.handles(object.kind(), operation)) continue;
        AWAIT(auto admitted, old ? asked.on_update(object, *old, context) : asked.on_create(object, context));
        if (admitted) continue;
        abandon_first(i, object, old);
        co_return admitted;
    }
    co_return ok();
}

Task<Result<void>> AdmissionChain::admit_delete(const api::Object& old, WriteContext context) const {
    for (Admission* asked : admissions_) {
        if (!asked->handles(old.kind(), Operation::remove)) continue;
        AWAIT(auto admitted, asked->on_delete(old, context));
        if (!admitted) co_return admitted;
    }
    co_return ok();
}

void AdmissionChain::abandon_first(size_t count, const api::Object& object, const api::Object* old) const {
    const Operation operation = old ? Operation::update : Operation::create;
    for (size_t i = 0; i < count; ++i)
        if (admissions_[i]->handles(object.kind(), operation)) admissions_[i]->on_abandoned(object, old);
}

void AdmissionChain::commit(const api::Object* now, const api::Object* old) const {
    const Operation operation = !now ? Operation::remove : old ? Operation::update : Operation::create;
    const api::KindInfo& kind = (now ? now : old)->kind();
    for (Admission* admission : admissions_)
        if (admission->handles(kind, operation)) admission->on_committed(now, old);
}

}  // namespace orilla::objects
