// Shows in their status what ResourceQuotas enforce and count. The counting itself is the ledger's.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "controller.hpp"
#include "orilla/objects/quota_ledger.hpp"

namespace orilla::controllers {

/// Nothing: it is as it should be. Pure.
std::optional<api::ResourceQuotaStatus> plan_quota_status(const api::ResourceQuota& quota, const api::Amounts& used);

class ResourceQuotaController final : public Controller {
  public:
    explicit ResourceQuotaController(const Surroundings& with);
    void start() override;
    loop::Task<Result<loop::Outcome>> reconcile(std::string ns) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    objects::QuotaLedger* const ledger_;       ///< null: nobody counts
    std::map<std::string, int64_t> shown_ms_;  ///< when a namespace's were last written
    loop::Worker worker_;
};

}  // namespace orilla::controllers
