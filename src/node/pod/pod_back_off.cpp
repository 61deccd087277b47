// Waiting before the next try: when a failure stops being news and becomes a back-off, and what events say of it. A
// back-off belongs to what failed: a container whose definition changed has none.
#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"

#include "pod/pod_agent_impl.hpp"

namespace orilla::node {
namespace {

/// The pause before the next pull or restart, in monotonic time; none when `until_ms` is 0.
struct Pause {
    int64_t shown_until_ms = 0;  ///< before it, the failure itself is shown
    int64_t until_ms = 0;
    bool of_pull = false;
};

Pause find_pause(const ContainerMemory& own) {
    if (own.failure_reason == "ErrImagePull") return {own.failed_at_ms + failure_shown_ms, own.retry_at_ms, true};
    if (!own.failure_reason.empty()) return {};
    return {own.accounted_at_ms + failure_shown_ms, own.backoff_until_ms, false};
}

}  // namespace

void PodAgent::Impl::follow_back_offs(PodMemory& memory, const api::Pod& pod) {
    for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers}) {
        for (const auto& spec : *list) {
            ContainerMemory& own = memory.containers[spec.name.str()];
            if (spec.image != own.definition) own.begin_definition(spec.image.str());
            const Pause pause = find_pause(own);
            const int64_t now_ms = loop_.now_ms();
            if (own.backing_off || pause.until_ms <= now_ms || pause.shown_until_ms > now_ms) continue;
            own.backing_off = true;
            if (!pod.metadata.deletion_timestamp.set) tell_back_off(memory, spec, pause.of_pull);
        }
    }
}

void PodAgent::Impl::tell_back_off(const PodMemory& memory, const api::Container& spec, bool of_pull) {
    const std::string name = spec.name.str();
    if (of_pull) {
        api_.record_event(memory.key, name, "Normal", "BackOff", "Back-off pulling image \"" + spec.image.str() + "\"");
        return api_.record_event(memory.key, name, "Warning", "Failed", "Error: ImagePullBackOff");
    }
    api_.record_event(memory.key, name, "Warning", "BackOff",
                      "Back-off restarting failed container " + name + " in pod " + memory.key.name + "_" + memory.key.ns +
                          "(" + memory.key.uid + ")");
}

/// When the first failure of the pod becomes a back-off; `otherwise` when none is about to.
int64_t PodAgent::Impl::failure_shown_until(const PodMemory& memory, int64_t otherwise) const {
    int64_t at_ms = otherwise;
    for (const auto& [name, own] : memory.containers) {
        const Pause pause = find_pause(own);
        const bool to_come = !own.backing_off && pause.shown_until_ms > loop_.now_ms();
        if (to_come && pause.shown_until_ms < pause.until_ms) at_ms = std::min(at_ms, pause.shown_until_ms);
    }
    return at_ms;
}

void PodAgent::Impl::tell_deadline(PodMemory& memory, const api::Pod& pod, const PodObserved& seen) {
    const bool over = is_finished(pod);
    if (!seen.deadline_exceeded || memory.deadline_told || over || pod.metadata.deletion_timestamp.set) return;
    memory.deadline_told = true;
    api_.record_event(memory.key, "", "Normal", "DeadlineExceeded", std::string(deadline_message));
}

/// What runs and cannot go on: it is made anew. A sandbox that is only being set up is not told of.
void PodAgent::Impl::tell_sandbox_change(PodMemory& memory, const api::Pod& pod, const PodObserved& seen) {
    const bool over = is_finished(pod) || pod.metadata.deletion_timestamp.set;
    const bool changed = seen.network_lost || (seen.sandbox_known && !seen.sandbox_alive);
    if (changed && !memory.change_told && !over)
        api_.record_event(memory.key, "", "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    memory.change_told = changed;
}

}  // namespace orilla::node
