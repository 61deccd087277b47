#include "orilla/kinds/quota.hpp"

#include <algorithm>
#include <set>

#include "amounts.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/storage_facts.hpp"

namespace orilla::api {
namespace {

constexpr std::string_view count_prefix = "count/", requests_prefix = "requests.", limits_prefix = "limits.";
constexpr std::string_view class_infix = ".storageclass.storage.k8s.io/";
constexpr std::string_view pages_prefix = "hugepages-";

Quantity number(size_t count) { return Quantity::from_milli(static_cast<int64_t>(count) * 1000); }

void add(Amounts& sum, const Amounts& more) {
    for (const auto& [name, amount] : more) {
        Quantity& total = sum[name];
        total = total.plus(amount);
    }
}

void raise(Amounts& most, const Amounts& others) {
    for (const auto& [name, amount] : others) {
        Quantity& high = most[name];
        if (high.empty() || high.compare(amount) < 0) high = amount;
    }
}

/// Init containers run one after the other, each beside the sidecars that were started before it.
Amounts running_together(const PodSpec& spec, Amounts ResourceRequirements::*of) {
    Amounts sum, sidecars, start;
    for (const auto& container : spec.containers) add(sum, container.resources.*of);
    for (const auto& container : spec.init_containers) {
        Amounts step = container.resources.*of;
        add(is_sidecar(container) ? sidecars : step, is_sidecar(container) ? step : sidecars);
        raise(start, is_sidecar(container) ? sidecars : step);
    }
    add(sum, sidecars);
    raise(sum, start);
    return sum;
}

/// What is said of the whole goes before the sum.
void override_sums(Amounts& sums, const PodSpec& spec, Amounts ResourceRequirements::*of) {
    if (!spec.resources) return;
    for (const auto& [name, amount] : (*spec.resources).*of) sums[name] = amount;
}

/// By the names that quotas have for them.
void name_requests(const Amounts& requests, Amounts& out) {
    for (const auto& [name, amount] : requests) {
        const bool standard =
            name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.view().starts_with(pages_prefix);
        if (standard) out[name] = amount;
        if (standard || is_extended_resource(name)) out[std::string(requests_prefix) + name.str()] = amount;
    }
}

void name_limits(const Amounts& limits, Amounts& out) {
    for (const std::string_view name : {"cpu", "memory", "ephemeral-storage"})
        if (const Quantity* amount = limits.get(name)) out[std::string(limits_prefix) + std::string(name)] = *amount;
}

bool reaches_elsewhere(const PodAffinityTerm& term) { return !term.namespaces.empty() || term.namespace_selector; }

template <class Terms>
bool reach_elsewhere(const Terms& rules) {
    if (!rules) return false;
    const auto& required = rules->required_during_scheduling_ignored_during_execution;
    const auto& preferred = rules->preferred_during_scheduling_ignored_during_execution;
    return std::any_of(required.begin(), required.end(), reaches_elsewhere) ||
           std::any_of(preferred.begin(), preferred.end(),
                       [](const auto& weighted) { return reaches_elsewhere(weighted.pod_affinity_term); });
}

void charge_pod(const Pod& pod, int64_t now_s, const Object& object, QuotaCharge& charge) {
    charge.of = QuotaCharge::Of::pod;
    charge.has_deadline = pod.spec.active_deadline_seconds && *pod.spec.active_deadline_seconds >= 0;
    charge.best_effort = qos_class(pod.spec) == "BestEffort";
    charge.crosses_namespaces = pod.spec.affinity && (reach_elsewhere(pod.spec.affinity->pod_affinity) ||
                                                      reach_elsewhere(pod.spec.affinity->pod_anti_affinity));
    charge.class_name = pod.spec.priority_class_name;
    const int64_t over_s = charge_changes_s(object);
    if (is_finished(pod) || (over_s > 0 && now_s >= over_s)) return;
    charge.amounts["pods"] = number(1);
    name_requests(is_resizing(pod) ? pod_requests(held_spec(pod)) : pod_requests(pod.spec), charge.amounts);
    name_limits(pod_limits(pod.spec), charge.amounts);
}

void charge_service(const Service& service, Amounts& out) {
    const auto& ports = service.spec.ports;
    const bool balanced = service.spec.type == "LoadBalancer";
    out["services"] = number(1);
    if (balanced) out["services.loadbalancers"] = number(1);
    if (!balanced && service.spec.type != "NodePort") return;
    const bool only_named = balanced && !service.spec.allocate_load_balancer_node_ports.value_or(true);
    const auto named = std::count_if(ports.begin(), ports.end(), [](const auto& port) { return port.node_port != 0; });
    const size_t taken = only_named ? static_cast<size_t>(named) : ports.size();
    if (taken > 0) out["services.nodeports"] = number(taken);
}

void charge_claim(const PersistentVolumeClaim& claim, QuotaCharge& charge) {
    charge.of = QuotaCharge::Of::claim;
    charge.class_name = Str(claim.spec.volume_attributes_class_name.value_or(""));
    Amounts amounts;
    amounts["persistentvolumeclaims"] = number(1);
    const Quantity *wanted = claim.spec.resources.requests.get("storage"),
                   *growing = claim.status.allocated_resources.get("storage");
    if (growing && (!wanted || growing->compare(*wanted) > 0)) wanted = growing;
    if (wanted && wanted->milli_value() % 1000 == 0) amounts["requests.storage"] = *wanted;
    else if (wanted) amounts["requests.storage"] = Quantity::from_bytes(wanted->value());
    add(charge.amounts, amounts);
    const std::string_view of_class = class_of(claim);
    if (of_class.empty()) return;
    for (const auto& [name, amount] : amounts)
        charge.amounts[std::string(of_class) + std::string(class_infix) + name.str()] = amount;
}

bool stands_in(std::string_view name, const List<Str>& names) {
    return std::any_of(names.begin(), names.end(), [name](const Str& one_name) { return one_name == name; });
}

bool chooses_class(std::string_view name, std::string_view how, const List<Str>& values) {
    if (how == "In") return !name.empty() && stands_in(name, values);
    if (how == "NotIn") return name.empty() || !stands_in(name, values);
    return how == "Exists" ? !name.empty() : name.empty();
}

bool is_in(std::string_view scope, std::string_view how, const List<Str>& values, const QuotaCharge& charge) {
    using Of = QuotaCharge::Of;
    if (scope == "VolumeAttributesClass") return charge.of == Of::claim && chooses_class(charge.class_name, how, values);
    if (charge.of != Of::pod) return false;
    if (scope == "Terminating") return charge.has_deadline;
    if (scope == "NotTerminating") return !charge.has_deadline;
    if (scope == "BestEffort") return charge.best_effort;
    if (scope == "NotBestEffort") return !charge.best_effort;
    if (scope == "CrossNamespacePodAffinity") return charge.crosses_namespaces;
    return scope == "PriorityClass" && chooses_class(charge.class_name, how, values);
}

bool says(const Container& container, std::string_view amount) {
    const bool of_limits = amount.starts_with(limits_prefix);
    const Amounts& said = of_limits ? container.resources.limits : container.resources.requests;
    return said.contains(amount.substr(amount.rfind('.') + 1));
}

}  // namespace

Amounts pod_requests(const PodSpec& spec) {
    Amounts out = running_together(spec, &ResourceRequirements::requests);
    override_sums(out, spec, &ResourceRequirements::requests);
    add(out, spec.overhead);
    return out;
}

Amounts pod_limits(const PodSpec& spec) {
    Amounts out = running_together(spec, &ResourceRequirements::limits);
    override_sums(out, spec, &ResourceRequirements::limits);
    for (const auto& [name, amount] : spec.overhead)
        if (out.contains(name)) out[name] = out[name].plus(amount);
    return out;
}

bool is_measured(const KindInfo& kind) {
    return &kind == &kind_of<Pod>() || &kind == &kind_of<PersistentVolumeClaim>() || &kind == &kind_of<Service>();
}

QuotaCharge charge_of(const KindInfo& kind) {
    QuotaCharge charge;
    charge.amounts[std::string(count_prefix) + std::string(kind.resource)] = number(1);
    const bool has_name = kind.resource == "configmaps" || kind.resource == "secrets" ||
                          kind.resource == "replicationcontrollers" || kind.resource == "resourcequotas";
    if (has_name) charge.amounts[kind.resource] = number(1);
    return charge;
}

QuotaCharge charge_of(const Object& object, int64_t now_s) {
    QuotaCharge charge = charge_of(object.kind());
    if (&object.kind() == &kind_of<Pod>()) charge_pod(object.as<Pod>(), now_s, object, charge);
    else if (&object.kind() == &kind_of<Service>()) charge_service(object.as<Service>(), charge.amounts);
    else if (&object.kind() == &kind_of<PersistentVolumeClaim>()) charge_claim(object.as<PersistentVolumeClaim>(), charge);
    return charge;
}

int64_t charge_changes_s(const Object& object) {
    const ObjectMeta& meta = object.meta();
    if (&object.kind() != &kind_of<Pod>() || !meta.deletion_timestamp || !meta.deletion_grace_period_seconds) return 0;
    return is_finished(object.as<Pod>()) ? 0 : meta.deletion_timestamp.unix_s + *meta.deletion_grace_period_seconds + 1;
}

std::string_view counted_resource(std::string_view amount) {
    if (amount.starts_with(count_prefix)) return amount.substr(count_prefix.size());
    if (amount == "services" || amount.starts_with("services.")) return "services";
    if (amount == "configmaps" || amount == "secrets" || amount == "replicationcontrollers" || amount == "resourcequotas" ||
        amount == "persistentvolumeclaims")
        return amount;
    if (amount == "requests.storage" || amount.find(class_infix) != amount.npos) return "persistentvolumeclaims";
    if (amount.starts_with(requests_prefix)) {
        const std::string_view asked = amount.substr(requests_prefix.size());
        return is_quota_resource(amount) || is_extended_resource(asked) ? "pods" : "";
    }
    return is_quota_resource(amount) ? "pods" : "";
}

bool is_in_scope(const ResourceQuotaSpec& spec, const QuotaCharge& charge) {
    for (const Str& scope : spec.scopes)
        if (!is_in(scope, "Exists", {}, charge)) return false;
    if (!spec.scope_selector) return true;
    const auto& also = spec.scope_selector->match_expressions;
    return std::all_of(also.begin(), also.end(), [&charge](const auto& requirement) {
        return is_in(requirement.scope_name, requirement.operator_, requirement.values, charge);
    });
}

Amounts counted_of(const ResourceQuotaSpec& spec, const QuotaCharge& charge) {
    Amounts out;
    if (!is_in_scope(spec, charge)) return out;
    for (const auto& [name, amount] : charge.amounts)
        if (spec.hard.contains(name)) out[name] = amount;
    return out;
}

std::string unspecified_amounts(const ResourceQuotaSpec& spec, const PodSpec& pod) {
    std::string text;
    if (pod.resources) return text;
    for (const std::string_view amount : {"cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"}) {
        if (!spec.hard.contains(amount)) continue;
        std::set<std::string_view> silent;
        for (const auto* containers : {&pod.containers, &pod.init_containers})
            for (const auto& container : *containers)
                if (!says(container, amount)) silent.insert(container.name.view());
        if (silent.empty()) continue;
        text += (text.empty() ? "" : "; ") + std::string(amount) + " for: ";
        for (const std::string_view name : silent) text += (name == *silent.begin() ? "" : ",") + std::string(name);
    }
    return text;
}

std::string amounts_text(const Amounts& amounts) {
    std::string text;
    for (const auto& [name, amount] : amounts) text += (text.empty() ? "" : ",") + name.str() + "=" + amount.text.str();
    return text;
}

}  // namespace orilla::api
