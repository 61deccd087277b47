#include "pod/container_back_off.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "pod/pod_plan.hpp"

namespace orilla::node {
namespace {
constexpr int64_t start_backoff_ms_min = 10'000;
constexpr int64_t start_backoff_ms_max = 300'000;
/// ErrImagePull, or how a container ended, is shown for so long before it becomes ImagePullBackOff or CrashLoopBackOff.
constexpr int64_t failure_shown_ms = 1'000;
}  // namespace

bool ContainerBackOff::follow_definition(std::string_view image) {
    if (image == definition_) return false;
    clear_failure();
    definition_ = image;
    crashes_ = 0;
    crash_pause_ms_ = crash_until_ms_ = 0;
    waiting_ = false;
    return true;
}

void ContainerBackOff::fail(std::string_view reason, std::string_view message, int64_t now_ms) {
    reason_ = reason;
    message_ = message;
    failed_at_ms_ = now_ms;
    waiting_ = false;
    const int shift = std::min(failures_++, 10);
    retry_at_ms_ = now_ms + std::min(start_backoff_ms_min << shift, start_backoff_ms_max);
}

void ContainerBackOff::clear_failure() {
    if (!reason_.empty()) waiting_ = false;
    reason_.clear();
    message_.clear();
    failures_ = 0;
    retry_at_ms_ = 0;
}

void ContainerBackOff::retry_configuration() {
    if (reason_ == "CreateContainerConfigError") retry_at_ms_ = 0;
}

void ContainerBackOff::note_running(int attempt, int64_t now_ms) {
    if (running_attempt_ == attempt) return;
    running_attempt_ = attempt;
    running_since_ms_ = now_ms;
}

bool ContainerBackOff::note_end(int attempt, int64_t now_ms) {
    if (ended_attempt_ >= attempt) return false;
    ended_attempt_ = attempt;
    ended_at_ms_ = now_ms;
    waiting_ = false;
    // By our own clock: the wall clock may have jumped meanwhile.
    const bool ran_long = running_attempt_ == attempt && now_ms - running_since_ms_ >= crash_backoff_reset_s * 1000;
    if (ran_long) crashes_ = 0;
    return true;
}

void ContainerBackOff::count_crash(int64_t now_ms) {
    crash_pause_ms_ = crash_backoff_ms(crashes_++);
    crash_until_ms_ = crash_pause_ms_ ? now_ms + crash_pause_ms_ : 0;
}

ContainerBackOff::Pause ContainerBackOff::find_pause() const {
    if (reason_ == "ErrImagePull") return {failed_at_ms_ + failure_shown_ms, retry_at_ms_, Begun::of_pull};
    if (!reason_.empty()) return {};
    return {ended_at_ms_ + failure_shown_ms, crash_until_ms_, Begun::of_restart};
}

ContainerBackOff::Begun ContainerBackOff::follow(int64_t now_ms) {
    const Pause pause = find_pause();
    if (waiting_ || pause.until_ms <= now_ms || pause.shown_until_ms > now_ms) return Begun::nothing;
    waiting_ = true;
    return pause.what;
}

std::optional<int64_t> ContainerBackOff::shown_until_ms(int64_t now_ms) const {
    const Pause pause = find_pause();
    if (waiting_ || pause.shown_until_ms <= now_ms || pause.shown_until_ms >= pause.until_ms) return std::nullopt;
    return pause.shown_until_ms;
}

void ContainerBackOff::show(std::string_view image, ContainerSeen& seen) const {
    seen.backoff_until_ms = crash_until_ms_;
    seen.backoff_ms = crash_pause_ms_;
    seen.backing_off = waiting_;
    seen.failure_reason = reason_;
    seen.failure_message = message_;
    seen.retry_at_ms = retry_at_ms_;
    if (reason_ != "ErrImagePull" || !waiting_) return;
    seen.failure_reason = "ImagePullBackOff";
    seen.failure_message = fmt::format("Back-off pulling image \"{}\": ErrImagePull: {}", image, message_);
}

}  // namespace orilla::node
