// The reference server's plug-in DefaultTolerationSeconds: a pod that says nothing of a node that is not ready, or not reached,
// stays on it for five minutes.
#include <algorithm>

#include "admission/plugins.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::apiserver {

namespace {
constexpr int64_t stay_s = 300;
constexpr std::string_view evicting = "NoExecute";

void add_toleration(api::PodSpec& spec, std::string_view taint) {
    const auto says_something = [taint](const api::Toleration& one) {
        return (one.key == taint || one.key.empty()) && (one.effect == evicting || one.effect.empty());
    };
    if (std::ranges::any_of(spec.tolerations, says_something)) return;
    api::Toleration& added = spec.tolerations.emplace_back();
    added.key = api::Str::intern(taint);
    added.operator_ = api::Str::intern("Exists");
    added.effect = api::Str::intern(evicting);
    added.toleration_seconds = stay_s;
}

class TolerationSeconds final : public objects::Admission {
  public:
    bool handles(const objects::WriteInfo& write) const override {
        return &write.kind == &api::kind_of<api::Pod>() && write.operation != objects::Operation::remove &&
               write.subresource.empty();
    }
    objects::Task<Result<void>> on_create(api::Object& object, const objects::AdmissionRequest&) override {
        fill_in(object.as<api::Pod>().spec);
        co_return ok();
    }
    /// Who writes the whole pod without what was filled in takes nothing away.
    objects::Task<Result<void>> on_update(api::Object& updated, const api::Object&, const objects::AdmissionRequest&) override {
        fill_in(updated.as<api::Pod>().spec);
        co_return ok();
    }

  private:
    static void fill_in(api::PodSpec& spec) {
        add_toleration(spec, api::not_ready_taint);
        add_toleration(spec, api::unreachable_taint);
    }
};
}  // namespace

Plugin make_toleration_seconds(objects::Objects&, const AdmissionOptions&) { return std::make_unique<TolerationSeconds>(); }

}  // namespace orilla::apiserver
