#include "cluster/resource_quotas.hpp"

#include <algorithm>

namespace orilla::controllers {
namespace {
/// A thousand pods are not a thousand writes of each quota.
constexpr int64_t between_writes_ms = 100;
}  // namespace

std::optional<api::ResourceQuotaStatus> plan_quota_status(const api::ResourceQuota& quota, const api::Amounts& used) {
    api::ResourceQuotaStatus status;
    status.hard = quota.spec.hard;
    status.used = used;
    return status == quota.status ? std::nullopt : std::optional(std::move(status));
}

ResourceQuotaController::ResourceQuotaController(const Surroundings& with)
    : Controller(with), ledger_(with.options.quotas), worker_(with.loop, *this, {.name = "resourcequota"}) {}

void ResourceQuotaController::start() {
    Controller::start();
    if (!ledger_) return;
    ledger_->on_change([this](const std::string& ns) {
        const auto shown = shown_ms_.find(ns);
        const int64_t since_ms = shown == shown_ms_.end() ? between_writes_ms : loop_.now_ms() - shown->second;
        worker_.queue().add_after(ns, between_writes_ms - since_ms);
    });
    for (const std::string& ns : ledger_->namespaces()) worker_.queue().add(ns);
}

loop::Task<Result<loop::Outcome>> ResourceQuotaController::reconcile(std::string ns) {
    const auto quotas = objects_.list<api::ResourceQuota>(ns);
    if (quotas.empty()) shown_ms_.erase(ns);
    for (const auto& quota : quotas) {
        // It tells when it has counted.
        const auto used = ledger_->used(ns, quota->metadata.name);
        if (!used || !plan_quota_status(*quota, *used)) continue;
        shown_ms_[ns] = loop_.now_ms();
        std::function<Result<void>(api::ResourceQuota&)> show = [counted = *used](api::ResourceQuota& shown) {
            if (auto status = plan_quota_status(shown, counted)) shown.status = std::move(*status);
            return ok();
        };
        CO_TRY_VOID(
            objects::unless_gone(objects_.modify_status<api::ResourceQuota>(ns, quota->metadata.name.str(), std::move(show))));
    }
    co_return loop::Outcome{};
}

}  // namespace orilla::controllers
