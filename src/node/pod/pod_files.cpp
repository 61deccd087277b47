#include "pod/pod_files.hpp"

#include <algorithm>
#include <filesystem>

#include "orilla/loop/timeout.hpp"
#include "volumes/place.hpp"

namespace orilla::node {
namespace {
/// A job that takes longer hangs: the files go without it.
constexpr int64_t end_wait_ms_max = 2'000;
}  // namespace

PodFiles::PodFiles(loop::Loop& loop, loop::Executor& files, loop::Executor& places, std::string dir)
    : loop_(loop), files_(files), places_(places), dir_(std::move(dir)), state_(std::make_shared<State>(loop)) {}

loop::Executor& PodFiles::executor_of(const Job& job) {
    const std::string inside = dir_ + "/";
    auto is_own = [&](const VolumeWork& volume) {
        // A claim's may lead to such a place.
        return volume.path.starts_with(inside) && !volume.source.starts_with('/') && !volume.remote;
    };
    return std::ranges::all_of(job.volumes, is_own) ? files_ : places_;
}

/// Before each step: the pod may have gone while the one before hung.
Result<void> PodFiles::check_open(const State& state) {
    if (state.closed) return Error(Code::unavailable, "the pod's files are being removed");
    return ok();
}

Result<void> PodFiles::run(const State& state, Job& job, const std::string& dir) {
    TRY_VOID(check_open(state));
    TRY_VOID(make_volume_directory(dir + "/volumes", 0755));
    for (const auto& directory : job.directories) {
        TRY_VOID(check_open(state));
        std::error_code error;
        std::filesystem::create_directories(directory, error);
        if (error) return Error::from_errno("make directory " + directory, error.value());
    }
    for (const auto& volume : job.volumes) {
        TRY_VOID(check_open(state));
        TRY_VOID(apply_volume(volume));
        ++job.next;
    }
    return ok();
}

loop::Task<Result<void>> PodFiles::make(std::vector<VolumeWork> volumes, std::vector<std::string> directories) {
    auto state = state_;
    while (state->job) co_await state->ended.wait();
    auto job = std::make_shared<Job>();
    job->volumes = std::move(volumes);
    job->directories = std::move(directories);
    state->job = job;
    auto result = std::make_shared<Result<void>>(ok());
    auto work = [state, job, dir = dir_] { return run(*state, *job, dir); };
    executor_of(*job).submit([result, work = std::move(work)] { *result = loop::call_job(work); },
                             [state, job] {
                                 state->job.reset();
                                 state->ended.notify_all();
                             });
    while (state->job == job) co_await state->ended.wait();
    co_return std::move(*result);
}

const VolumeWork* PodFiles::at_work() const {
    const auto& job = state_->job;
    const size_t index = job ? job->next.load() : 0;
    return job && index < job->volumes.size() ? &job->volumes[index] : nullptr;
}

loop::Task<Result<void>> PodFiles::unpublish() {
    auto state = state_;
    state->closed = true;
    for (const int64_t until_ms = loop_.now_ms() + end_wait_ms_max; state->job && loop_.now_ms() < until_ms;) {
        AWAIT_VOID(loop::wait_for(loop_, state->ended, until_ms - loop_.now_ms()));
    }
    auto unpublishing = loop::run_on(files_, loop_, [dir = dir_] { return unpublish_volumes(dir); });
    co_return co_await std::move(unpublishing);
}

}  // namespace orilla::node
