#include "quota_book.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace orilla::objects {

using api::Amounts;
using api::Quantity;
using api::QuotaCharge;

namespace {

/// The same objects count under the same names.
bool counts_alike(const api::ResourceQuotaSpec& a, const api::ResourceQuotaSpec& b) {
    const auto same_name = [](const auto& one, const auto& other) { return one.key == other.key; };
    return a.scopes == b.scopes && a.scope_selector == b.scope_selector &&
           std::equal(a.hard.begin(), a.hard.end(), b.hard.begin(), b.hard.end(), same_name);
}

void add_to(Amounts& sums, const Amounts& amounts, bool more) {
    for (const auto& [name, amount] : amounts) {
        Quantity& sum = sums[name];
        sum = more ? sum.plus(amount) : sum.minus(amount);
    }
}

}  // namespace

// ---- quotas ----------------------------------------------------------------------------------------------------------

bool QuotaBook::put_quota(const Quota& quota) {
    Page& page = pages_[quota->metadata.name.str()];
    const bool alike = page.quota && counts_alike(page.quota->spec, quota->spec);
    page.quota = quota;
    if (!alike) find_resources();
    return !alike;
}

bool QuotaBook::drop_quota(std::string_view name) {
    const auto found = pages_.find(name);
    if (found == pages_.end()) return false;
    pages_.erase(found);
    find_resources();
    std::erase_if(items_, [this](const auto& one) { return !resources_.contains(one.first); });
    return false;
}

std::vector<QuotaBook::Quota> QuotaBook::quotas() const {
    std::vector<Quota> out;
    for (const auto& [name, page] : pages_) out.push_back(page.quota);
    return out;
}

void QuotaBook::find_resources() {
    resources_.clear();
    for (const auto& [name, page] : pages_)
        for (const auto& amount : page.quota->spec.hard)
            if (const auto resource = api::counted_resource(amount.key); !resource.empty()) resources_.emplace(resource);
}

// ---- objects ---------------------------------------------------------------------------------------------------------

void QuotaBook::begin() {
    items_.clear();
    for (auto& [name, page] : pages_) {
        page.used.clear();
        for (const auto& amount : page.quota->spec.hard)
            if (!api::counted_resource(amount.key).empty()) page.used[amount.key] = Quantity::from_milli(0);
        count_holds(page);
    }
}

QuotaBook::Charge QuotaBook::share(QuotaCharge charge) {
    if (!last_ || !(*last_ == charge)) last_ = std::make_shared<const QuotaCharge>(std::move(charge));
    return last_;
}

void QuotaBook::count(const QuotaCharge& charge, bool more) {
    for (auto& [name, page] : pages_) add_to(page.used, api::counted_of(page.quota->spec, charge), more);
}

uint64_t QuotaBook::revision_of(std::string_view resource, const std::string& name) const {
    const auto items = items_.find(resource);
    if (items == items_.end()) return 0;
    const auto found = items->second.find(name);
    return found == items->second.end() ? 0 : found->second.revision;
}

bool QuotaBook::put(std::string_view resource, const std::string& name, uint64_t revision, QuotaCharge charge) {
    auto& items = items_.try_emplace(std::string(resource)).first->second;
    Item& item = items[name];
    item.revision = revision;
    if (item.charge && *item.charge == charge) return false;
    if (item.charge) count(*item.charge, false);
    item.charge = share(std::move(charge));
    count(*item.charge, true);
    return true;
}

bool QuotaBook::drop(std::string_view resource, const std::string& name) {
    const auto items = items_.find(resource);
    if (items == items_.end()) return false;
    const auto found = items->second.find(name);
    if (found == items->second.end()) return false;
    count(*found->second.charge, false);
    items->second.erase(found);
    return true;
}

const Amounts* QuotaBook::used(std::string_view quota) const {
    const auto found = pages_.find(quota);
    return found == pages_.end() ? nullptr : &found->second.used;
}

// ---- writes ----------------------------------------------------------------------------------------------------------

/// By the names of one quota, what there is more of than before.
Amounts QuotaBook::taken(const Page& page, const QuotaCharge& now, const QuotaCharge* before) {
    Amounts out = api::counted_of(page.quota->spec, now);
    if (before) add_to(out, api::counted_of(page.quota->spec, *before), false);
    const Quantity zero;
    for (auto it = out.begin(); it != out.end();) it = it->value.compare(zero) > 0 ? it + 1 : out.erase(it);
    return out;
}

std::optional<QuotaBook::Refusal> QuotaBook::refuse(const QuotaCharge& now, const QuotaCharge* before) const {
    for (const auto& [name, page] : pages_) {
        Amounts requested, used, limited;
        for (const auto& [amount, more] : taken(page, now, before)) {
            const Quantity *stored = page.used.get(amount), *held = page.held.get(amount);
            const Quantity so_far = (stored ? *stored : Quantity()).plus(held ? *held : Quantity());
            const Quantity& hard = *page.quota->spec.hard.get(amount);
            if (so_far.plus(more).compare(hard) <= 0) continue;
            requested[amount] = more;
            used[amount] = so_far;
            limited[amount] = hard;
        }
        if (requested.empty()) continue;
        return Refusal{name, fmt::format("exceeded quota: {}, requested: {}, used: {}, limited: {}", name,
                                         api::amounts_text(requested), api::amounts_text(used), api::amounts_text(limited))};
    }
    return std::nullopt;
}

QuotaBook::HoldId QuotaBook::hold(QuotaCharge now, const QuotaCharge* before) {
    Charge was = before ? std::make_shared<const QuotaCharge>(*before) : nullptr;
    const HoldId id = holds_.insert(holds_.end(), Hold{share(std::move(now)), std::move(was)});
    for (auto& [name, page] : pages_) add_to(page.held, taken(page, *id->now, id->before.get()), true);
    return id;
}

void QuotaBook::release(HoldId hold) {
    const Hold gone = *hold;
    holds_.erase(hold);
    for (auto& [name, page] : pages_) add_to(page.held, taken(page, *gone.now, gone.before.get()), false);
}

void QuotaBook::count_holds(Page& page) const {
    page.held.clear();
    for (const Hold& hold : holds_) add_to(page.held, taken(page, *hold.now, hold.before.get()), true);
}

}  // namespace orilla::objects
