// When a container may be tried again: after failures before it runs (image, configuration, start) and after crashes. A
// failure is shown for a moment before it becomes a back-off. Both belong to what failed: a container whose definition changed
// has none. Pure; all times are monotonic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pod/pod_observed.hpp"

namespace orilla::node {

class ContainerBackOff {
  public:
    enum class Begun { nothing, of_pull, of_restart };

    /// The image that the spec names. What was counted against the one before does not count against this one: false when it
    /// is the same.
    bool follow_definition(std::string_view image);
    const std::string& definition() const { return definition_; }

    void fail(std::string_view reason, std::string_view message, int64_t now_ms);
    void clear_failure();
    /// What was missing from its sources may be there now.
    void retry_configuration();

    void note_running(int attempt, int64_t now_ms);
    /// False when the end of this attempt was counted before.
    bool note_end(int attempt, int64_t now_ms);
    /// The attempt that ended is to be followed by another one.
    void count_crash(int64_t now_ms);

    /// What begins to be waited for, once each time.
    Begun follow(int64_t now_ms);
    /// When the failure becomes a back-off; none when it is not about to.
    std::optional<int64_t> shown_until_ms(int64_t now_ms) const;
    /// `image`: that of the spec.
    void show(std::string_view image, ContainerSeen& seen) const;

  private:
    /// The pause before the next pull or restart; none when `until_ms` is 0.
    struct Pause {
        int64_t shown_until_ms = 0;  ///< before it, the failure itself is shown
        int64_t until_ms = 0;
        Begun what = Begun::nothing;
    };
    Pause find_pause() const;

    std::string definition_;
    std::string reason_;
    std::string message_;
    int failures_ = 0;
    int64_t failed_at_ms_ = 0;
    int64_t retry_at_ms_ = 0;
    int ended_attempt_ = -1;  ///< the newest whose end was counted
    int64_t ended_at_ms_ = 0;
    int running_attempt_ = -1;  ///< the one that was seen running, by this daemon ...
    int64_t running_since_ms_ = 0;
    int crashes_ = 0;
    int64_t crash_pause_ms_ = 0;
    int64_t crash_until_ms_ = 0;
    bool waiting_ = false;  ///< a pause, of a pull or a restart, is being waited for, and was told
};

}  // namespace orilla::node
