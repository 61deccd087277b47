// What the ResourceQuotas of all namespaces count, kept up to date by every write, whoever does it. It promises that writes
// that are under way at the same time never take more together than there is; that what a write took and did not get stored
// is given back; and that the sums are those of a recount, whatever happened before. A namespace without quotas costs nothing.
// A new quota counts in portions, and writes that it concerns wait for that.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/kinds/quota.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/admission.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {

class QuotaLedger {
  public:
    using Listener = std::function<void(const std::string& ns)>;

    /// Before the first write. Both outlive it.
    QuotaLedger(loop::Loop& loop, Objects& objects);
    ~QuotaLedger();
    QuotaLedger(const QuotaLedger&) = delete;
    QuotaLedger& operator=(const QuotaLedger&) = delete;

    /// Quotas of the namespace or what they count have changed.
    void on_change(Listener listener) { listener_ = std::move(listener); }
    std::vector<std::string> namespaces() const;
    /// Nothing before it has counted.
    std::optional<api::Amounts> used(std::string_view ns, std::string_view quota) const;

    /// Whether anybody's quota has to do with such a write.
    bool concerns(const WriteInfo& write) const;
    /// Refuses what exceeds a quota; what does not is set aside until the write is done.
    Task<Result<void>> reserve(const api::Object& object, const api::Object* old, const AdmissionRequest& request);
    /// It is stored now, or gone.
    void committed(const api::Object& object);

  private:
    struct Book;
    using BookPtr = std::shared_ptr<Book>;
    struct Following {
        api::KindRef kind;
        std::unique_ptr<Follower> follower;
    };
    BookPtr find(std::string_view ns) const;
    void quota_changed(const std::string& ns, const std::string& name);
    void kinds_changed(const api::KindInfo& kind);
    void follow_counted();
    void count_afresh(const std::string& ns, const BookPtr& book);
    Task<void> count(std::string ns, BookPtr book, uint64_t round);
    void look(const api::KindInfo& kind, const store::Key& key, bool again = false);
    void look_later(int64_t at_s, const store::Key& key);
    Task<void> look_at_due();
    void tell(const std::string& ns);

    loop::Loop& loop_;
    Objects& objects_;
    Listener listener_;
    std::map<std::string, BookPtr, std::less<>> books_;        ///< by namespace
    std::map<std::string, Following, std::less<>> following_;  ///< by the store's names of what is counted anywhere
    std::multimap<int64_t, store::Key> due_;                   ///< pods that count otherwise from then on
    loop::Timer due_timer_;
    Follower quotas_;
    api::KindRegistry::Subscription kind_changes_;
    loop::Scope scope_;
};

}  // namespace orilla::objects
