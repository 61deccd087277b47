// What a pod as a whole asks for, and how what its containers ask for changes while they run.
#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/quota.hpp"
#include "pod_spec.hpp"

namespace orilla::api {
namespace {

constexpr std::array<std::string_view, 2> computed{"cpu", "memory"};

bool is_computed(std::string_view name) { return std::ranges::find(computed, name) != computed.end(); }

bool check_pod_amounts(const Map<Quantity>& amounts, const Path& path, FieldErrors& errors) {
    bool fine = true;
    for (const auto& amount : amounts) {
        if (is_computed(amount.key)) continue;
        errors.not_supported(path.key(amount.key), amount.key, computed);
        fine = false;
    }
    return fine;
}

void check_container_limits(const PodSpec& spec, const List<Container>& containers, const Path& path, FieldErrors& errors) {
    for (size_t i = 0; i < containers.size(); ++i) {
        for (const auto& limit : containers[i].resources.limits) {
            const Quantity* whole = spec.resources->limits.get(limit.key);
            if (!whole || limit.value.compare(*whole) <= 0) continue;
            const Path one = path[i];
            const Path at = one / "resources";
            const Path limits = at / "limits";
            errors.invalid(limits.key(limit.key), limit.value.text,
                           fmt::format("must be less than or equal to pod limits of {}", whole->text));
        }
    }
}

/// Nothing of `old` may be missing.
void check_kept(const Map<Quantity>& updated, const Map<Quantity>& old, const Path& path, std::string_view why,
                FieldErrors& errors) {
    for (const auto& amount : old)
        if (!updated.contains(amount.key)) return errors.forbidden(path, why);
}

/// But for the resources that may change.
bool same_others(const Map<Quantity>& a, const Map<Quantity>& b) {
    const auto all_in = [](const Map<Quantity>& some, const Map<Quantity>& others) {
        for (const auto& amount : some) {
            if (is_computed(amount.key)) continue;
            const Quantity* other = others.get(amount.key);
            if (!other || other->compare(amount.value) != 0) return false;
        }
        return true;
    };
    return all_in(a, b) && all_in(b, a);
}

void check_container_resize(const Container& updated, const Container& old, const Path& path, FieldErrors& errors) {
    const Path at = path / "resources";
    check_kept(updated.resources.limits, old.resources.limits, at / "limits", "resource limits cannot be removed", errors);
    check_kept(updated.resources.requests, old.resources.requests, at / "requests", "resource requests cannot be removed",
               errors);
    if (!same_others(updated.resources.limits, old.resources.limits) ||
        !same_others(updated.resources.requests, old.resources.requests))
        errors.forbidden(at, "only cpu and memory resources are mutable");
}

bool same_names(const List<Container>& a, const List<Container>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return x.name == y.name; });
}

void take_containers(List<Container>& stored, const List<Container>& written) {
    if (!same_names(stored, written)) {
        stored = written;  // which the check refuses
        return;
    }
    for (size_t i = 0; i < stored.size(); ++i) {
        stored[i].resources = written[i].resources;
        stored[i].resize_policy = written[i].resize_policy;
    }
}

}  // namespace

void complete_pod_resources(PodSpec& spec) {
    if (!spec.resources || spec.resources->limits.empty()) return;
    Map<Quantity>& requests = spec.resources->requests;
    // What the containers say counts before what the pod may take.
    PodSpec alone = spec;
    alone.resources.reset();
    alone.overhead = Map<Quantity>();
    for (const auto& [name, amount] : pod_requests(alone))
        if (is_computed(name) && !requests.contains(name)) requests[name] = amount;
    for (const auto& [name, amount] : spec.resources->limits)
        if (is_computed(name) && !requests.contains(name)) requests[name] = amount;
}

void check_pod_resources(const PodSpec& spec, const Path& path, FieldErrors& errors) {
    if (!spec.resources) return;
    const Path at = path / "resources";
    const Path requests = at / "requests";
    const bool known = check_pod_amounts(spec.resources->limits, at / "limits", errors);
    if (!check_pod_amounts(spec.resources->requests, requests, errors) || !known) return;
    check_resources(*spec.resources, at, errors);
    PodSpec alone = spec;
    alone.resources.reset();
    alone.overhead = Map<Quantity>();
    for (const auto& [name, amount] : pod_requests(alone)) {
        const Quantity* whole = spec.resources->requests.get(name);
        if (whole && amount.compare(*whole) > 0)
            errors.invalid(requests.key(name), whole->text,
                           fmt::format("must be greater than or equal to aggregate container requests of {}", amount.text));
    }
    check_container_limits(spec, spec.init_containers, path / "initContainers", errors);
    check_container_limits(spec, spec.containers, path / "containers", errors);
}

void check_resize_policy(const Container& container, const PodSpec& spec, bool is_init, const Path& path, FieldErrors& errors) {
    constexpr std::array<std::string_view, 2> policies{"NotRequired", "RestartContainer"};
    const Path all = path / "resizePolicy";
    if (is_init && !is_sidecar(container) && !container.resize_policy.empty())
        return errors.forbidden(all, "may not be set for init containers without restartPolicy=Always");
    for (size_t i = 0; i < container.resize_policy.size(); ++i) {
        const ContainerResizePolicy& policy = container.resize_policy[i];
        const Path one = all[i];
        if (policy.resource_name.empty() || policy.restart_policy.empty()) continue;  // required by the schema
        for (size_t k = 0; k < i; ++k)
            if (container.resize_policy[k].resource_name == policy.resource_name) errors.duplicate(one, policy.resource_name);
        if (!is_computed(policy.resource_name)) errors.not_supported(one / "resourceName", policy.resource_name, computed);
        const std::string_view how = policy.restart_policy;
        if (std::ranges::find(policies, how) == policies.end()) errors.not_supported(one / "restartPolicy", how, policies);
        else if (spec.restart_policy == "Never" && how != "NotRequired" && !is_init)
            errors.invalid(one / "restartPolicy", how, "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
}

void take_pod_resize(Object& stored, const Object& written) {
    PodSpec& spec = stored.as<Pod>().spec;
    const PodSpec& wanted = written.as<Pod>().spec;
    take_containers(spec.containers, wanted.containers);
    take_containers(spec.init_containers, wanted.init_containers);
}

void check_pod_resize(const Pod& updated, const Pod& old, FieldErrors& errors) {
    const Path spec("spec");
    if (!same_names(updated.spec.containers, old.spec.containers))
        return errors.forbidden(spec / "containers", "pod updates may not add or remove containers");
    if (!same_names(updated.spec.init_containers, old.spec.init_containers))
        return errors.forbidden(spec / "initContainers", "pod updates may not add or remove containers");
    if (old.spec.resources) return errors.forbidden(spec / "resources", "pods with pod-level resources cannot be resized");
    const std::string_view now = qos_class(updated.spec);
    if (now != qos_class(old.spec)) errors.invalid(spec, now, "Pod QOS Class may not change as a result of resizing");
    const Path containers = spec / "containers";
    for (size_t i = 0; i < updated.spec.containers.size(); ++i)
        check_container_resize(updated.spec.containers[i], old.spec.containers[i], containers[i], errors);
    const Path init = spec / "initContainers";
    for (size_t i = 0; i < updated.spec.init_containers.size(); ++i) {
        const Container &one = updated.spec.init_containers[i], &before = old.spec.init_containers[i];
        const Path at = init[i];
        if (is_sidecar(before)) check_container_resize(one, before, at, errors);
        else if (!(one.resources == before.resources))
            errors.forbidden(at / "resources", "resources for non-sidecar init containers are immutable");
    }
}

}  // namespace orilla::api
