// What the agent remembers of a pod between two looks: failures and their retry times, probe verdicts, stops under way.
// Nothing in here has to survive the daemon; all else is observed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "orilla/loop/loop.hpp"
#include "pod/pod_api.hpp"
#include "pod/pod_files.hpp"
#include "pod/pod_observed.hpp"
#include "probes/probes.hpp"

namespace orilla::node {

struct ContainerMemory {
    // Failures before it runs: image, configuration, start.
    ImagePhase image = ImagePhase::unknown;
    std::string image_id;
    std::string failure_reason;
    std::string failure_message;
    int failures = 0;
    int64_t failed_at_ms = 0;
    int64_t retry_at_ms = 0;
    // Crashes after it ran.
    int accounted_attempt = -1;  ///< newest attempt whose end was counted
    int64_t accounted_at_ms = 0;
    int crashes = 0;
    int running_attempt = -1;      ///< the attempt that was seen running ...
    int64_t running_since_ms = 0;  ///< ... and since when (monotonic), by this daemon
    int64_t backoff_ms = 0;
    int64_t backoff_until_ms = 0;
    bool backing_off = false;  ///< the back-off, of a pull or a restart, is being waited for, and was told
    std::string definition;    ///< the image that the spec names: failures, crashes and back-offs are this one's
    std::unique_ptr<ContainerState> start_error;  ///< an attempt that could not run its first instruction
    std::string started_image;                    ///< what the running attempt's spec named
    std::string started_image_id;                 ///< what the newest attempt was made from, when this daemon started it
    std::string due_words;                        ///< the log that last_words are to be read from
    std::string last_words;                       ///< end of the log of accounted_attempt, for FallbackToLogsOnError
    // The running attempt.
    int probed_attempt = -1;
    std::unique_ptr<ContainerProber> prober;
    ProbeVerdict startup = ProbeVerdict::unknown;
    ProbeVerdict liveness = ProbeVerdict::unknown;
    ProbeVerdict readiness = ProbeVerdict::unknown;
    bool stopping = false;
    bool post_start_done = true;

    /// The spec names another image: what was counted against the one before does not count against this one.
    void begin_definition(std::string image_name) {
        clear_failure();
        definition = std::move(image_name);
        image = ImagePhase::unknown;
        crashes = 0;
        backoff_ms = backoff_until_ms = 0;
        backing_off = false;
    }
    void clear_failure() {
        if (!failure_reason.empty()) backing_off = false;
        failure_reason.clear();
        failure_message.clear();
        failures = 0;
        retry_at_ms = 0;
    }
};

struct PodMemory {
    PodMemory(loop::Loop& loop, loop::Executor& executor, PodKey pod_key, std::string dir)
        : key(std::move(pod_key)), seen_ms(loop.now_ms()), files(loop, executor, std::move(dir)), changed(loop), scope(loop) {}
    PodKey key;
    int64_t seen_ms;  ///< when this daemon came to know it
    bool volumes_ready = false;
    bool preparing_volumes = false;
    bool sources_changed = false;  ///< while its volumes were being prepared
    bool on_disk = true;           ///< what an earlier daemon left included
    /// Of the labels and annotations that projected volumes were last written for. None: by an earlier daemon.
    std::optional<size_t> projected_metadata;
    std::string setup_reason;
    std::string setup_message;
    int setup_failures = 0;
    int64_t setup_retry_at_ms = 0;
    bool deadline_told = false;  ///< the event DeadlineExceeded
    bool change_told = false;    ///< the event SandboxChanged, of the sandbox that is there
    std::map<std::string, ContainerMemory> containers;
    PodFiles files;
    loop::Event changed;  ///< the runtime reported something; stops under way look again
    loop::Scope scope;    ///< pulls and stops under way; last, so that they end before what they use
};

}  // namespace orilla::node
