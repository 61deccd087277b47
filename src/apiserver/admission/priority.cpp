// The reference server's plug-in Priority: a pod's priority is what its PriorityClass says, or the default class; at most one
// class is the default.
#include <fmt/core.h>

#include "admission/plugins.hpp"
#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

namespace {
using ClassPtr = std::shared_ptr<const api::PriorityClass>;

class Priority final : public objects::Admission {
  public:
    explicit Priority(objects::Objects& objects) : objects_(objects) {}

    bool handles(const objects::WriteInfo& write) const override {
        if (write.operation == objects::Operation::remove || !write.subresource.empty()) return false;
        return &write.kind == &api::kind_of<api::Pod>() || &write.kind == &api::kind_of<api::PriorityClass>();
    }
    objects::Task<Result<void>> on_create(api::Object& object, const objects::AdmissionRequest&) override {
        if (&object.kind() == &api::kind_of<api::Pod>()) co_return fill_in(object.as<api::Pod>());
        co_return check_only_default(object.as<api::PriorityClass>());
    }
    objects::Task<Result<void>> on_update(api::Object& updated, const api::Object& old,
                                          const objects::AdmissionRequest&) override {
        if (&old.kind() == &api::kind_of<api::PriorityClass>()) co_return check_only_default(updated.as<api::PriorityClass>());
        // Who writes the whole pod without what was filled in takes nothing away.
        auto& spec = updated.as<api::Pod>().spec;
        const auto& before = old.as<api::Pod>().spec;
        if (!spec.priority) spec.priority = before.priority;
        if (!spec.preemption_policy) spec.preemption_policy = before.preemption_policy;
        co_return ok();
    }

  private:
    Result<void> check_only_default(const api::PriorityClass& written) const {
        if (!written.global_default) return ok();
        for (const ClassPtr& other : objects_.list<api::PriorityClass>())
            if (other->global_default && other->metadata.name != written.metadata.name)
                return api::make_forbidden_error(
                    "scheduling.k8s.io", "priorityclasses", written.metadata.name,
                    fmt::format("PriorityClass {} is already marked as default. Only one default can exist",
                                other->metadata.name.view()));
        return ok();
    }
    /// Of several, which a restored backup may hold, the least important.
    ClassPtr find_default() const {
        ClassPtr found;
        for (ClassPtr& one : objects_.list<api::PriorityClass>())
            if (one->global_default && (!found || one->value < found->value)) found = std::move(one);
        return found;
    }
    Result<void> fill_in(api::Pod& pod) const {
        const auto refuse = [&pod](std::string why) -> Result<void> {
            const auto& name = pod.metadata.name.empty() ? pod.metadata.generate_name : pod.metadata.name;
            return api::make_forbidden_error("", "pods", name, std::move(why));
        };
        api::PodSpec& spec = pod.spec;
        ClassPtr named =
            spec.priority_class_name.empty() ? find_default() : objects_.get<api::PriorityClass>(spec.priority_class_name);
        if (!named && !spec.priority_class_name.empty())
            return refuse(fmt::format("no PriorityClass with name {} was found", spec.priority_class_name.view()));
        if (named) spec.priority_class_name = named->metadata.name;
        const int32_t value = named ? named->value : 0;
        const std::string policy(named ? named->preemption_policy.value_or(preempting) : preempting);
        if (spec.priority.value_or(value) != value)
            return refuse(
                fmt::format("the integer value of priority ({}) must not be provided in pod spec; priority admission "
                            "controller computed {} from the given PriorityClass name",
                            *spec.priority, value));
        if (spec.preemption_policy.value_or(api::Str(policy)) != policy)
            return refuse(
                fmt::format("the string value of PreemptionPolicy ({}) must not be provided in pod spec; priority "
                            "admission controller computed {} from the given PriorityClass name",
                            spec.preemption_policy->view(), policy));
        spec.priority = value;
        spec.preemption_policy = api::Str(policy);
        return ok();
    }

    static constexpr std::string_view preempting = "PreemptLowerPriority";
    objects::Objects& objects_;
};
}  // namespace

Plugin make_priority(objects::Objects& objects, const AdmissionOptions&) { return std::make_unique<Priority>(objects); }

}  // namespace orilla::apiserver
