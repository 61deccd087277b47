#include "pod/pod_volumes.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/loop/timeout.hpp"

namespace orilla::node {
namespace {
/// As long as the kubelet: a volume that is not made by then is told of, and waited for.
constexpr int64_t volume_answer_ms_max = 123'000;

bool shares_mounts(const api::PodSpec& spec) {
    const auto is_shared = [](const api::VolumeMount& mount) {
        return mount.mount_propagation == std::string_view("Bidirectional");
    };
    for (const auto* list : {&spec.init_containers, &spec.containers})
        for (const auto& container : *list)
            if (std::ranges::any_of(container.volume_mounts, is_shared)) return true;
    return false;
}
}  // namespace

loop::Task<Result<void>> PodVolumes::prepare(std::shared_ptr<const api::Pod> pod) {
    AWAIT(const EnvSources sources, me_.agent.api.read_sources(pod));
    auto volumes = plan_volumes(*pod, sources, me_.placement(pod.get()));
    if (!volumes) {
        failure_.record(me_, "FailedMount", volumes.error().message());
        co_return ok();
    }
    std::vector<std::string> directories;
    for (const auto* list : {&pod->spec.init_containers, &pod->spec.containers})
        for (const auto& container : *list) directories.push_back(fmt::format("{}/{}", me_.log_dir(), container.name.view()));
    if (shares_mounts(pod->spec)) directories.push_back(shared_mounts_note(me_.dir()));
    projected_metadata_ = hash_metadata(*pod);
    preparing_ = on_disk_ = true;
    sources_changed_ = false;
    tasks_.spawn(make(std::move(*volumes), std::move(directories)));
    co_return ok();
}

loop::Task<void> PodVolumes::note_made(std::vector<VolumeWork> volumes, std::vector<std::string> directories,
                                       std::optional<Result<void>>* made) {
    auto making = files_.make(std::move(volumes), std::move(directories));
    made->emplace(co_await std::move(making));
    me_.changed.notify_all();
}

loop::Task<void> PodVolumes::make(std::vector<VolumeWork> volumes, std::vector<std::string> directories) {
    std::optional<Result<void>> made;
    loop::Scope making(me_.agent.loop);
    making.spawn(note_made(std::move(volumes), std::move(directories), &made));
    for (int64_t told_ms = me_.now_ms(); !made;) {
        const int64_t left_ms = told_ms + volume_answer_ms_max - me_.now_ms();
        if (left_ms <= 0) {
            told_ms = me_.now_ms();
            tell_hung();
            continue;
        }
        AWAIT_VOID(loop::wait_for(me_.agent.loop, me_.changed, left_ms));
    }
    preparing_ = false;
    ready_ = made->has_value();
    if (!ready_) failure_.record(me_, "FailedMount", made->error().message());
    else failure_.count = 0;
    const auto pod = ready_ && sources_changed_ ? me_.find() : nullptr;
    if (pod) tasks_.spawn(refresh(pod));
    me_.wake();
}

void PodVolumes::tell_hung() const {
    const VolumeWork* volume = files_.at_work();
    if (!volume) return;
    const Error late(Code::timeout, fmt::format("timed out waiting for the condition: {} does not answer", volume->path));
    me_.tell("", "Warning", "FailedMount", failed_volume(late, volume->name).message());
}

void PodVolumes::follow_metadata(const std::shared_ptr<const api::Pod>& pod) {
    if (!ready_ || pod->metadata.deletion_timestamp.set) return;
    if (std::ranges::none_of(pod->spec.volumes, is_projected)) return;
    const size_t now = hash_metadata(*pod);
    if (projected_metadata_ == now) return;
    projected_metadata_ = now;
    tasks_.spawn(refresh(pod));
}

void PodVolumes::follow_source(const std::shared_ptr<const api::Pod>& pod) {
    if (ready_) tasks_.spawn(refresh(pod));
    else failure_.retry_at_ms = 0;
    sources_changed_ = preparing_;
}

loop::Task<void> PodVolumes::refresh(std::shared_ptr<const api::Pod> pod) {
    AWAIT(const EnvSources sources, me_.agent.api.read_sources(pod));
    // Not as it was before the wait: a later refresh may have been faster, or the volumes may be gone.
    pod = me_.find();
    if (!pod || pod->metadata.deletion_timestamp.set || !ready_) co_return;
    auto volumes = plan_projected_volumes(*pod, sources, me_.placement(pod.get()));
    auto updated = volumes ? Result<void>(ok()) : Result<void>(volumes.error());
    if (volumes) {
        AWAIT(updated, files_.make(std::move(*volumes), {}));
    }
    if (!updated) me_.warn(updated.error());
}

void PodVolumes::abandon() {
    tasks_.cancel();
    preparing_ = false;
}

loop::Task<Result<void>> PodVolumes::remove() {
    CO_TRY_VOID(files_.unpublish());
    CO_TRY_VOID(me_.agent.ports.runtime.remove_tree(me_.dir()));
    if (!me_.key.name.empty()) CO_TRY_VOID(me_.agent.ports.runtime.remove_tree(me_.log_dir()));
    on_disk_ = false;
    co_return ok();
}

}  // namespace orilla::node
