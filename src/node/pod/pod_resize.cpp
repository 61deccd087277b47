#include "pod/pod_resize.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/quota.hpp"
#include "orilla/schema/codec.hpp"
#include "pod/pod_plan.hpp"
#include "pod/sandbox_spec.hpp"

namespace orilla::node {
namespace {

constexpr int64_t retry_ms = 10'000;

int64_t add_up(int64_t a, int64_t b) {
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/// The larger of each; 0 is without a limit, but the smallest request.
runtime::Resources more_of(const runtime::Resources& a, const runtime::Resources& b) {
    const auto limit = [](int64_t x, int64_t y) { return x == 0 || y == 0 ? 0 : std::max(x, y); };
    return {std::max(a.cpu_request_milli, b.cpu_request_milli), limit(a.cpu_limit_milli, b.cpu_limit_milli),
            limit(a.memory_limit_bytes, b.memory_limit_bytes), 0};
}

bool same_amount(const api::ResourceRequirements& a, const api::ResourceRequirements& b, std::string_view name) {
    const auto same = [name](const api::Map<api::Quantity>& x, const api::Map<api::Quantity>& y) {
        const api::Quantity *one = x.get(name), *other = y.get(name);
        return one && other ? one->compare(*other) == 0 : !one && !other;
    };
    return same(a.requests, b.requests) && same(a.limits, b.limits);
}

/// Visits each container that may be resized, with what it has.
template <class Visit>
void visit(const api::Pod& pod, PodObserved& seen, const Visit& look) {
    for (size_t i = 0; i < seen.init.size(); ++i)
        if (api::is_sidecar(pod.spec.init_containers[i]))
            look(pod.spec.init_containers[i], seen.init[i], find_given(seen.init[i], pod.status.init_container_statuses));
    for (size_t i = 0; i < seen.containers.size(); ++i)
        look(pod.spec.containers[i], seen.containers[i], find_given(seen.containers[i], pod.status.container_statuses));
}

/// The kubelet's event has what the containers get, as JSON.
std::string describe(const api::Pod& pod) {
    std::string containers;
    for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers})
        for (const auto& container : *list) {
            if (container.resources.requests.empty() && container.resources.limits.empty()) continue;
            std::string resources;
            api::encode_to(resources, api::type_info<api::ResourceRequirements>(), &container.resources);
            containers += fmt::format(R"({}{{"name":"{}","resources":{}}})", containers.empty() ? "" : ",",
                                      container.name.view(), resources);
        }
    return fmt::format(R"({{"containers":[{}],"generation":{}}})", containers, pod.metadata.generation);
}

}  // namespace

ComputeShare compute_share(const api::Map<api::Quantity>& amounts) {
    return {quantity_of(amounts, "cpu", true), quantity_of(amounts, "memory", false)};
}

ComputeShare compute_share(const api::PodSpec& spec) { return compute_share(api::pod_requests(spec)); }

void NodeRoom::change(ComputeShare before, ComputeShare now) {
    sum_.cpu_milli += now.cpu_milli - before.cpu_milli;
    sum_.memory_bytes += now.memory_bytes - before.memory_bytes;
    if (now.cpu_milli >= before.cpu_milli && now.memory_bytes >= before.memory_bytes) return;
    for (const auto& uid : waiting_) look_(uid);
}

void NodeRoom::put(const std::string& uid, ComputeShare share) {
    // A sum of what manifests say must not wrap.
    constexpr int64_t share_max = int64_t{1} << 50;
    share.cpu_milli = std::clamp<int64_t>(share.cpu_milli, 0, share_max);
    share.memory_bytes = std::clamp<int64_t>(share.memory_bytes, 0, share_max);
    ComputeShare& own = shares_[uid];
    change(std::exchange(own, share), share);
}

void NodeRoom::drop(const std::string& uid) {
    waiting_.erase(uid);
    const auto found = shares_.find(uid);
    if (found == shares_.end()) return;
    const ComputeShare before = found->second;
    shares_.erase(found);
    change(before, {});
}

ComputeShare NodeRoom::of_others(const std::string& uid) const {
    const auto found = shares_.find(uid);
    if (found == shares_.end()) return sum_;
    return {sum_.cpu_milli - found->second.cpu_milli, sum_.memory_bytes - found->second.memory_bytes};
}

void NodeRoom::wait(const std::string& uid, bool waits) {
    if (waits) waiting_.insert(uid);
    else waiting_.erase(uid);
}

ResizeJudgement judge_resize(ComputeShare wanted, ComputeShare had, ComputeShare others, ComputeShare node) {
    struct One {
        const char* name;
        int64_t wanted, had, others, node;
    };
    const One all[] = {{"cpu", wanted.cpu_milli, had.cpu_milli, others.cpu_milli, node.cpu_milli},
                       {"memory", wanted.memory_bytes, had.memory_bytes, others.memory_bytes, node.memory_bytes}};
    const auto grows = [](const One& one) { return one.node > 0 && one.wanted > one.had; };
    for (const One& one : all)
        if (grows(one) && one.wanted > one.node)
            return {ResizeVerdict::infeasible, fmt::format("Node didn't have enough capacity: {}, requested: {}, capacity: {}",
                                                           one.name, one.wanted, one.node)};
    for (const One& one : all)
        if (grows(one) && add_up(one.wanted, one.others) > one.node)
            return {ResizeVerdict::deferred,
                    fmt::format("Node didn't have enough resource: {}, requested: {}, used: {}, capacity: {}", one.name,
                                one.wanted, one.others, one.node)};
    return {};
}

const api::ResourceRequirements* find_given(const ContainerSeen& seen, const api::List<api::ContainerStatus>& statuses) {
    if (seen.given) return &*seen.given;
    for (const auto& status : statuses)
        if (status.name == seen.name) return status.resources ? &*status.resources : nullptr;
    return nullptr;
}

bool restarts_for(const api::Container& spec, const api::ResourceRequirements& given) {
    return std::ranges::any_of(spec.resize_policy, [&](const api::ContainerResizePolicy& policy) {
        return policy.restart_policy == "RestartContainer" && !same_amount(spec.resources, given, policy.resource_name);
    });
}

void PodResize::follow(const api::Pod& pod, NodeRoom& room, PodObserved& seen) {
    const std::string& uid = me_.key.uid;
    if (api::is_finished(pod)) return room.drop(uid);
    api::PodSpec had;
    bool differs = false;
    const auto show = [&](const api::Container&, ContainerSeen& one, const api::ResourceRequirements* told) {
        const auto found = given_.find(one.name);
        if (found == given_.end()) return;
        // Once the status tells it, nobody has to remember it.
        if (told && *told == found->second) given_.erase(found);
        else one.given = found->second;
    };
    visit(pod, seen, show);
    const auto compare = [&](const api::Container& spec, ContainerSeen&, const api::ResourceRequirements* has) {
        differs |= has && !(*has == spec.resources);
    };
    visit(pod, seen, compare);
    const bool ends = pod.metadata.deletion_timestamp.set || !seen.eviction.empty() || seen.deadline_exceeded;
    ComputeShare wanted = compute_share(pod.spec);
    if (differs && !ends) {
        const ComputeShare has = compute_share(given_spec(pod, seen));
        const auto node = me_.agent.api.find_node();
        ResizeJudgement judged =
            judge_resize(wanted, has, room.of_others(uid), node ? compute_share(node->status.allocatable) : ComputeShare{});
        if (judged.verdict != ResizeVerdict::granted) wanted = has;
        if (judged.verdict == ResizeVerdict::granted && told_ != ResizeVerdict::granted) due_ = true;
        seen.resize.verdict = judged.verdict;
        seen.resize.message = std::move(judged.message);
    }
    room.put(uid, wanted);
    room.wait(uid, seen.resize.verdict == ResizeVerdict::deferred);
    const bool granted = seen.resize.verdict == ResizeVerdict::granted;
    const auto restart = [&](const api::Container& spec, ContainerSeen& one, const api::ResourceRequirements* has) {
        if (!granted || !has || !one.current || one.current->phase != ContainerPhase::exited) return;
        one.outdated |= one.current->stop.begun_ms >= 0 && restarts_for(spec, *has);
    };
    visit(pod, seen, restart);
    tell(pod, seen.resize);
    seen.resize.due = due_ && !ends;
    seen.resize.error = error_;
    seen.resize.retry_at_ms = retry_at_ms_;
}

void PodResize::tell(const api::Pod& pod, const ResizeSeen& now) {
    if (now.verdict == told_ && now.message == told_message_) return;
    const ResizeVerdict before = std::exchange(told_, now.verdict);
    told_message_ = now.message;
    if (now.verdict != ResizeVerdict::granted) error_.clear();
    if (now.verdict == ResizeVerdict::none) {
        if (before == ResizeVerdict::granted)
            me_.tell("", "Normal", "ResizeCompleted", "Pod resize completed: " + describe(pod));
        return;
    }
    if (now.verdict == ResizeVerdict::granted)
        return me_.tell("", "Normal", "ResizeStarted", "Pod resize started: " + describe(pod));
    const bool deferred = now.verdict == ResizeVerdict::deferred;
    const std::string_view reason = deferred ? api::resize_deferred : api::resize_infeasible;
    // An earlier daemon has told it.
    const auto* condition = api::find_pod_condition(pod, api::resize_pending);
    if (condition && condition->reason == reason && condition->message == now.message) return;
    me_.tell("", "Warning", deferred ? "ResizeDeferred" : "ResizeInfeasible",
             fmt::format("Pod resize {}: {}", deferred ? "deferred" : "infeasible", now.message));
}

api::PodSpec given_spec(const api::Pod& pod, const PodObserved& seen) {
    api::PodSpec spec = pod.spec;
    for (size_t i = 0; i < seen.init.size(); ++i)
        if (const auto* has = find_given(seen.init[i], pod.status.init_container_statuses))
            spec.init_containers[i].resources = *has;
    for (size_t i = 0; i < seen.containers.size(); ++i)
        if (const auto* has = find_given(seen.containers[i], pod.status.container_statuses))
            spec.containers[i].resources = *has;
    return spec;
}

std::shared_ptr<const api::Pod> PodResize::given(std::shared_ptr<const api::Pod> pod, const PodObserved& seen) const {
    const ResizeVerdict verdict = seen.resize.verdict;
    if (verdict != ResizeVerdict::deferred && verdict != ResizeVerdict::infeasible) return pod;
    auto out = std::make_shared<api::Pod>(*pod);
    out->spec = given_spec(*pod, seen);
    return out;
}

void PodResize::note_started(const api::Pod& pod, const std::string& container) {
    const api::Container* spec = find_container(pod, container);
    if (!spec) return;
    const bool known = std::ranges::any_of(pod.status.container_statuses, [&](const api::ContainerStatus& status) {
        return status.name == container && status.resources && *status.resources == spec->resources;
    });
    if (!known) given_[container] = spec->resources;
    // One that was started anew for a resize leaves the pod with limits that are larger than need be.
    if (pod.metadata.generation > 1) due_ = true;
}

loop::Task<Result<void>> PodResize::change(std::shared_ptr<const api::Pod> pod, std::vector<ResizedContainer> containers,
                                           bool restarts_left) {
    runtime::PodRuntime& runtime = me_.agent.ports.runtime;
    const std::string& uid = me_.key.uid;
    const runtime::Resources wanted = plan_pod_resources(pod->spec);
    // The pod's limits hold for its containers: they rise first and sink last.
    const runtime::Resources most = more_of(wanted, plan_pod_resources(api::granted_spec(*pod)));
    CO_TRY_VOID(runtime.update_resources(uid, "", most));
    for (const ResizedContainer& one : containers) {
        const api::Container* spec = find_container(*pod, one.name);
        if (!spec) continue;
        const runtime::Resources own = plan_resources(spec->resources);
        if (!one.id.empty()) CO_TRY_VOID(runtime.update_resources(uid, one.id, own));
        given_[one.name] = spec->resources;
    }
    if (!restarts_left && !(wanted == most)) CO_TRY_VOID(runtime.update_resources(uid, "", wanted));
    co_return ok();
}

loop::Task<Result<void>> PodResize::run(std::shared_ptr<const api::Pod> pod, std::vector<ResizedContainer> containers,
                                        bool restarts_left) {
    AWAIT(auto changed, change(pod, std::move(containers), restarts_left));
    due_ = false;
    if (changed) {
        error_.clear();
        retry_at_ms_ = 0;
        co_return ok();
    }
    retry_at_ms_ = me_.now_ms() + retry_ms;
    due_ = true;
    if (std::exchange(error_, changed.error().message()) != error_)
        me_.tell("", "Warning", "ResizeError", "Pod resize error: " + error_);
    co_return ok();
}

}  // namespace orilla::node
