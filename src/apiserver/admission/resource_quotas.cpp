// The reference server's plug-in ResourceQuota, the last to be asked: it counts what all others have let through.
#include "admission/plugins.hpp"
#include "orilla/objects/quota_ledger.hpp"

namespace orilla::apiserver {

namespace {
class ResourceQuotas final : public objects::Admission {
  public:
    explicit ResourceQuotas(objects::QuotaLedger& ledger) : ledger_(ledger) {}

    bool handles(const objects::WriteInfo& write) const override { return ledger_.concerns(write); }
    bool changes_objects() const override { return false; }
    objects::Task<Result<void>> on_valid(const api::Object& object, const api::Object* old,
                                         const objects::AdmissionRequest& request) override {
        return ledger_.reserve(object, old, request);
    }
    void on_committed(const api::Object* now, const api::Object* old) override { ledger_.committed(now ? *now : *old); }

  private:
    objects::QuotaLedger& ledger_;
};
}  // namespace

Plugin make_resource_quotas(objects::Objects&, const AdmissionOptions& options) {
    return options.quotas ? std::make_unique<ResourceQuotas>(*options.quotas) : nullptr;
}

}  // namespace orilla::apiserver
