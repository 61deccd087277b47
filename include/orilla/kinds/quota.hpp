// What an object takes of the ResourceQuotas of its namespace, and which of them it falls under. Pure.
#pragma once

#include <string>
#include <string_view>

#include "orilla/kinds/object.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::api {

using Amounts = Map<Quantity>;

/// Of all its containers together, as the scheduler counts: those that run at the same time.
Amounts pod_requests(const PodSpec& spec);
Amounts pod_limits(const PodSpec& spec);

/// One object's share, by the names of quotas, and what their scopes ask.
struct QuotaCharge {
    Amounts amounts;
    enum class Of : uint8_t { other, pod, claim } of = Of::other;
    bool has_deadline = false;
    bool best_effort = false;
    bool crosses_namespaces = false;  ///< by its affinity
    Str class_name = {};              ///< of priority, or of a volume's attributes
    friend bool operator==(const QuotaCharge&, const QuotaCharge&) = default;
};

/// Pods, claims and Services: what they take is in them. Of others it is enough to know that they are there.
bool is_measured(const KindInfo& kind);
QuotaCharge charge_of(const KindInfo& kind);
/// A pod that is being deleted takes nothing more once its time is over, whatever holds it.
QuotaCharge charge_of(const Object& object, int64_t now_s);
/// From then on its charge is another one; 0: no time changes it.
int64_t charge_changes_s(const Object& object);

/// The store's name of the kind that a name in a quota counts: "pods", "deployments.apps"; empty: of none.
std::string_view counted_resource(std::string_view amount);
/// Whether all of the quota's scopes hold for it.
bool is_in_scope(const ResourceQuotaSpec& spec, const QuotaCharge& charge);
/// The part of it that the quota counts; nothing when it is out of scope.
Amounts counted_of(const ResourceQuotaSpec& spec, const QuotaCharge& charge);
/// `cpu for: a,b; limits.memory for: a`: containers that do not say what they need of what the quota counts. Empty: all do.
std::string unspecified_amounts(const ResourceQuotaSpec& spec, const PodSpec& pod);
/// `cpu=1,pods=2`
std::string amounts_text(const Amounts& amounts);

}  // namespace orilla::api
