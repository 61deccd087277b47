// The book of one namespace's quotas: what each counts, from every object that is there, and from writes that were admitted
// and are not done yet. Sums are exact: an object counts once, whatever is told of it how often. Pure.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "orilla/kinds/quota.hpp"

namespace orilla::objects {

class QuotaBook {
  public:
    using Charge = std::shared_ptr<const api::QuotaCharge>;
    using Quota = std::shared_ptr<const api::ResourceQuota>;
    /// What a write that is under way takes, and what it gives back (null: nothing).
    struct Hold {
        Charge now, before;
    };
    using HoldId = std::list<Hold>::iterator;
    struct Refusal {
        std::string quota, text;
    };

    // Quotas. True: objects count otherwise now, and have to be put afresh.

    bool put_quota(const Quota& quota);
    bool drop_quota(std::string_view name);
    bool empty() const { return pages_.empty(); }
    std::vector<Quota> quotas() const;
    /// The store's names of what is counted.
    const std::set<std::string, std::less<>>& resources() const { return resources_; }

    // Objects, by the store's name of their kind and their own.

    /// Nothing of what was put counts any more.
    void begin();
    /// False: it was known so.
    bool put(std::string_view resource, const std::string& name, uint64_t revision, api::QuotaCharge charge);
    bool drop(std::string_view resource, const std::string& name);
    uint64_t revision_of(std::string_view resource, const std::string& name) const;

    // Writes.

    /// Why it may not be; the first of the quotas that say no.
    std::optional<Refusal> refuse(const api::QuotaCharge& now, const api::QuotaCharge* before) const;
    HoldId hold(api::QuotaCharge now, const api::QuotaCharge* before);
    void release(HoldId hold);

    /// Of what is there; names that count no kind are not in it.
    const api::Amounts* used(std::string_view quota) const;

  private:
    struct Page {
        Quota quota;
        api::Amounts used, held;
    };
    struct Item {
        uint64_t revision = 0;
        Charge charge;
    };
    Charge share(api::QuotaCharge charge);
    void count(const api::QuotaCharge& charge, bool more);
    static api::Amounts taken(const Page& page, const api::QuotaCharge& now, const api::QuotaCharge* before);
    void count_holds(Page& page) const;
    void find_resources();

    std::map<std::string, Page, std::less<>> pages_;
    std::set<std::string, std::less<>> resources_;
    std::map<std::string, std::unordered_map<std::string, Item>, std::less<>> items_;
    std::list<Hold> holds_;
    Charge last_;  ///< many are alike, and share one
};

}  // namespace orilla::objects
